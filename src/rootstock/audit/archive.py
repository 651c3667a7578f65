"""Unpacks packages whose origin is not trusted: checks each name in an archive before it writes it.

Formats: `.conda` (CEP 35), `.tar.bz2` (conda's older format) and wheels (PyPA's binary
distribution format). One reader checks and unpacks, so both see the same members, and large
packages are decompressed once.
"""

from __future__ import annotations

import bz2
import mmap
import posixpath
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from rootstock.audit.headers import Headers
from rootstock.audit.text import Data
from rootstock.audit.zipped import require_one_meaning
from rootstock.core import process
from rootstock.core.names import listed, quoted

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CONDA, OLD_CONDA, WHEEL = ".conda", ".tar.bz2", ".whl"
SUFFIXES = (CONDA, OLD_CONDA, WHEEL)
# Of 336 packages here, all but two small ones unpack to at most 46 times their size. Those two
# have a library with 2 MB of padding, and do so to 98 and 161 times.
MOST_TIMES = 100
LEAST_MOST = 1_000_000_000  # bytes that any may unpack to
# Far more than the largest package here, root-core, unpacks to: 0.6 GB, 4,363 files.
MOST_BYTES = 64 << 30
MOST_FILES = 1_000_000
# The files of a package that the audit reads into memory as a whole; the longest here has 1.4 MB.
_METADATA = re.compile(r"info/(index|about|paths)\.json|[^/]+\.dist-info/METADATA")
MOST_METADATA = 64 << 20  # bytes
_FORMAT = "metadata.json"  # the version of the format, in a `.conda` file
_LONGEST = 4096  # characters of a path: Linux opens no longer one (PATH_MAX)
_UNIX = 3  # the system of a zip member that has a mode, in the upper half of its attributes
_CHUNK = 1 << 20  # bytes
_IN_MEMORY = 1 << 28  # bytes: larger files are mapped into it

Keep = Callable[[str, Data], bool]


