"""One writer per channel; readers need no lock."""

import errno
import fcntl
import getpass
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rootstock.core import names, process
from rootstock.core.errors import RefusedError

Told = Callable[[str], None]  # takes what there is to tell while one waits

_MODE = 0o644
_EVERY = 0.2  # seconds between two looks at a lock that another process holds
_OWNER = 500  # characters that are read of who holds it


def nobody(text: str) -> None:
    """Tell nobody."""


@contextmanager
def writer(path: Path, what: str = "", *, wait: float = 0.0, told: Told = nobody) -> Iterator[None]:
    """Hold the lock file at `path`; the kernel lets go of it when the process ends.

    Where a group may write the folder it is in, the group may hold it, too.
    `what` is what it guards, the folder two above if nothing else is said. With `wait`, another
    writer gets that many seconds to finish, and `told` is called with who that is.

    Raises `RefusedError`, naming the process that holds it, or when `path` is not a file.
    """
    what = what or str(path.parent.parent)
    with _opened(path, what) as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():  # whatever the umask
            os.fchmod(file.fileno(), _MODE | (path.parent.stat().st_mode & stat.S_IWGRP))
        _hold(file, what, wait, told)
        file.truncate(0)
        file.seek(0)
        file.write(f"{_user()} on {socket.gethostname()}, process {os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            # The file stays: removing it would let two writers lock two different files.
            file.truncate(0)


def _opened(path: Path, what: str) -> TextIO:
    """The lock file, which is made if it is not there; a link would empty another file."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, _MODE)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return open(descriptor, "r+", errors="replace")
        os.close(descriptor)
    except (IsADirectoryError, FileExistsError):
        pass
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise
    raise RefusedError(
        f"{what} cannot be written: its lock {path} is not a file", f"Remove {path}."
    )


def _hold(file: TextIO, what: str, wait: float, told: Told) -> None:
    end, waits = time.monotonic() + wait, False
    while True:
        try:
            # flock and not lockf: the latter lets two threads of one process in.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            file.seek(0)
            owner = names.plain(file.read(_OWNER).strip()) or "another process"
            if time.monotonic() >= end:
                waited = f", also after {wait:.0f} s" if wait else ""
                raise RefusedError(
                    f"{what} is being written to by {owner}{waited}",
                    "Wait until it has finished; reading the channel is safe meanwhile.",
                ) from error
        if not waits:
            told(f"{what} is being written to by {owner}: waiting up to {wait:.0f} s")
            waits = True
        process.raise_if_interrupted()
        time.sleep(_EVERY)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return f"uid {os.getuid()}"
