"""What a file system allows: whether there is room, and whether programs can run from it.

A build that fails on a full or read-only disk says so at best in a log, which is on the same disk.
So the disk itself is asked before a failure is put down to the package.
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

# With less than this left, hardly anything can be built: a build that failed has failed for that.
ROOM = 16 << 20  # bytes
INODES = 64
# A file system that never had less than this left, at looks half a second apart, was never full.
_AMPLE = 1 << 30  # bytes
_AMPLE_INODES = 10_000
_GET_FLAGS, _SET_FLAGS, _TOP = 0x80086601, 0x40086602, 0x00020000
_NEARLY_HALF = 0.45  # of the memory: a tmpfs is full with half of it
_PROBE = 1 << 20  # bytes that are written on trial: a quota shows itself in no other way
_RUNS = b"#!/bin/sh\nexit 0\n"
# Bytes: the largest file of a cold run is ROOT's debug-free libCling with its tar, below 1e9.
FILE_SIZE = 4e9


def trouble(folder: Path) -> MachineError | None:
    """Why nothing can be written to a folder, or None: full, no inodes, a quota, read-only."""
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
    """The bytes and the inodes that a user may still take.

    Inodes are a very large number where the file system makes them as they are needed.
    """
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else 1 << 62


def spread(folder: Path) -> None:
    """Have the folders in a folder lie apart on the disk; nothing where that cannot be said.

    ext4 without a journal does not use an inode again soon after a file was deleted, and looks for
    another one by one, near the folder. Where folders with thousands of files come and go in one
    place, a new file then takes ten times as long. With the attribute of a folder that is the top
    of a hierarchy (chattr(1), T) each new folder in it begins where there is room. The numbers
    are those of linux/fs.h.
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
    """Whether a build may have found no room, which it may have given back when it failed.

    `look` is to be called again and again while it runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.tight = False
        self.look()

    def look(self) -> None:
        """Look at the file system of the folder, and at those in memory; `tight` stays true."""
        try:
            room, inodes = space(self._folder)
        except OSError:
            room = inodes = 0
        short = room < _AMPLE or inodes < _AMPLE_INODES
        self.tight = self.tight or short or memory.shared() > _NEARLY_HALF


def no_programs(folder: Path) -> str:
    """Why a program cannot be run from a folder, or nothing when it can: it is tried."""
    with _trial(folder) as file:
        file.write_bytes(_RUNS)
        file.chmod(0o755)
        try:
            code = process.run([file], timeout=60).code
        except MachineError:
            code = 126
    return f"programs cannot be run from {folder} (mounted with noexec?)" if code else ""


def no_links(folder: Path) -> str:
    """Why symbolic links do not work in a folder, or nothing when they do: it is tried."""
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
    """Why files cannot be as large as a build's are, or nothing when they can."""
    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if soft == resource.RLIM_INFINITY or soft >= FILE_SIZE:
        return ""
    return f"this shell lets no file be larger than {soft:,} bytes"


def require_space(folder: Path) -> None:
    """Raise `MachineError` unless a folder can be built in. It must be there, and writable."""
    if limited := small_files():
        raise MachineError(limited, "Lift the limit: ulimit -f unlimited.")
    try:
        for reason in (no_programs(folder), no_links(folder)):
            if reason:
                raise MachineError(reason, "Set ROOTSTOCK_HOME to a folder elsewhere.")
    except OSError as error:
        raise trouble(folder) or MachineError(f"{folder} cannot be used: {error}", _SEE) from error


_SEE = "See if the disk is sound and mounted for writing; `dmesg` may tell. Then run it again."


@contextmanager
def _trial(folder: Path) -> Iterator[Path]:
    """A name for a file, in a folder of its own that is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="trial-", dir=folder))
    try:
        yield place / "file"
    finally:
        shutil.rmtree(place, ignore_errors=True)
