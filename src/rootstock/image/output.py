"""Takes files that a sandbox wrote out of its folder, without following anything in there.

A build or a test may leave anything in a folder that it can write to. Examples are a symbolic link
to a file of the caller in place of a result, a pipe without a writer, or a folder in place of a
file.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without waiting: nobody may ever open the other end of a pipe.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1 << 20  # bytes


class NotTaken(ValueError):
    """An expected file is missing or not a file; the message says which and why."""


def move(folder: Path, path: str, into: Path) -> Path:
    """Move the file at `path` within a sandbox's folder into the folder `into`, under its name.

    `into` is on the same file system, and no sandbox sees it. What runs in the sandbox may still
    change the file, so the sandbox must have ended, or run nothing that is not trusted.

    Raises `NotTaken` when there is no such regular file, or its path contains a link or a file as a
    folder.
    """
    with _entered(folder, path) as (parent, name):
        try:
            os.rename(name, into / name, src_dir_fd=parent)
        except OSError as error:
            raise NotTaken(f"{path} cannot be taken: {error.strerror}") from error
    moved = into / name
    if not stat.S_ISREG(moved.lstat().st_mode):
        raise NotTaken(f"{path} is not a regular file")
    return moved


def copy(folder: Path, path: str, target: Path, most: int) -> None:
    """Copy the last `most` bytes of the file at `path` in a sandbox's folder to `target`.

    The sandbox may still be running.

    Raises `NotTaken` when there is no such regular file, or its path contains a link or a file as a
    folder.
    """
    with opened(folder, path) as file, target.open("wb") as copied:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        left = most
        while left and (chunk := file.read(min(_CHUNK, left))):
            copied.write(chunk)
            left -= len(chunk)


def opened(folder: Path, path: str) -> BinaryIO:
    """Open the file at `path` within a sandbox's folder for reading.

    The sandbox may still be running, and write more to it.

    Raises `NotTaken` when there is no such regular file, or its path contains a link or a file as a
    folder.
    """
    with _entered(folder, path) as (parent, name):
        try:
            source = os.open(name, _FILE, dir_fd=parent)
        except OSError as error:
            raise NotTaken(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(source).st_mode):
        os.close(source)
        raise NotTaken(f"{path} is not a regular file")
    return open(source, "rb")


@contextmanager
def _entered(folder: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder of the last name in `path`; yield it and this name."""
    *folders, name = path.split("/")
    # The first folder belongs to the caller, who may have made it a link.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            try:
                below = os.open(part, _FOLDER, dir_fd=opened)
            except OSError as error:
                raise NotTaken(f"{part} of {path} is not a folder: {error.strerror}") from error
            os.close(opened)
            opened = below
        yield opened, name
    finally:
        os.close(opened)
