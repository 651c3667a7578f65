"""Makes a Python environment from a lock file for each client program, when first needed.

The dependencies of such a program never mix with rootstock's own, and people who do not use it
never download it.

The environment is made in the store's tmp/, sealed, and renamed into place. Everything that works
after the rename stays: `bin/python` is a link to this machine's Python, and programs that are not
scripts work at any path. pip's scripts contain the old path of their Python, so they are removed:
run them as `python -I -m MODULE`.
"""

import hashlib
import os
import re
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from rootstock.core import process, seal
from rootstock.core import store as places
from rootstock.core.errors import NoSpace, SourceError, UsageError, means_no_space, raising_no_space
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store

_STAGE = "tools"
_TAIL = 15  # lines of pip's output worth showing when it fails
_PIN = re.compile(r"^[A-Za-z0-9][^\s=]*==", re.MULTILINE)


def ensure(lock: Path, store: Store, listen: Listener, *, offline: bool = False) -> Path:
    """Return the folder of an environment with exactly the packages of a lock file.

    Its programs are in `bin/`; run its Python with `python(folder)`. pip compares every package
    with the lock's sha256, and takes wheels only.

    Raises `UsageError` when there is no such lock, `SourceError` when a package cannot be fetched
    (also when the run is offline) and `NoSpace`.
    """
    try:
        content = lock.read_bytes()
    except OSError as error:
        raise UsageError(f"{lock} cannot be read: {error.strerror}") from error
    place = store.tool(_digest(content))
    environment = place / "env"
    if seal.holds(environment):
        return environment
    if place.exists():
        message = f"{place} is damaged: rootstock makes it again"
        listen(Event(stage=_STAGE, item=lock.stem, state="note", detail=message))
        store.discard(place, lambda: seal.holds(environment))
    if offline:
        raise SourceError(
            f"the program {lock.stem} is not in the store, and the run is offline",
            "Run the same command once with the network.",
        )
    store.prepare()
    packages = len(_PIN.findall(content.decode()))
    message = f"{counted(packages, 'package')}, once, until {lock.name} changes"
    listen(Event(stage=_STAGE, item=lock.stem, state="start", detail=message))
    started = time.monotonic()
    try:
        with raising_no_space(place), store.scratch("tool") as folder:
            made = folder / "ready" / "env"
            _create(made)
            _install(lock, made, packages, listen)
            _remove_scripts(made)
            seal.put(made)
            places.publish(made.parent, place)
    except BaseException:
        listen(Event(stage=_STAGE, item=lock.stem, state="failed"))
        raise
    seconds = time.monotonic() - started
    listen(Event(stage=_STAGE, item=lock.stem, state="done", seconds=seconds))
    return environment


def python(environment: Path) -> list[str]:
    """The command that runs the environment's Python without writing into it."""
    return [str(environment / "bin/python"), "-I", "-B"]


def _digest(lock: bytes) -> str:
    # An environment belongs to the Python that made it: its links lead there.
    parts = (lock, sys.version.encode(), os.fsencode(sys.base_prefix))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _create(place: Path) -> None:
    import venv  # here, because few commands need it

    venv.create(place, symlinks=True, with_pip=False)


def _install(lock: Path, environment: Path, packages: int, listen: Listener) -> None:
    collected = 0

    def report(line: str) -> None:
        nonlocal collected
        if line.startswith("Collecting "):
            collected += 1
            name = line.split()[1].partition("==")[0]
            listen(
                Event(
                    stage=_STAGE,
                    item=lock.stem,
                    state="progress",
                    done=collected,
                    total=packages,
                    detail=name,
                )
            )

    done = process.follow(
        [
            *(environment / "bin/python", "-I", _pip(), "install"),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--progress-bar", "off", "--disable-pip-version-check", "--requirement", lock),
        ],
        report,
        env=_environment(),
    )
    if means_no_space(done.output):
        raise NoSpace(environment)
    if done.code:
        lines = done.output.splitlines()[-_TAIL:]
        text = "\n".join(f"    {line}" for line in lines)
        raise SourceError(
            f"the program {lock.stem} could not be installed. pip's last lines:\n{text}",
            "Check the network, the proxy and pip's settings; then run the same command again.",
        )


def _pip() -> Path:
    """The program of our own pip that runs it in another Python's process."""
    found = find_spec("pip")
    assert found and found.origin
    return Path(found.origin).with_name("__pip-runner__.py")


def _environment() -> Mapping[str, str]:
    # A user's settings for other installations must not redirect this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PIP_USER": "0", "PIP_TARGET": "", "PIP_PREFIX": "", "PIP_ROOT": ""}


def _remove_scripts(environment: Path) -> None:
    """Remove scripts, which contain the path of their installation; leave other programs."""
    for path in (environment / "bin").iterdir():
        if path.is_dir():
            places.remove(path)
        elif not path.is_symlink() and path.read_bytes()[:4] != b"\x7fELF":
            path.unlink()
