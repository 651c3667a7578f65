"""Client programs with a Python environment each, made from a lock file when first asked for.

What such a program depends on never meets what rootstock itself does, and whoever does not use
it never downloads it.

The environment is made in the store's tmp/, sealed, and put in place by one rename. What
survives that is kept: its `bin/python` is a link to this machine's, programs that are no
scripts work at any path. pip's scripts name the Python of where they were made, and are
taken out: they are called as `python -I -m MODULE`.
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
from rootstock.core.errors import NoSpace, SourceError, UsageError, no_space_told, tells_of_no_space
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store

_STAGE = "tools"
_TAIL = 15  # lines of pip's output worth showing when it fails
_PIN = re.compile(r"^[A-Za-z0-9][^\s=]*==", re.MULTILINE)


def ensure(lock: Path, store: Store, listen: Listener, *, offline: bool = False) -> Path:
    """The folder of an environment with the packages of a lock file, and no others.

    Its programs are in `bin/`; what is Python is run with `python(folder)`. Every package is
    held against the lock's sha256 by pip, which takes wheels only.

    Raises `UsageError` when there is no such lock, `SourceError` when a package cannot be had
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
        told = f"{place} is damaged: it is made anew"
        listen(Event(stage=_STAGE, item=lock.stem, state="note", detail=told))
        store.discard(place, lambda: seal.holds(environment))
    if offline:
        raise SourceError(
            f"the program {lock.stem} is not in the store, and the run is offline",
            "Run the same command once with the network.",
        )
    store.prepare()
    packages = len(_PIN.findall(content.decode()))
    told = f"{packages} packages, once, until {lock.name} changes"
    listen(Event(stage=_STAGE, item=lock.stem, state="start", detail=told))
    started = time.monotonic()
    try:
        with no_space_told(place), store.scratch("tool") as folder:
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
    """The command that runs the environment's Python, which then writes nothing into it."""
    return [str(environment / "bin/python"), "-I", "-B"]


def _digest(lock: bytes) -> str:
    # An environment belongs to the Python that made it: its links lead there.
    parts = (lock, sys.version.encode(), os.fsencode(sys.base_prefix))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _create(place: Path) -> None:
    import venv  # here, for few commands need it

    venv.create(place, symlinks=True, with_pip=False)


def _install(lock: Path, environment: Path, packages: int, listen: Listener) -> None:
    collected = 0

    def tell(line: str) -> None:
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
        tell,
        env=_environment(),
    )
    if tells_of_no_space(done.output):
        raise NoSpace(environment)
    if done.code:
        lines = done.output.splitlines()[-_TAIL:]
        text = "\n".join(f"    {line}" for line in lines)
        raise SourceError(
            f"the program {lock.stem} could not be installed. pip's last lines:\n{text}",
            "Look to the network, proxy and pip's settings; then run the same command again.",
        )


def _pip() -> Path:
    """The program of our own pip that runs it in another Python, in that one's process."""
    found = find_spec("pip")
    assert found and found.origin
    return Path(found.origin).with_name("__pip-runner__.py")


def _environment() -> Mapping[str, str]:
    # A user's settings for other installations must not lead this one elsewhere.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PIP_USER": "0", "PIP_TARGET": "", "PIP_PREFIX": "", "PIP_ROOT": ""}


def _remove_scripts(environment: Path) -> None:
    """Leave programs and links to them: scripts name the place that they were installed to."""
    for path in (environment / "bin").iterdir():
        if path.is_dir():
            places.remove(path)
        elif not path.is_symlink() and path.read_bytes()[:4] != b"\x7fELF":
            path.unlink()
