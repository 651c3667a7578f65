"""The cache of unpacked packages, as the installer finds and leaves it.

Users' files are links to those of the cache, so that writing to one changes the cache. The
installer therefore checks each time what it takes from there. Imports nothing of rootstock but
seal.py, because environment/installer.py uses it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rattler import PackageRecord

from rootstock.core import seal

INDEX = Path("info/index.json")
_SCRIPTS = ("pre-link", "post-link", "pre-unlink")  # scripts of a package that conda runs


class Looked(NamedTuple):
    """The damaged packages among unpacked ones, and the bytes that all take on disk."""

    damaged: tuple[Path, ...]
    size: int


def tree_of(record: PackageRecord, cache: Path) -> Path:
    """The path of a package unpacked in the cache."""
    return cache / f"{record.name.normalized}-{record.version}-{record.build}"


def look(trees: Sequence[Path]) -> Looked:
    """Check that unpacked packages are unchanged.

    It reads a package without a seal as a whole: another installer may be about to seal it, or was
    killed before it could.
    """
    damaged, size = [], 0
    for tree in trees:
        survey = _survey(tree)
        size += survey.size if survey else 0
        if not survey or not _is_whole(tree, survey):
            damaged.append(tree)
    return Looked(tuple(damaged), size)


def leaving(tree: Path) -> str:
    """Return the first path by which a package would write outside of a prefix, or nothing.

    Those are paths of its files, and the names of its entry points. It does not rely on a check by
    the program that links the package. Raises `OSError`, `ValueError`, `TypeError`, `KeyError` and
    `AttributeError` when its metadata cannot be read.
    """
    top = os.path.realpath(tree)
    paths = [
        entry["_path"] for entry in json.loads((tree / "info/paths.json").read_text())["paths"]
    ]
    for path in paths:
        if ".." in path.split("/"):
            return str(path)
    folders = {os.path.dirname(path): path for path in paths}
    for folder, path in folders.items():
        real = os.path.realpath(os.path.join(top, folder))
        if not f"{real}/".startswith(f"{top}/"):
            return str(path)
    if (link := tree / "info/link.json").exists():
        points = json.loads(link.read_text()).get("noarch", {}).get("entry_points") or []
        return next((point for point in points if "/" in point.partition("=")[0]), "")
    return ""


def put_aside(tree: Path) -> None:
    """Hide a damaged package: others may use it, and whoever has the cache alone removes it."""
    tree.rename(tree.with_name(f".{tree.name}.{os.getpid()}"))


def has_scripts(tree: Path) -> bool:
    """Whether a package has scripts that conda would run at its installation or removal."""
    name = tree.name.rsplit("-", 2)[0]
    return any((tree / f"bin/.{name}-{script}.sh").exists() for script in _SCRIPTS)


def _survey(tree: Path) -> seal.Survey | None:
    try:
        return seal.survey(tree)
    except OSError:
        return None


def _is_whole(tree: Path, survey: seal.Survey) -> bool:
    try:
        return seal.place_of(tree).read_text() == survey.seal
    except FileNotFoundError:
        pass
    except OSError:
        return False
    try:
        if leaving(tree):
            return False
        entries = json.loads((tree / "info" / "paths.json").read_text())["paths"]
        whole = all(_is_right(tree / entry["_path"], entry) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
    if whole:
        seal.put(tree)
    return whole


def _is_right(path: Path, entry: dict[str, Any]) -> bool:
    """Whether a file matches its entry in paths.json (CEP 34)."""
    if entry["path_type"] == "softlink":
        return path.is_symlink()
    return "sha256" not in entry or seal.sha256_of(path) == entry["sha256"]
