"""Packages as the audit reads them: unpacked into the store, and listed."""

import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootstock.audit.archive import leaves, unpack
from rootstock.building.artifact import Artifact
from rootstock.core import process, seal
from rootstock.core.errors import AuditFailed, InterruptedByUser, NoSpace, means_no_space
from rootstock.core.store import Store, publish

Version = tuple[int, ...]

_FLOOR = re.compile(r"__glibc\s.*?>=\s*([0-9.]+)")

_listing = threading.Lock()
_listed: dict[
    Path, "UnpackedPackage"
] = {}  # those that this process unpacked, or found with a valid seal


@dataclass(frozen=True)
class UnpackedPackage:
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
        return floor_of(self.metadata("index.json").get("depends", []))


def floor_of(depends: Sequence[str]) -> Version:
    """Return the minimum glibc that dependencies declare; empty when they declare none."""
    floors = [match[1] for match in map(_FLOOR.match, depends) if match]
    return max(map(parsed, floors), default=())


def parsed(text: str) -> Version:
    """Return the numbers of a version."""
    return tuple(int(part) for part in text.split(".") if part)


def unpacked(artifact: Artifact, store: Store) -> UnpackedPackage:
    """Return the package of an artifact, unpacked into the store if necessary.

    Raises `AuditFailed` when the file cannot be unpacked or its sha256 differs.
    """
    root = store.unpacked(artifact.sha256) / "package"
    with _listing:  # two audits may need the same packages
        if root not in _listed:
            if not seal.holds(root):
                _unpack(artifact, root, store)
            _listed[root] = listing(root)
        return _listed[root]


def _unpack(artifact: Artifact, root: Path, store: Store) -> None:
    remedy = f"Remove {artifact.path.parent}, then build again."
    with store.scratch("unpack") as scratch:
        try:
            unpack(artifact.path, scratch / "whole" / root.name)
        except InterruptedByUser:
            raise
        except Exception as error:  # a damaged archive can make its readers raise anything
            if means_no_space(str(error)):
                raise NoSpace(scratch) from error
            raise AuditFailed(f"{artifact.path} cannot be unpacked: {error}", remedy) from error
        if seal.sha256_of(artifact.path) != artifact.sha256:
            raise AuditFailed(f"{artifact.path} is not the file that was built", remedy)
        seal.put(scratch / "whole" / root.name)
        store.discard(root.parent, lambda: seal.holds(root))
        publish(scratch / "whole", root.parent)


def listing(root: Path, metadata: str = "info") -> UnpackedPackage:
    """List a folder's files and links, without those of its own folder `metadata`, if it has one.

    Raises `AuditFailed` when the files about the package are not well formed.
    """
    files, links = {}, {}
    for name, path, is_link in _entries(os.fspath(root)):
        if metadata and name.startswith(f"{metadata}/"):
            continue
        if is_link:
            links[name] = os.readlink(path)
        else:
            files[name] = Path(path)
    package = UnpackedPackage(root, files, links)
    _require_metadata(package)
    return package


def partly_unpacked(root: Path, files: Iterable[str], links: Mapping[str, str]) -> UnpackedPackage:
    """Return a package with these files and links, of which `root` has all files of info/.

    Raises `AuditFailed` as `listing` does.
    """
    package = UnpackedPackage(root, {name: root / name for name in files}, links)
    _require_metadata(package)
    return package


def _require_metadata(package: UnpackedPackage) -> None:
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
    return isinstance(path, str) and not leaves(path) and isinstance(placeholder, str)


def _entries(root: str) -> Iterator[tuple[str, str, bool]]:
    """Yield all files and symbolic links below a folder: relative path, path, whether a link.

    It leaves out what is neither, and what this user cannot read.
    """
    folders = [("", root)]
    while folders:
        process.raise_if_interrupted()
        above, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                link = entry.is_symlink()
                if not link and not os.access(entry.path, os.R_OK):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f"{above}{entry.name}/", entry.path))
                elif link or entry.is_file():  # reading a pipe would wait for its other end
                    yield above + entry.name, entry.path, link
