"""The checkout's own environment, `.venv`: made from the locks, then handed over to.

Only the standard library is used, and on the warm path as little of it as can be: every
command passes through here.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
SITE = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
STAMP = VENV / "made-from"
_VERSION = sys.version.split()[0]
_TAIL = 15  # lines of pip's output worth showing when it fails


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
        os.execv(VENV / "bin/python", [str(VENV / "bin/python"), "-I", *argv])
    except Trouble as trouble:
        _say(f"rootstock: {trouble.message}\n  {trouble.remedy}")
        sys.exit(trouble.code)
    except OSError as error:
        _say(f"rootstock: {error}\n  Is there space, and may you write in {CHECKOUT}?")
        sys.exit(4)
    except KeyboardInterrupt:
        _say("rootstock: interrupted; the next run begins .venv again")
        sys.exit(130)


def ensure(locks: Sequence[str]) -> None:
    """Make `.venv` hold the packages of the locks.

    The stamp is written last: an environment without it is half made, and made again. Whoever
    uses `.venv` holds a shared lock to its own end, also after handing over, so that it is
    not changed below a running build.
    """
    import fcntl

    wanted = _stamp(locks)
    try:
        holder = os.open(CHECKOUT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        if _is_in(wanted):
            return  # somebody else's checkout, ready for use
        raise
    _flock(holder, fcntl.LOCK_SH)
    while not _is_in(wanted):
        _flock(holder, fcntl.LOCK_UN)
        _flock(holder, fcntl.LOCK_EX)
        if not _is_in(wanted):
            _make(locks, wanted)
        _flock(holder, fcntl.LOCK_SH)
    os.set_inheritable(holder, True)


def _stamp(locks: Sequence[str]) -> list[str]:
    """What decides the contents of `.venv`, one thing a line: place, Python, locks."""
    from hashlib import sha256

    return [
        f"{CHECKOUT}",
        f"Python {_VERSION} in {os.path.realpath(sys.base_prefix)}",
        *(f"{name} {sha256((CHECKOUT / name).read_bytes()).hexdigest()}" for name in locks),
    ]


def _stamped() -> list[str]:
    try:
        return STAMP.read_text().splitlines()
    except OSError:
        return []


def _is_in(wanted: list[str]) -> bool:
    return set(wanted) <= set(_stamped())


def _flock(holder: int, how: int) -> None:
    import fcntl

    try:
        fcntl.flock(holder, how | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("Waiting for another rootstock of this checkout ...")
        fcntl.flock(holder, how)
    except OSError:
        pass  # a file system without locks: two at once is then the user's risk


def _make(locks: Sequence[str], wanted: list[str]) -> None:
    """Make `.venv`, or add the locks it does not hold yet."""
    import shutil
    import time

    machine = os.uname()
    if (machine.sysname, machine.machine) != ("Linux", "x86_64"):
        raise Trouble(
            4,
            f"rootstock runs on Linux x86_64, this is {machine.sysname} {machine.machine}",
            "Use a Linux machine, or a container on one.",
        )
    started = time.monotonic()
    have = _stamped()
    # Packages are only ever added: where a lock has changed, what it no longer names must go.
    grows = bool(have) and set(have) <= set(wanted)
    _say(f"Preparing .venv for Python {_VERSION}: once, until a lock changes")
    STAMP.unlink(missing_ok=True)
    if not grows:
        if VENV.exists():
            shutil.rmtree(VENV)
        _create()
    for name, line in zip(locks, wanted[2:], strict=True):
        if not (grows and line in have):
            _install(CHECKOUT / name)
    _add_checkout()
    STAMP.write_text("".join(f"{line}\n" for line in wanted))
    _say(f"Prepared .venv in {time.monotonic() - started:.0f} s")


def _create() -> None:
    """Make `.venv`, with pip where Python brings one along."""
    from importlib.util import find_spec
    from subprocess import CalledProcessError

    remedy = "Install them (Debian, Ubuntu: apt install python3-venv)."
    bundled = find_spec("ensurepip") is not None
    if find_spec("venv") is None or not (bundled or find_spec("pip")):
        raise Trouble(4, f"{sys.executable} has no venv module or no pip", remedy)
    import venv

    try:
        venv.create(VENV, symlinks=True, with_pip=bundled)
    except CalledProcessError as error:
        raise Trouble(4, f"{sys.executable} cannot make an environment: {error}", remedy) from error


def _install(lock: Path) -> None:
    """Install the packages of a lock, and nothing that is not in it."""
    import subprocess
    from collections import deque

    own = (SITE / "pip").is_dir()
    # Without a pip of its own, Python's puts the packages in place, the locked pip among them.
    pip = [str(VENV / "bin/python"), "-I", "-m", "pip"] if own else [sys.executable, "-m", "pip"]
    process = subprocess.Popen(
        [
            *(*pip, "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--progress-bar", "off", "--disable-pip-version-check", "--requirement", lock),
            *([] if own else ["--target", SITE]),
        ],
        env={**os.environ, "PIP_USER": "0", "PIP_TARGET": "", "PIP_PREFIX": "", "PIP_ROOT": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    tail: deque[str] = deque(maxlen=_TAIL)
    patience = True
    assert process.stdout
    for line in process.stdout:
        tail.append(line.rstrip())
        if line.lstrip().startswith("Downloading ") and "MB)" in line:
            _say(f"  {line.strip()}")
        elif "Retrying (" in line and patience:
            patience = False
            _say("  The package registry does not answer; trying again for a while")
    if process.wait():
        text = "\n".join(f"    {line}" for line in tail)
        full = any("No space left on device" in line for line in tail)
        raise Trouble(
            4 if full else 3,
            f"the packages of {lock.name} could not be installed. pip's last lines:\n{text}",
            "Make room on the disk."
            if full
            else "Look to the network, proxy or pip's settings; then run the same command again.",
        )


def _add_checkout() -> None:
    """Put this checkout's package, and the command `rootstock`, into `.venv`."""
    (SITE / "rootstock.pth").write_text("../../../../src\n")
    command = VENV / "bin/rootstock"
    command.write_text(
        "#!/bin/sh\n"
        'exec "$(dirname "$(readlink -f "$0")")/python" -I -m rootstock "$@"\n'
    )
    command.chmod(0o755)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
