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

Notify = Callable[[str], None]  # receives messages during a wait

_MODE = 0o644
_EVERY = 0.2  # seconds between two attempts at a lock that another process holds
_OWNER = 500  # characters to read about its holder


def ignore(text: str) -> None:
    """Ignore the message."""


@contextmanager
def writer(
    path: Path, what: str = "", *, wait: float = 0.0, notify: Notify = ignore
) -> Iterator[None]:
    """Hold the lock file at `path`; the kernel releases it when the process ends.

    If a group may write its folder, the group may hold it, too. `what` is what it guards, by
    default the folder two above. With `wait`, another writer gets that many seconds to finish, and
    `notify` is called with its name.

    Raises `RefusedError` with the name of the process that holds it, or when `path` is not a file.
    """
    what = what or str(path.parent.parent)
    with _opened(path, what) as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():  # whatever the umask
            os.fchmod(file.fileno(), _MODE | (path.parent.stat().st_mode & stat.S_IWGRP))
        _hold(file, what, wait, notify)
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
    """Open the lock file, and make it if it is missing; a link would empty another file."""
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


def _hold(file: TextIO, what: str, wait: float, notify: Notify) -> None:
    end, waits = time.monotonic() + wait, False
    while True:
        try:
            # flock, not lockf: the latter lets two threads of one process in.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            file.seek(0)
            owner = names.plain(file.read(_OWNER).strip()) or "another process"
            if time.monotonic() >= end:
                waited = f", even after {wait:.0f} s" if wait else ""
                raise RefusedError(
                    f"{owner} is writing to {what}{waited}",
                    "Wait until it has finished; reading the channel is safe meanwhile.",
                ) from error
        if not waits:
            notify(f"{owner} is writing to {what}: waiting up to {wait:.0f} s")
            waits = True
        process.raise_if_interrupted()
        time.sleep(_EVERY)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return f"uid {os.getuid()}"
