"""Packages as the audit reads them: unpacked into the store, and listed."""

import json
import os
import posixpath
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard
from rattler.package_streaming import extract

from rootstock.building.artifact import Artifact
from rootstock.core import process, seal
from rootstock.core.errors import AuditFailed, NoSpace, means_no_space
from rootstock.core.names import quoted
from rootstock.core.store import Store, publish

Version = tuple[int, ...]

_FLOOR = re.compile(r"__glibc\s.*?>=\s*([0-9.]+)")

_listing = threading.Lock()
_listed: dict[Path, "Package"] = {}  # those that this process unpacked, or found with a valid seal


@dataclass(frozen=True)
class Package:
    """An unpacked package: its files and its symbolic links, without those of info/."""

    root: Path
    files: Mapping[str, Path]
    links: Mapping[str, str]

    def metadata(self, name: str) -> dict[str, Any]:
        """Return a JSON file of info/; empty when it is missing or not an object."""
        try:
            value = json.loads((self.root / "info" / name).read_text())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def listed(self) -> Mapping[str, Mapping[str, Any]]:
        """The entries of paths.json, by path."""
        return {entry["_path"]: entry for entry in self.metadata("paths.json").get("paths", [])}

    @property
    def floor(self) -> Version:
        """The minimum glibc that the package's dependencies declare."""
        depends = self.metadata("index.json").get("depends", [])
        floors = [match[1] for match in map(_FLOOR.match, depends) if match]
        return max(map(parsed, floors), default=())


def parsed(text: str) -> Version:
    """Return the numbers of a version."""
    return tuple(int(part) for part in text.split(".") if part)


def unpacked(artifact: Artifact, store: Store) -> Package:
    """Return the package of an artifact, unpacked into the store if necessary.

    Raises `AuditFailed` when the file cannot be unpacked or its sha256 differs.
    """
    root = store.unpacked(artifact.sha256) / "package"
    with _listing:  # two audits may need the same packages
        if root not in _listed:
            if not seal.holds(root):
                _unpack(artifact, root, store)
            _listed[root] = _list(root)
        return _listed[root]


def _unpack(artifact: Artifact, root: Path, store: Store) -> None:
    remedy = f"Remove {artifact.path.parent}, then build again."
    with store.scratch("unpack") as scratch:
        try:
            _require(artifact.path)
            sha256, _ = extract(artifact.path, scratch / "whole" / root.name)
        except Exception as error:  # py-rattler has no class for these errors
            if means_no_space(str(error)):
                raise NoSpace(scratch) from error
            raise AuditFailed(f"{artifact.path} cannot be unpacked: {error}", remedy) from error
        if sha256.hex() != artifact.sha256:
            raise AuditFailed(f"{artifact.path} is not the file that was built", remedy)
        seal.put(scratch / "whole" / root.name)
        store.discard(root.parent, lambda: seal.holds(root))
        publish(scratch / "whole", root.parent)


def _require(path: Path) -> None:
    """Raise `ValueError` unless everything in a package's archive stays in its folder.

    This check comes before unpacking: regular files and symbolic links only, with names below the
    folder, and none of them behind a link.
    """
    stem = path.name.removesuffix(".conda")
    with zipfile.ZipFile(path) as archive:
        for part in ("pkg", "info"):
            with archive.open(f"{part}-{stem}.tar.zst") as packed:
                _require_members(zstandard.ZstdDecompressor().stream_reader(packed))


def _require_members(stream: IO[bytes]) -> None:
    links: set[str] = set()
    folders: set[str] = set()
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            name = member.name
            if _leaves(name):
                raise ValueError(f"it has a file {quoted(name)} outside of its folder")
            if not (member.isreg() or member.issym()):
                raise ValueError(f"{quoted(name)} is neither a file nor a symbolic link")
            above = posixpath.dirname(name)
            while above and above not in folders:
                folders.add(above)
                above = posixpath.dirname(above)
            if member.issym():
                links.add(name)
    if behind := links & folders:
        raise ValueError(f"{quoted(min(behind))} is a link but contains files")


def _list(root: Path) -> Package:
    files, links = {}, {}
    for name, path, is_link in _entries(os.fspath(root)):
        if name.startswith("info/"):
            continue
        if is_link:
            links[name] = os.readlink(path)
        else:
            files[name] = Path(path)
    package = Package(root, files, links)
    _require_metadata(package)
    return package


def _require_metadata(package: Package) -> None:
    """Raise `AuditFailed` unless the files of info/ that the audit reads are well formed."""
    about = package.root / "info"
    depends = package.metadata("index.json").get("depends", [])
    if not isinstance(depends, list) or not all(isinstance(spec, str) for spec in depends):
        raise AuditFailed(f"{about / 'index.json'}: depends is not a list of texts")
    entries = package.metadata("paths.json").get("paths", [])
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise AuditFailed(f"{about / 'paths.json'}: paths is not a list of files, each by its path")


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    path, placeholder = entry.get("_path"), entry.get("prefix_placeholder") or ""
    return isinstance(path, str) and not _leaves(path) and isinstance(placeholder, str)


def _leaves(name: str) -> bool:
    """Whether a path may not be that of a file within its folder."""
    return any(part in ("", ".", "..") for part in name.split("/"))


def _entries(root: str) -> Iterator[tuple[str, str, bool]]:
    """Yield all files and symbolic links below a folder: relative path, path, whether a link."""
    folders = [("", root)]
    while folders:
        process.raise_if_interrupted()
        above, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f"{above}{entry.name}/", entry.path))
                else:
                    yield above + entry.name, entry.path, entry.is_symlink()