def suffix_of(name: str) -> str:
    """Return the suffix of a package's file name; empty when it has none of a package."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


@dataclass(frozen=True)
class Unpacked:
    """What an archive says of its members, by path: modes (`modes.findings`), targets of links."""

    modes: Mapping[str, int]
    links: Mapping[str, str]


class TooLargeError(ValueError):
    """An archive that unpacks to more bytes than it may."""


def most_of(package: Path) -> float:
    """Return the bytes that a package of any origin may unpack to, by the size of its file."""
    return min(max(package.stat().st_size * MOST_TIMES, LEAST_MOST), MOST_BYTES)


def unpack(
    package: Path, into: Path, keep: Keep | None = None, most: float = MOST_BYTES
) -> Unpacked:
    """Unpack a package into a new folder.

    All of the folder can be read, whatever the modes are, and the files have no times of the
    archive. `keep` is called with the path and the content of each file, and says whether the
    folder has to have it; others may be left out.

    Raises `ValueError` unless everything in it stays in the folder: regular files and symbolic
    links only, none of them twice or behind a link, at most `MOST_FILES`. So it does for an archive
    with anything else in it, and for headers that `Headers` refuses; it raises `TooLargeError` for
    one with more than `most` bytes. Raises what zipfile, tarfile, bz2 and zstandard raise for a
    damaged archive. The folder does not remain then.
    """
    into.mkdir(parents=True)
    folder = _Folder(into, keep, most)
    try:
        _unpack(package, folder)
    except BaseException:
        shutil.rmtree(into)
        raise
    return Unpacked(folder.modes, folder.links)


def _unpack(package: Path, folder: _Folder) -> None:
    suffix = suffix_of(package.name)
    if suffix == WHEEL:
        with zipfile.ZipFile(package) as archive:
            require_one_meaning(archive, package)
            _put_wheel(archive, folder)
    elif suffix == CONDA:
        with zipfile.ZipFile(package) as archive:
            require_one_meaning(archive, package)
            _put_conda(archive, package.name.removesuffix(CONDA), folder)
    else:
        with bz2.open(package) as stream:
            _put_tar(stream.read, folder)
    folder.put_links()


class _Folder:
    """A folder that an archive is unpacked into; it refuses what would not stay in it.

    No file is written through a link of the archive: those are made last.
    """

    def __init__(self, root: Path, keep: Keep | None, most: float) -> None:
        self.root, self.keep, self.most = root, keep, most
        self.files: set[str] = set()
        self.links: dict[str, str] = {}
        self.folders: set[str] = set()
        self.modes: dict[str, int] = {}
        self.size = 0

    def put_file(self, name: str, size: int, take: Callable[[int], ReadableBuffer]) -> None:
        """Write a file of `size` bytes. `take` returns at most as many as it is asked for."""
        self._require(name)
        if size < 0:
            raise ValueError(f"{quoted(name)} has no valid size")
        if size > MOST_METADATA and _METADATA.fullmatch(name):
            raise ValueError(f"{quoted(name)} has more than {MOST_METADATA:,} bytes")
        self.files.add(name)
        self.size += size
        if self.size > self.most:
            raise TooLargeError(f"with {quoted(name)} it has more than {self.most:,.0f} bytes")
        self._require_count()
        parts, path = _parts(name, size, take), self.root / name
        if self.keep and size <= _IN_MEMORY:
            data = b"".join(parts)
            if not self.keep(name, data):
                return
            parts = iter([data])
        with path.open("xb") as file:
            for part in parts:
                file.write(part)
        if self.keep and size > _IN_MEMORY:
            with (
                path.open("rb") as large,
                mmap.mmap(large.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                self.keep(name, content)

    def add_link(self, name: str, target: str) -> None:
        """Keep a symbolic link for `put_links`."""
        self._require(name)
        if name == "info" or _METADATA.fullmatch(name):  # the audit would read what it leads to
            raise ValueError(f"{quoted(name)} is a link")
        self.links[name] = target
        self._require_count()

    def put_links(self) -> None:
        """Make the symbolic links."""
        for name, target in self.links.items():
            (self.root / name).symlink_to(target)

    def put_folder(self, name: str) -> None:
        """Make a folder, with those above it."""
        _require_within("folder", name)
        missing = []
        while name and name not in self.folders:
            if name in self.links:
                raise ValueError(f"{quoted(name)} is a link but contains files")
            if name in self.files:
                raise ValueError(f"{quoted(name)} is a file but contains files")
            missing.append(name)
            name = posixpath.dirname(name)
        for one in reversed(missing):
            (self.root / one).mkdir()
            self.folders.add(one)
        self._require_count()

    def _require(self, name: str) -> None:
        """Raise `ValueError` unless a new file or link may have this name."""
        process.raise_if_interrupted()
        _require_within("file", name)
        if name in self.files or name in self.links:
            raise ValueError(f"it has {quoted(name)} twice")
        if name in self.folders:
            raise ValueError(f"{quoted(name)} is a link but contains files")
        if folder := posixpath.dirname(name):
            self.put_folder(folder)

    def _require_count(self) -> None:
        if len(self.files) + len(self.links) + len(self.folders) > MOST_FILES:
            raise ValueError(f"it has more than {MOST_FILES:,} files")


def _parts(name: str, size: int, take: Callable[[int], ReadableBuffer]) -> Iterator[ReadableBuffer]:
    """Yield the content of a file."""
    while size > 0:
        part = memoryview(take(min(size, _CHUNK)))
        if not part:
            raise ValueError(f"it ends within {quoted(name)}")
        yield part
        size -= len(part)


def _require_within(kind: str, name: str) -> None:
    if len(name) > _LONGEST:
        raise ValueError(f"it has a {kind} {quoted(name)} of more than {_LONGEST:,} characters")
    if leaves(name):
        raise ValueError(f"it has a {kind} {quoted(name)} outside of its folder")


def leaves(name: str) -> bool:
    """Whether a path may not be that of a file within its folder.

    >>> leaves("lib/a.so"), leaves("../a"), leaves("/a"), leaves("lib//a")
    (False, True, True, True)
    """
    return any(part in ("", ".", "..") for part in name.split("/"))


def _put_conda(archive: zipfile.ZipFile, stem: str, folder: _Folder) -> None:
    """Unpack both parts of a `.conda` file into one folder."""
    parts = [f"{part}-{stem}.tar.zst" for part in ("pkg", "info")]
    _require_parts(archive.namelist(), parts)
    for part in parts:
        with archive.open(part) as packed:
            options = {"read_across_frames": True, "closefd": False}
            with zstandard.ZstdDecompressor().stream_reader(packed, **options) as stream:
                _put_tar(stream.read, folder)
            while packed.read(_CHUNK):  # at its end, zipfile compares its CRC
                process.raise_if_interrupted()


def _require_parts(names: Sequence[str], parts: Sequence[str]) -> None:
    """Raise `ValueError` unless a `.conda` file has its parts, each once, and nothing else.

    Each client chooses for itself which of two parts it installs, so the audit cannot know.
    """
    for name in names:
        if name not in (_FORMAT, *parts):
            may = listed((_FORMAT, *parts))
            raise ValueError(f"it has {quoted(name)}, but by its name may have only {may}")
        if names.count(name) > 1:
            raise ValueError(f"it has {quoted(name)} twice")
    for part in parts:
        if part not in names:
            raise ValueError(f"it lacks {quoted(part)}")


def _put_tar(source: Callable[[int], bytes], folder: _Folder) -> None:
    """Unpack a tar archive, whose bytes `source` returns.

    The stream can only go forwards: tarfile leaves it where the content of a member begins.
    """
    with (
        ThreadPoolExecutor(1) as pool,
        Headers(source, pool) as stream,
        tarfile.open(fileobj=stream, mode="r:") as tar,
    ):
        for member in tar:
            if tar.pax_headers:
                raise ValueError("it has a header for all of its files")
            stream.follow(member.name)
            if member.isdir():
                folder.put_folder(member.name)
                folder.modes[member.name] = stat.S_IFDIR | member.mode
            elif member.issym():
                folder.add_link(member.name, member.linkname)
            elif member.isreg() and not member.issparse():
                folder.put_file(member.name, member.size, stream.take)
                folder.modes[member.name] = stat.S_IFREG | member.mode
            else:
                raise ValueError(f"{quoted(member.name)} is neither a file nor a symbolic link")
        stream.require_end()


def _put_wheel(archive: zipfile.ZipFile, folder: _Folder) -> None:
    for member in archive.infolist():
        if member.is_dir():
            folder.put_folder(member.filename.removesuffix("/"))
        else:
            with archive.open(member) as content:
                folder.put_file(member.filename, member.file_size, content.read)
            mode = member.external_attr >> 16 if member.create_system == _UNIX else 0
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                folder.modes[member.filename] = mode
