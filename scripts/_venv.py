"""The checkout's own environment, `.venv`: ready, then handed over to.

Every command passes through here, hence as little of the standard library as can be: the
rest, _venv_make.py, is read only when there is something to make.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from hashlib import sha256

TYPE_CHECKING = False  # typing itself takes longer to import than all that is done here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(CHECKOUT, ".venv")
PYTHON = os.path.join(VENV, "bin/python")
STAMP = os.path.join(VENV, "made-from")


class Trouble(Exception):
    """A failure with its remedy, and the exit code that the command line promises for it."""

    def __init__(self, code: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


def hand_over(locks: Sequence[str], argv: Sequence[str], hold_back: bool = False) -> NoReturn:
    """Replace this process by `.venv`'s Python with `argv`, after making `.venv` if need be.

    `locks` are the names of the lock files whose packages have to be there. With `hold_back`,
    Ctrl-C reaches what is started only once that says so, and not while Python itself starts,
    which would end with a trace. Ends with 2 when the current folder is gone, 3 when packages
    cannot be had, 4 when the machine lacks something, 130 when interrupted.
    """
    open_streams()
    try:
        require_folder()
        ensure(locks)
        if hold_back:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        # -I: neither the current folder nor PYTHONPATH, which many a physicist's set-up script
        # exports, may come before what the locks say.
        os.execv(PYTHON, [PYTHON, "-I", *argv])
    except Trouble as error:
        trouble = error
    except OSError as error:
        trouble = Trouble(4, str(error), f"Is there room, and may you write in {CHECKOUT}?")
    except KeyboardInterrupt:
        trouble = Trouble(130, "interrupted", "The next run makes .venv again.")
    say(f"error: {trouble.message}\n  {trouble.remedy}")
    if "--json" in argv:
        import json

        told = {"error": trouble.message, "remedy": trouble.remedy, "code": trouble.code}
        _write(1, json.dumps(told))
    sys.exit(trouble.code)


def require_folder() -> None:
    """Raise `Trouble` when the current folder was deleted: nothing could be found or made."""
    try:
        os.getcwd()
    except OSError as error:
        told = "the current folder is gone: it was deleted"
        raise Trouble(2, told, "Change to one that is there.") from error


def open_streams() -> None:
    """Have something open as standard input, output and error.

    What is closed becomes the null device: otherwise the next file that is opened would get its
    number, and with it what is printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number


def ensure(locks: Sequence[str]) -> None:
    """Make `.venv` hold the packages of the locks.

    The stamp is written last: an environment without it is half made, and made again. Whoever
    uses `.venv` keeps a shared lock to its own end, also after handing over, so that it is
    not changed below a running build.
    """
    wanted = stamp(locks)
    try:
        holder = os.open(VENV + ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        if holds(wanted):
            return  # somebody else's checkout, ready for use
        raise
    _flock(holder, fcntl.LOCK_SH)
    while not holds(wanted):
        _flock(holder, fcntl.LOCK_UN)
        _flock(holder, fcntl.LOCK_EX)
        if not holds(wanted):
            import _venv_make

            _venv_make.make(locks, wanted)
        _flock(holder, fcntl.LOCK_SH)
    os.set_inheritable(holder, True)


def stamp(locks: Sequence[str]) -> list[str]:
    """What decides the contents of `.venv`, one thing a line: place, Python, then the locks."""
    lines = [CHECKOUT, f"Python {sys.version.split()[0]} in {os.path.realpath(sys.base_prefix)}"]
    for name in locks:
        with open(os.path.join(CHECKOUT, name), "rb") as file:
            lines.append(f"{name} {sha256(file.read()).hexdigest()}")
    return lines


def stamped() -> list[str]:
    """The stamp of `.venv`; empty when there is no whole one."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


def holds(wanted: Sequence[str]) -> bool:
    """Whether `.venv` was made from all that is wanted."""
    return set(wanted) <= set(stamped())


def say(words: str) -> None:
    """Tell the user something, at once."""
    _write(2, words)


def _write(number: int, words: str) -> None:
    try:  # noqa: SIM105 - contextlib is not imported otherwise
        os.write(number, f"{words}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # a full disk, or nobody who reads: the exit code tells


def _flock(holder: int, how: int) -> None:
    try:
        fcntl.flock(holder, how | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another rootstock that uses this checkout's .venv ...")
        fcntl.flock(holder, how)
    except OSError:
        pass  # a file system without locks: two at once are then the user's risk
