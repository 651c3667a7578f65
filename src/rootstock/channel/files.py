"""Files and folders of a channel: their permissions, whatever the umask."""

import json
import os
import shutil
import stat
from pathlib import Path

from rootstock.channel.stage import partial

FILE = 0o644  # a web server runs as another user
FOLDER = 0o755
_OF_GROUP = stat.S_IWGRP | stat.S_ISGID


def make(folder: Path, root: Path) -> None:
    """Make a folder of the channel in `root`, for those who may write there, if it is missing."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if folder != root:
            bits = shared(root)
        else:  # the mode of a new channel only reflects the umask
            bits = shared(root.parent)
            bits = bits if bits == _OF_GROUP else 0
        folder.chmod(FOLDER | bits)


def shared(root: Path) -> int:
    """Return the mode bits that let a group write the channel; 0 when one user owns it."""
    mode = root.stat().st_mode
    return mode & _OF_GROUP if mode & stat.S_IWGRP else 0


def link(path: Path, target: str) -> None:
    """Make a link unless the path exists."""
    if not os.path.lexists(path):
        os.symlink(target, path)


def same(source: Path, target: Path) -> None:
    """Put a file of an earlier generation into a later one as well."""
    try:
        os.link(source, target)
    except OSError:  # another owner, too many links, a file system without links
        copy(source, target)


def copy(source: Path, target: Path) -> None:
    """Copy a file, which appears complete, for everybody to read."""
    part = partial(target)
    shutil.copyfile(source, part)
    part.chmod(FILE)
    os.rename(part, target)


def write_json(path: Path, value: object) -> Path:
    """Write a value as JSON, with sorted keys, for everybody to read; return the path."""
    part = partial(path)
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    part.chmod(FILE)
    os.rename(part, path)
    return path


def sync(path: Path) -> None:
    """Write a file or a folder to the disk, so that the switch is never there before it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
