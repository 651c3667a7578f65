"""Makes `.venv` from the lock files, with Python's own means."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from _venv import CHECKOUT, PYTHON, STAMP, VENV, Trouble, say, stamped

_VERSION = sys.version.split()[0]
_SITE = Path(VENV, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
_TAIL = 15  # lines of pip's output worth showing when it fails


def make(locks: Sequence[str], wanted: Sequence[str]) -> None:
    """Make `.venv` from the locks, or add missing ones; `wanted` is its stamp.

    Raises `Trouble` when it cannot be made, `OSError` when a file cannot be written.
    """
    machine = os.uname()
    if (machine.sysname, machine.machine) != ("Linux", "x86_64"):
        raise Trouble(
            4,
            f"rootstock runs on Linux x86_64, but this is {machine.sysname} {machine.machine}",
            "Use a Linux machine, or a container on one.",
        )
    started = time.monotonic()
    have = stamped()
    # Packages are only added: after a change of a lock, the packages that it dropped must go.
    grows = bool(have) and set(have) <= set(wanted)
    say(f"Preparing .venv for Python {_VERSION}: once, until a lock file changes")
    Path(STAMP).unlink(missing_ok=True)
    if not grows:
        if os.path.lexists(VENV):
            shutil.rmtree(VENV)
        _create()
    for name, line in zip(locks, wanted[-len(locks) :], strict=True):
        if not (grows and line in have):
            _install(Path(CHECKOUT, name))
    _add_checkout()
    Path(STAMP).write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    say(f"Prepared .venv in {time.monotonic() - started:.0f} s")


def _create() -> None:
    """Make an environment, with pip if Python brings it."""
    remedy = "Install them (Debian, Ubuntu: apt install python3-venv)."
    bundled = find_spec("ensurepip") is not None
    if find_spec("venv") is None or not (bundled or find_spec("pip")):
        raise Trouble(4, f"{sys.executable} comes without its modules venv and ensurepip", remedy)
    import venv

    try:
        venv.create(VENV, symlinks=True, with_pip=bundled)
    except subprocess.CalledProcessError as error:
        raise Trouble(4, f"{sys.executable} cannot make an environment: {error}", remedy) from error


def _install(lock: Path) -> None:
    """Install exactly the packages of a lock."""
    own = (_SITE / "pip").is_dir()
    # If the environment has no pip yet, Python's own pip installs the packages, including the
    # locked pip.
    pip = [PYTHON, "-I", "-m", "pip"] if own else [sys.executable, "-m", "pip"]
    process = subprocess.Popen(
        [
            *(*pip, "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--progress-bar", "off", "--disable-pip-version-check", "--requirement", str(lock)),
            *(() if own else ("--target", str(_SITE))),
        ],
        # A user's settings for other installations must not redirect this one.
        env={
            **_without_secrets(),
            "PIP_USER": "0",
            "PIP_TARGET": "",
            "PIP_PREFIX": "",
            "PIP_ROOT": "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    tail: deque[str] = deque(maxlen=_TAIL)
    try:
        _follow(process, tail)
        code = process.wait()
    except BaseException:  # Ctrl-C: it must not write where the next run will
        process.terminate()
        process.wait()
        raise
    if code:
        full = any("No space left on device" in line for line in tail)
        text = "\n".join(f"    {line}" for line in tail)
        raise Trouble(
            4 if full else 3,
            f"the packages of {lock.name} could not be installed. pip's last lines:\n{text}",
            "Free space on the disk."
            if full
            else "Check the network, proxy and pip's settings; then run the same command again.",
        )


def _without_secrets() -> dict[str, str]:
    """Return the environment without secrets.

    rootstock.core.tokens has the complete rule, but nothing is installed yet, so that this cannot
    import it.
    """
    secret = re.compile("(TOKEN|PASSWORD|PASSPHRASE|SECRET|API_KEY|ACCESS_KEY|PRIVATE_KEY)$")
    return {name: value for name, value in os.environ.items() if not secret.search(name)}


def _follow(process: "subprocess.Popen[str]", tail: "deque[str]") -> None:
    """Read pip's output to its end; report large downloads and a silent network."""
    answered = True
    assert process.stdout
    for line in process.stdout:
        if "Retrying (" in line:
            if answered:
                say("  The package registry does not answer; trying again for a while")
                tail.append(line.strip())
            answered = False
        elif not line.startswith("Looking in "):
            tail.append(line.strip())
        if line.lstrip().startswith("Downloading ") and "MB)" in line:
            say(f"  {line.strip()}")


def _add_checkout() -> None:
    """Add the checkout's package, and the command `rootstock`, to the environment."""
    (_SITE / "rootstock.pth").write_text("../../../../src\n")
    command = Path(VENV, "bin/rootstock")
    command.write_text(
        '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -I -m rootstock "$@"\n'
    )
    command.chmod(0o755)
