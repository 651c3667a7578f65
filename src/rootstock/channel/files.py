"""Files and folders of a channel: who may read and write them, whatever the umask."""

import json
import os
import shutil
import stat
from pathlib import Path

from rootstock.channel.stage import partial

FILE = 0o644  # a web server runs under another name
FOLDER = 0o755
_OF_GROUP = stat.S_IWGRP | stat.S_ISGID


def make(folder: Path, root: Path) -> None:
    """Make a folder of the channel in `root`, for those who may write there; it may be there."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if folder != root:
            bits = shared(root)
        else:  # of a new channel the mode says only what the umask is
            bits = shared(root.parent)
            bits = bits if bits == _OF_GROUP else 0
        folder.chmod(FOLDER | bits)


def shared(root: Path) -> int:
    """The bits of the channel's mode that let a group write it; 0 when it is one user's."""
    mode = root.stat().st_mode
    return mode & _OF_GROUP if mode & stat.S_IWGRP else 0


def link(path: Path, target: str) -> None:
    """Make a link where nothing is."""
    if not os.path.lexists(path):
        os.symlink(target, path)


def same(source: Path, target: Path) -> None:
    """Have a file of an earlier generation in a later one too."""
    try:
        os.link(source, target)
    except OSError:  # another owner's, too many links, a file system without
        copy(source, target)


def copy(source: Path, target: Path) -> None:
    """Copy a file, which appears whole, for everybody to read."""
    part = partial(target)
    shutil.copyfile(source, part)
    part.chmod(FILE)
    os.rename(part, target)


def write_json(path: Path, value: object) -> Path:
    """Write a value as JSON, with sorted keys, for everybody to read; returns the path."""
    part = partial(path)
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    part.chmod(FILE)
    os.rename(part, path)
    return path


def sync(path: Path) -> None:
    """Have a file or a folder on the disk, so that the switch is never there before it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
