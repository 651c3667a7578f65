"""Checks of a file system: free space, inodes, and whether programs run from it.

A build that fails on a full or read-only disk can at best say so in a log on the same disk. So
rootstock checks the disk before it blames the package.
"""

import errno
import fcntl
import os
import resource
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rootstock.core import memory, process
from rootstock.core.errors import MachineError, NoSpace

# With less free space than this, hardly anything can be built: that is why a build failed.
ROOM = 16 << 20  # bytes
INODES = 64
# A file system that always had more than this free, looked at twice a second, was never full.
_AMPLE = 1 << 30  # bytes
_AMPLE_INODES = 10_000
_GET_FLAGS, _SET_FLAGS, _TOP = 0x80086601, 0x40086602, 0x00020000
_NEARLY_HALF = 0.45  # of the memory: a tmpfs is full with half of it
_PROBE = 1 << 20  # bytes of a trial file: only writing shows a quota
_RUNS = b"#!/bin/sh\nexit 0\n"
# Bytes: the largest file of a cold run is ROOT's debug-free libCling with its tar, below 1e9.
FILE_SIZE = 4e9


def trouble(folder: Path) -> MachineError | None:
    """Return why a folder cannot be written (full, no inodes, quota, read-only), or None."""
    try:
        room, inodes = space(folder)
        with _trial(folder) as file:
            file.write_bytes(bytes(_PROBE))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return NoSpace(folder)
        return MachineError(f"{folder} cannot be written any more: {error.strerror}", _SEE)
    if room < ROOM:
        return NoSpace(folder, f"{room / 1e6:.0f} MB are left")
    if inodes < INODES:
        return NoSpace(folder, f"{inodes} more files and folders can be made (inodes: df -i)")
    return None


def space(folder: Path) -> tuple[int, int]:
    """Return the free bytes and the free inodes of a file system, as its user may take them.

    The number of inodes is very large where the file system makes them on demand.
    """
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else 1 << 62


def spread(folder: Path) -> None:
    """Make ext4 spread the folders in a folder over the disk; do nothing on other file systems.

    ext4 without a journal does not soon reuse the inode of a deleted file. It searches for another
    one by one, near the folder. Where folders with thousands of files come and go, a new file then
    takes ten times as long. With the attribute T (top of a hierarchy, chattr(1)), each new folder
    begins where there is free space. The numbers are those of linux/fs.h.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        [flags] = struct.unpack("=ixxxx", fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8)))
        if not flags & _TOP:
            fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("=ixxxx", flags | _TOP))
    except OSError:  # another file system, or another user's folder
        return
    finally:
        os.close(descriptor)


class Watch:
    """Watches whether a build ran out of space, even if it freed the space when it failed.

    Call `look` again and again while the build runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.tight = False
        self.look()

    def look(self) -> None:
        """Check the folder's file system and the memory file systems; `tight` stays true."""
        try:
            room, inodes = space(self._folder)
        except OSError:
            room = inodes = 0
        short = room < _AMPLE or inodes < _AMPLE_INODES
        self.tight = self.tight or short or memory.shared() > _NEARLY_HALF


def no_programs(folder: Path) -> str:
    """Return why a program cannot run from a folder, or an empty text; it starts one to see."""
    with _trial(folder) as file:
        file.write_bytes(_RUNS)
        file.chmod(0o755)
        try:
            code = process.run([file], timeout=60).code
        except MachineError:
            code = 126
    return f"programs cannot be run from {folder} (mounted with noexec?)" if code else ""


def no_links(folder: Path) -> str:
    """Return why symbolic links do not work in a folder, or an empty text; it makes one to see."""
    with _trial(folder) as file:
        file.write_bytes(_RUNS)
        link = file.with_name("link")
        try:
            link.symlink_to(file.name)
            link.read_bytes()
        except OSError as error:
            return f"symbolic links do not work in {folder}: {error.strerror} (nosymfollow?)"
    return ""


def small_files() -> str:
    """Return why files cannot be as large as a build needs, or an empty text."""
    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if soft == resource.RLIM_INFINITY or soft >= FILE_SIZE:
        return ""
    return f"this shell limits files to {soft:,} bytes"


def require_space(folder: Path) -> None:
    """Raise `MachineError` unless builds can run in a folder, which must exist."""
    if limited := small_files():
        raise MachineError(limited, "Lift the limit: ulimit -f unlimited.")
    try:
        for reason in (no_programs(folder), no_links(folder)):
            if reason:
                raise MachineError(reason, "Set ROOTSTOCK_HOME to a folder elsewhere.")
    except OSError as error:
        raise trouble(folder) or MachineError(f"{folder} cannot be used: {error}", _SEE) from error


_SEE = "Check the disk and its mount options (`dmesg` may help), then run the command again."


@contextmanager
def _trial(folder: Path) -> Iterator[Path]:
    """Yield the path of a file to make, in a folder of its own that is removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="trial-", dir=folder))
    try:
        yield place / "file"
    finally:
        shutil.rmtree(place, ignore_errors=True)
