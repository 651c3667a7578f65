"""Prepares the checkout's own environment, `.venv`, and hands over to it.

Every command passes through here, so this imports as little of the standard library as possible. It
reads the rest, _venv_make.py, only when there is something to make.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from hashlib import sha256

TYPE_CHECKING = False  # importing typing takes longer than everything that is done here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(CHECKOUT, ".venv")
PYTHON = os.path.join(VENV, "bin/python")
STAMP = os.path.join(VENV, "made-from")


class Trouble(Exception):
    """An error with its remedy, and the exit code of the command line's contract."""

    def __init__(self, code: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


def hand_over(locks: Sequence[str], argv: Sequence[str], hold_back: bool = False) -> NoReturn:
    """Replace this process by `.venv`'s Python with `argv`, and make `.venv` first if necessary.

    `locks` are the names of the lock files whose packages it needs. With `hold_back`, the started
    program decides when Ctrl-C reaches it. Otherwise Ctrl-C during the start of Python would end
    with a trace. Ends with 2 when the current folder was deleted, 3 when packages cannot be
    fetched, 4 when the machine lacks something, 130 when interrupted.
    """
    open_streams()
    try:
        require_folder()
        ensure(locks)
        if hold_back:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        # -I: neither the current folder nor PYTHONPATH, which set-up scripts of many physicists
        # export, may precede the locked packages.
        os.execv(PYTHON, [PYTHON, "-I", *argv])
    except Trouble as error:
        trouble = error
    except OSError as error:
        trouble = Trouble(4, str(error), f"Check that {CHECKOUT} is writable and has free space.")
    except KeyboardInterrupt:
        trouble = Trouble(130, "interrupted", "The next run makes .venv again.")
    say(f"error: {trouble.message}\n  {trouble.remedy}")
    if "--json" in argv:
        import json

        message = {"error": trouble.message, "remedy": trouble.remedy, "code": trouble.code}
        _write(1, json.dumps(message))
    sys.exit(trouble.code)


def require_folder() -> None:
    """Raise `Trouble` when the current folder was deleted: relative paths would fail."""
    try:
        os.getcwd()
    except OSError as error:
        message = "the current folder was deleted"
        raise Trouble(2, message, "Change to an existing folder.") from error


def open_streams() -> None:
    """Open standard input, output and error if they are closed.

    A closed stream becomes the null device: otherwise the next opened file would get its number,
    and all that is printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number


def ensure(locks: Sequence[str]) -> None:
    """Make `.venv` hold the packages of the locks.

    The stamp is written last: an environment without it is unfinished, and made again. A user of
    `.venv` keeps a shared lock to its own end, even after handing over, so that nobody changes it
    below a running build.
    """
    wanted = stamp(locks)
    try:
        holder = os.open(VENV + ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        if holds(wanted):
            return  # another user's checkout, ready for use
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
    """Return what decides the content of `.venv`, one item a line: path, Python, locks."""
    lines = [CHECKOUT, f"Python {sys.version.split()[0]} in {os.path.realpath(sys.base_prefix)}"]
    for name in locks:
        with open(os.path.join(CHECKOUT, name), "rb") as file:
            lines.append(f"{name} {sha256(file.read()).hexdigest()}")
    return lines


def stamped() -> list[str]:
    """Return the stamp of `.venv`; empty when it is incomplete."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


def holds(wanted: Sequence[str]) -> bool:
    """Whether `.venv` was made from everything in `wanted`."""
    return set(wanted) <= set(stamped())


def say(words: str) -> None:
    """Print a text for the user, at once."""
    _write(2, words)


def _write(number: int, words: str) -> None:
    try:  # noqa: SIM105 - contextlib is not imported otherwise
        os.write(number, f"{words}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # a full disk, or no reader: the exit code shows the error


def _flock(holder: int, how: int) -> None:
    try:
        fcntl.flock(holder, how | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another rootstock that uses this checkout's .venv ...")
        fcntl.flock(holder, how)
    except OSError:
        pass  # a file system without locks: parallel runs are then the user's risk
