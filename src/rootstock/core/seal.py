"""Seals: they show whether files of the store changed, without reading them.

A seal holds what the file system says about files, not their content. Whoever writes to a file,
truncates it or removes it changes that. A disk that returns wrong data, though nobody wrote, does
not. Such data are found when they are read: promotion hashes every package, and so does the
installer. The seal leaves out the time of the last status change, because each hard link to a file
is such a change.

Imports nothing of rootstock: environment/installer.py uses it, too.
"""

import hashlib
import os
import stat
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 20  # bytes
_BLOCK = 512  # bytes: the unit of st_blocks (stat(2))
_name = attrgetter("name")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """The seal of a file whose content was just verified; it holds on this disk only."""
    status = path.stat()
    return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


class Survey(NamedTuple):
    """The seal of a folder with all its content, and the bytes that it takes on disk."""

    seal: str
    size: int


def of_tree(root: Path) -> str:
    """The seal of a folder with all its content; it also holds for a copy with the same times."""
    return survey(root).seal


def survey(root: Path) -> Survey:
    """Return the seal of a folder, with the bytes that its files take."""
    digest = hashlib.sha256()
    size = 0
    folders = [os.fspath(root)]
    skipped = len(folders[0])
    while folders:
        lines = []
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=_name):
                status = entry.stat(follow_symlinks=False)
                mode = status.st_mode
                line = f"{entry.path[skipped:]}\0{mode:o}"
                if stat.S_ISDIR(mode):
                    folders.append(entry.path)
                else:
                    size += status.st_blocks * _BLOCK
                    line = f"{line}\0{status.st_size}\0{status.st_mtime_ns}"
                if stat.S_ISLNK(mode):
                    line = f"{line}\0{os.readlink(entry.path)}"
                lines.append(line)
        digest.update(os.fsencode("".join(f"{line}\n" for line in lines)))
    return Survey(digest.hexdigest(), size)


def place_of(tree: Path) -> Path:
    """The path of a folder's seal: beside it."""
    return tree.with_name(f"{tree.name}.seal")


def put(tree: Path) -> Survey:
    """Seal a folder as it is now."""
    found = survey(tree)
    place_of(tree).write_text(found.seal)
    return found


def holds(tree: Path) -> bool:
    """Whether a folder exists and is as it was when it was sealed."""
    try:
        return place_of(tree).read_text() == of_tree(tree)
    except OSError:
        return False
