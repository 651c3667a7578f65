"""One writer per channel; readers need no lock."""

import fcntl
import getpass
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rootstock.errors import RefusedError

_MODE = 0o644


@contextmanager
def writer(path: Path, what: str = "") -> Iterator[None]:
    """Hold the lock file at `path`; the kernel lets go of it when the process ends.

    Where a group may write the folder it is in, the group may hold it, too.
    `what` is what it guards, the folder two above if nothing else is said.

    Raises `RefusedError`, at once, naming the process that holds it.
    """
    with open(os.open(path, os.O_RDWR | os.O_CREAT, _MODE), "r+") as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():  # whatever the umask
            os.fchmod(file.fileno(), _MODE | (path.parent.stat().st_mode & stat.S_IWGRP))
        try:
            # flock and not lockf: the latter lets two threads of one process in.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = file.read().strip() or "another process"
            raise RefusedError(
                f"{what or path.parent.parent} is being written to by {owner}",
                "Wait until it has finished; reading the channel is safe meanwhile.",
            ) from error
        file.truncate(0)
        file.write(f"{_user()} on {socket.gethostname()}, process {os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            # The file stays: removing it would let two writers lock two different files.
            file.truncate(0)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return f"uid {os.getuid()}"
