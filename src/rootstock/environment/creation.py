"""Environments: solve and install from a channel, for machines without conda.

The work is done by installer.py in a process of its own: what it prints becomes events. The
environment is an ordinary one of conda's, with its conda-meta/ records.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rootstock.core import process, store
from rootstock.core.errors import SourceError, UsageError, raising_no_space
from rootstock.core.progress import Event, Listener
from rootstock.environment import installing
from rootstock.environment.installing import STAGE
from rootstock.environment.prefix import Claim, claimed

_LOCK = "rootstock.lock"
_TABLE = "noarch/repodata.json"  # which every channel has
_PARTS = 4  # processes that compile, at most
_TRIES = 3  # the first finds what is damaged, the second unpacks it anew


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A package of an environment. The size is that of its file, in bytes."""

    name: str
    version: str
    build: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A package of a lock: its URL and sha256; md5 and size, in bytes, where the lock has them."""

    url: str
    sha256: str
    md5: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A finished environment: its packages, and the seconds its steps took.

    The size is what its packages take on disk, unpacked: the bytes that it would take if nothing
    of it was linked with the cache.
    """

    prefix: Path
    packages: tuple[Installed, ...]
    solve_seconds: float
    install_seconds: float
    compile_seconds: float
    size: int

    @property
    def python(self) -> Path | None:
        """Its Python, if it has one."""
        path = self.prefix / "bin/python"
        return path if path.exists() else None

    def as_json(self) -> dict[str, Any]:
        """It as `json.dumps` takes it."""
        return {**asdict(self), "prefix": str(self.prefix)}


def create(
    prefix: Path,
    specs: Sequence[str],
    channel: Path | str,
    *,
    cache: Path,
    listen: Listener,
    glibc: str | None = None,
) -> Environment:
    """Make an environment with `specs` in `prefix`, from a channel's folder or URL.

    Packages are unpacked in `cache` and hard-linked from there where that can be. `glibc` is
    the version to solve for, when it is not this machine's. A failure, or an interruption,
    leaves nothing in the prefix; what a killed process left there is removed.

    Raises `UsageError` (the prefix is not empty, a folder that is no channel, an unknown
    package, no solution), `RefusedError` (another process makes an environment there),
    `SourceError` (a channel or a package that cannot be had, or is not what its hash says) and
    `MachineError` (no space left, a system too old).
    """
    job = {"specs": list(specs), "channel": _url(channel), "glibc": glibc}
    return _create(prefix, job, cache, listen)


def create_locked(
    prefix: Path, locked: Sequence[Locked], *, cache: Path, listen: Listener
) -> Environment:
    """Make an environment of just the packages of a lock; nothing is solved.

    What is in `cache` with the right sha256 is not fetched. Raises as `create` does.
    """
    job = {"lock": [asdict(package) for package in locked], "channel": "the lock", "glibc": None}
    return _create(prefix, job, cache, listen)


def _create(prefix: Path, job: dict[str, Any], cache: Path, listen: Listener) -> Environment:
    prefix = prefix.absolute()
    job |= {"prefix": str(prefix), "cache": str(cache.absolute())}
    _prepare(cache)
    with claimed(prefix) as claim, _using(cache):
        listen(Event(stage=STAGE, item=prefix.name, state="start"))
        if claim.leftover:
            _note(prefix, listen, "half an environment, of a command that was ended, was removed")
        told = _install(claim, job, listen)
        seconds = _compile(prefix, told["pure"])
    if told["scripts"]:
        names = ", ".join(told["scripts"])
        _note(prefix, listen, f"conda would run scripts of {names}, which rootstock does not run")
    environment = Environment(
        prefix=prefix,
        packages=tuple(Installed(**record) for record in told["records"]),
        solve_seconds=told["solve"],
        install_seconds=told["install"],
        compile_seconds=seconds,
        size=told["size"],
    )
    listen(
        Event(
            stage=STAGE,
            item=prefix.name,
            state="done",
            seconds=environment.solve_seconds + environment.install_seconds + seconds,
            total=environment.size,
            unit="B",
            detail=f"{len(environment.packages)} packages",
        )
    )
    return environment


def _install(claim: Claim, job: Mapping[str, Any], listen: Listener) -> dict[str, Any]:
    """Run the installer until it finds nothing damaged in the cache among what it has linked."""
    for _ in range(_TRIES):
        told = installing.run(job, claim.path.name, listen)
        if told["event"] == "done":
            return told
        claim.clear()
    raise SourceError(
        f"{claim.path} was not made: {job['cache']} is damaged, whenever it is looked at",
        "Is something else writing there? Is its disk sound?",
    )


def _note(prefix: Path, listen: Listener, detail: str) -> None:
    listen(Event(stage=STAGE, item=prefix.name, state="note", detail=detail))


def _prepare(cache: Path) -> None:
    try:
        with raising_no_space(cache):
            cache.mkdir(parents=True, exist_ok=True)
            (cache / _LOCK).touch()
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be made: {error.strerror}") from error


@contextmanager
def _using(cache: Path) -> Iterator[None]:
    """Use the cache; sweep out what ended installers left unpacked half-way.

    Finished packages get their name by a rename, so that everything with a hidden name is
    either such a leftover or being worked on. Users share a lock; who gets it alone sweeps.
    """
    with (cache / _LOCK).open("w") as file:
        _sweep(cache, file.fileno())
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        except BaseException:
            _sweep(cache, file.fileno())
            raise


def _sweep(cache: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for path in cache.glob(".*"):
        if path.is_dir():
            store.remove(path)


def _url(channel: Path | str) -> str:
    if isinstance(channel, str) and "://" in channel:
        return channel
    folder = Path(channel).absolute()
    if not (folder / _TABLE).is_file():
        raise UsageError(
            f"{folder} is not a channel" if folder.is_dir() else f"There is no channel {folder}",
            "Build one (scripts/build.py), or name one with --channel.",
        )
    return folder.as_uri()


def _compile(prefix: Path, records: Sequence[str]) -> float:
    """Byte-compile the Python packages that are for every Python; return the seconds.

    They are known by the names of their records in conda-meta/.
    """
    python = prefix / "bin" / "python"
    files = [path for name in records for path in _files(prefix / "conda-meta" / name)]
    if not files or not python.exists():
        return 0.0
    started = time.monotonic()

    def one(part: Sequence[str]) -> None:
        names = "".join(f"{prefix / path}\n" for path in part)
        # A file that does not compile is the package's business, as it is with pip.
        process.run(
            [python, "-I", "-m", "compileall", "-q", "-i", "-"],
            env={},
            stdin=names.encode(),
            log=Path(os.devnull),
        )

    from concurrent.futures import ThreadPoolExecutor  # here, for few environments need it

    # compileall's own -j is for folders.
    parts = min(os.cpu_count() or 1, _PARTS, len(files))
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(one, (files[i::parts] for i in range(parts))))
    return time.monotonic() - started


def _files(record: Path) -> list[str]:
    return [path for path in json.loads(record.read_text())["files"] if path.endswith(".py")]
