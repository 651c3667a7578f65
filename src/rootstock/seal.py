"""Seals: whether files of the store are as they were left, told without reading them.

A seal is made of what the file system says of files, and not of what is in them: whoever writes
to a file, cuts it or takes it away changes that. What a disk gives back wrong, with nobody
having written, shows only to those who read: promotion hashes every package, and so does the
installer. The time at which the status of a file last changed is left out, because each hard
link to it is such a change.

Nothing of rootstock is imported here: channel/installer.py uses it, too.
"""

import hashlib
import os
from pathlib import Path

_CHUNK = 1 << 20  # bytes


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """The seal of a file whose content was just found right: it holds on this disk only."""
    status = path.stat()
    return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


def of_tree(root: Path) -> str:
    """The seal of a folder with all that is in it; it also holds for a copy with its times."""
    digest = hashlib.sha256()
    folders = [os.fspath(root)]
    skipped = len(folders[0])
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                status = entry.stat(follow_symlinks=False)
                parts = [entry.path[skipped:], f"{status.st_mode:o}"]
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    parts += [str(status.st_size), str(status.st_mtime_ns)]
                if entry.is_symlink():
                    parts.append(os.readlink(entry.path))
                digest.update(os.fsencode("\0".join(parts)) + b"\n")
    return digest.hexdigest()


def place_of(tree: Path) -> Path:
    """Where the seal of a folder is: beside it."""
    return tree.with_name(f"{tree.name}.seal")


def put(tree: Path) -> None:
    """Seal a folder as it is now."""
    place_of(tree).write_text(of_tree(tree))


def holds(tree: Path) -> bool:
    """Whether a folder is there, and as it was when it was sealed."""
    try:
        return place_of(tree).read_text() == of_tree(tree)
    except OSError:
        return False
