"""Unpacks packages whose origin is not trusted: checks everything in an archive before it unpacks.

Formats: `.conda` (CEP 35), `.tar.bz2` (conda's older format) and wheels (PyPA's binary
distribution format).
"""

import posixpath
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import zstandard
from rattler.package_streaming import extract

from rootstock.core import process
from rootstock.core.names import quoted

CONDA, OLD_CONDA, WHEEL = ".conda", ".tar.bz2", ".whl"
SUFFIXES = (CONDA, OLD_CONDA, WHEEL)
# Far more than the largest package here, root-core, unpacks to: 0.6 GB, 4,363 files.
MOST_BYTES = 64 << 30
MOST_FILES = 1_000_000
_ENCRYPTED = 1  # bit of a zip member's flags
_UNIX = 3  # the system of a zip member that has a mode, in the upper half of its attributes


@dataclass(frozen=True)
class Unpacked:
    """A package that was unpacked: its sha256, empty for a wheel, and modes of its files.

    The modes are as the archive has them, by path; see `modes.findings`.
    """

    sha256: str
    modes: Mapping[str, int]


def suffix_of(name: str) -> str:
    """Return the suffix of a package's file name; empty when it has none of a package."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def unpack(package: Path, into: Path) -> Unpacked:
    """Unpack a package into a new folder. All of it can be read, whatever the archive says.

    Raises `ValueError` unless everything in it stays in the folder: regular files and symbolic
    links only, none of them twice or behind a link, with at most `MOST_BYTES` and `MOST_FILES`.
    Raises what zipfile, tarfile and zstandard raise for a damaged archive.
    """
    suffix, seen = suffix_of(package.name), _Seen()
    if suffix == WHEEL:
        with zipfile.ZipFile(package) as archive:
            _require_wheel(archive, seen)
            archive.extractall(into)
        return Unpacked("", seen.modes)
    if suffix == CONDA:
        _require_conda(package, seen)
    else:
        with tarfile.open(package, "r|bz2") as tar:
            _require_members(tar, seen)
    sha256, _ = extract(package, into)
    for name, mode in sorted(seen.modes.items()):  # a folder comes before what is in it
        own = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR
        if mode & own != own:
            (into / name).chmod(own)
    return Unpacked(sha256.hex(), seen.modes)


@dataclass
class _Seen:
    """The names in an archive so far, the bytes that they will take, and the modes."""

    names: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    size: int = 0
    modes: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, size: int, *, link: bool = False) -> None:
        process.raise_if_interrupted()
        if leaves(name):
            raise ValueError(f"it has a file {quoted(name)} outside of its folder")
        if name in self.names:
            raise ValueError(f"it has {quoted(name)} twice")
        self.names.add(name)
        self.size += size
        if len(self.names) > MOST_FILES or self.size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes")
        if link:
            self.links.add(name)
        self.add_folder(posixpath.dirname(name))

    def add_folder(self, name: str) -> None:
        if name and leaves(name):
            raise ValueError(f"it has a folder {quoted(name)} outside of its folder")
        while name and name not in self.folders:
            self.folders.add(name)
            name = posixpath.dirname(name)

    def require(self) -> None:
        """Raise `ValueError` if a file is behind another, so that it would lead elsewhere."""
        if behind := self.links & self.folders:
            raise ValueError(f"{quoted(min(behind))} is a link but contains files")
        if behind := self.names & self.folders:
            raise ValueError(f"{quoted(min(behind))} is a file but contains files")


def leaves(name: str) -> bool:
    """Whether a path may not be that of a file within its folder.

    >>> leaves("lib/a.so"), leaves("../a"), leaves("/a"), leaves("lib//a")
    (False, True, True, True)
    """
    return any(part in ("", ".", "..") for part in name.split("/"))


def _require_conda(package: Path, seen: _Seen) -> None:
    """Check both parts of a `.conda` file, as one: they are unpacked into one folder."""
    stem = package.name.removesuffix(CONDA)
    with zipfile.ZipFile(package) as archive:
        _require_zip(archive.infolist())
        for part in ("pkg", "info"):
            with (
                archive.open(f"{part}-{stem}.tar.zst") as packed,
                zstandard.ZstdDecompressor().stream_reader(packed) as stream,
            ):
                _require_members(_tar(stream), seen)


def _tar(stream: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r|")


def _require_members(tar: Iterable[tarfile.TarInfo], seen: _Seen) -> None:
    for member in tar:
        if member.isdir():
            seen.add_folder(member.name)
            seen.modes[member.name] = stat.S_IFDIR | member.mode
            continue
        if not (member.isreg() or member.issym()):
            raise ValueError(f"{quoted(member.name)} is neither a file nor a symbolic link")
        seen.add(member.name, member.size, link=member.issym())
        if member.isreg():
            seen.modes[member.name] = stat.S_IFREG | member.mode
    seen.require()


def _require_zip(members: Iterable[zipfile.ZipInfo]) -> None:
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise ValueError(f"{quoted(member.filename)} in it is encrypted")


def _require_wheel(archive: zipfile.ZipFile, seen: _Seen) -> None:
    members = archive.infolist()
    _require_zip(members)
    for member in members:
        if member.is_dir():
            seen.add_folder(member.filename.removesuffix("/"))
        else:
            seen.add(member.filename, member.file_size)
            mode = member.external_attr >> 16 if member.create_system == _UNIX else 0
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                seen.modes[member.filename] = mode
    seen.require()
