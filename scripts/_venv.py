"""The checkout's own environment, `.venv`: ready, then handed over to.

Every command passes through here, hence as little of the standard library as can be: the
rest, _venv_make.py, is read only when there is something to make.
"""

from __future__ import annotations

import fcntl
import os
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


def hand_over(locks: Sequence[str], argv: Sequence[str]) -> NoReturn:
    """Replace this process by `.venv`'s Python with `argv`, after making `.venv` if need be.

    `locks` are the names of the lock files whose packages have to be there. Ends with 3 when
    packages cannot be had, 4 when the machine lacks something, 130 when interrupted.
    """
    try:
        ensure(locks)
        # -I: neither the current folder nor PYTHONPATH, which many a physicist's set-up script
        # exports, may come before what the locks say.
        os.execv(PYTHON, [PYTHON, "-I", *argv])
    except Trouble as trouble:
        say(f"rootstock: {trouble.message}\n  {trouble.remedy}")
        sys.exit(trouble.code)
    except OSError as error:
        say(f"rootstock: {error}\n  Is there room on the disk, and may you write in {CHECKOUT}?")
        sys.exit(4)
    except KeyboardInterrupt:
        say("rootstock: interrupted; the next run makes .venv again")
        sys.exit(130)


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
    print(words, file=sys.stderr, flush=True)


def _flock(holder: int, how: int) -> None:
    try:
        fcntl.flock(holder, how | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another rootstock that uses this checkout's .venv ...")
        fcntl.flock(holder, how)
    except OSError:
        pass  # a file system without locks: two at once are then the user's risk
