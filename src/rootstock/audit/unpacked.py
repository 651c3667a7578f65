"""Packages as the audit reads them: unpacked into the store, and listed."""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rattler.package_streaming import extract

from rootstock import process, seal
from rootstock.build.artifact import Artifact
from rootstock.errors import AuditFailed, NoSpace, tells_of_no_space
from rootstock.store import Store, publish

Version = tuple[int, ...]

_FLOOR = re.compile(r"__glibc\s.*?>=\s*([0-9.]+)")

_listing = threading.Lock()
_listed: dict[Path, "Package"] = {}  # what this process has unpacked, or found as it was


@dataclass(frozen=True)
class Package:
    """An unpacked package: its files and its symbolic links, without those of info/."""

    root: Path
    files: Mapping[str, Path]
    links: Mapping[str, str]

    def metadata(self, name: str) -> dict[str, Any]:
        """A JSON file of info/; empty when it is not there or not an object."""
        try:
            value = json.loads((self.root / "info" / name).read_text())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def floor(self) -> Version:
        """The glibc the package's dependencies ask for."""
        depends = self.metadata("index.json").get("depends", [])
        floors = [match[1] for match in map(_FLOOR.match, depends) if match]
        return max(map(parsed, floors), default=())


def parsed(text: str) -> Version:
    """The numbers of a version."""
    return tuple(int(part) for part in text.strip(".").split("."))


def unpacked(artifact: Artifact, store: Store) -> Package:
    """The package of an artifact, unpacked into the store when it is not there yet.

    Raises `AuditFailed` when the file cannot be unpacked or its sha256 is another.
    """
    root = store.unpacked(artifact.sha256) / "package"
    with _listing:  # two audits want the same packages
        if root not in _listed:
            if not seal.holds(root):
                _unpack(artifact, root, store)
            _listed[root] = _list(root)
        return _listed[root]


def _unpack(artifact: Artifact, root: Path, store: Store) -> None:
    remedy = f"Remove {artifact.path.parent}, then build again."
    with store.scratch("unpack") as scratch:
        try:
            sha256, _ = extract(artifact.path, scratch / "whole" / root.name)
        except Exception as error:  # py-rattler has no class for it
            if tells_of_no_space(str(error)):
                raise NoSpace(scratch) from error
            raise AuditFailed(f"{artifact.path} cannot be unpacked: {error}", remedy) from error
        if sha256.hex() != artifact.sha256:
            raise AuditFailed(f"{artifact.path} is not the file that was built", remedy)
        seal.put(scratch / "whole" / root.name)
        store.discard(root.parent)
        publish(scratch / "whole", root.parent)


def _list(root: Path) -> Package:
    files, links = {}, {}
    for name, entry in _entries(os.fspath(root), ""):
        if name.startswith("info/"):
            continue
        if entry.is_symlink():
            links[name] = os.readlink(entry.path)
        else:
            files[name] = Path(entry.path)
    return Package(root, files, links)


def _entries(folder: str, above: str) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """All files and symbolic links below a folder by their path in it; no link is followed."""
    process.check()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{above}{entry.name}/")
            else:
                yield above + entry.name, entry
