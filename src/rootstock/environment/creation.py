"""Environments: solves and installs from a channel, on machines without conda.

installer.py does the work in a process of its own, whose output becomes events. The environment is
an ordinary conda environment, with its conda-meta/ records.
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
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener
from rootstock.environment import installing
from rootstock.environment.installing import STAGE
from rootstock.environment.prefix import Claim, claimed

_LOCK = "rootstock.lock"
_TABLE = "noarch/repodata.json"  # every channel has it
_PARTS = 4  # the most processes that compile
_TRIES = 3  # the first finds damage, the second unpacks those packages again


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
    """A finished environment: its packages, and the seconds of its steps.

    The size is that of its unpacked packages on disk, in bytes, as if it shared no file with the
    cache.
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
        """The environment as a JSON object."""
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

    Packages are unpacked in `cache` and hard-linked from there where possible. `glibc` is the
    version to solve for, when it is not this machine's. A failure, or an interruption, leaves
    nothing in the prefix; remains of a killed process there are removed.

    Raises `UsageError` when the prefix is not empty, a folder is no channel, or a package is
    unknown, and when there is no solution. Raises `RefusedError` when another process makes an
    environment there. Raises `SourceError` when a channel or a package cannot be fetched, or does
    not match its hash. Raises `MachineError` when no space is left or the system is too old.
    """
    job = {"specs": list(specs), "channel": _url(channel), "glibc": glibc}
    return _create(prefix, job, cache, listen)


def create_locked(
    prefix: Path, locked: Sequence[Locked], *, cache: Path, listen: Listener
) -> Environment:
    """Make an environment of exactly the packages of a lock; nothing is solved.

    Packages in `cache` with the right sha256 are not fetched. Raises as `create` does.
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
            _note(prefix, listen, "an unfinished environment of a killed command was removed")
        result = _install(claim, job, listen)
        seconds = _compile(prefix, result["pure"])
    if result["scripts"]:
        names = ", ".join(result["scripts"])
        _note(prefix, listen, f"conda would run scripts of {names}; rootstock does not run them")
    environment = Environment(
        prefix=prefix,
        packages=tuple(Installed(**record) for record in result["records"]),
        solve_seconds=result["solve"],
        install_seconds=result["install"],
        compile_seconds=seconds,
        size=result["size"],
    )
    listen(
        Event(
            stage=STAGE,
            item=prefix.name,
            state="done",
            seconds=environment.solve_seconds + environment.install_seconds + seconds,
            total=environment.size,
            unit="B",
            detail=counted(len(environment.packages), "package"),
        )
    )
    return environment


def _install(claim: Claim, job: Mapping[str, Any], listen: Listener) -> dict[str, Any]:
    """Run the installer until it finds no damage among the packages it linked."""
    for _ in range(_TRIES):
        result = installing.run(job, claim.path.name, listen)
        if result["event"] == "done":
            return result
        claim.clear()
    raise SourceError(
        f"{claim.path} was not made: {job['cache']} was damaged at each attempt",
        "Check whether another program writes there, and whether its disk is sound.",
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
    """Use the cache; remove what killed installers left half unpacked.

    Finished packages get their name by a rename, so that everything with a hidden name is either
    such a leftover or in work. Users share a lock; a user who gets it alone cleans up.
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
    """Byte-compile the noarch Python packages; return the seconds.

    Their records in conda-meta/ identify them.
    """
    python = prefix / "bin" / "python"
    files = [path for name in records for path in _files(prefix / "conda-meta" / name)]
    if not files or not python.exists():
        return 0.0
    started = time.monotonic()

    def one(part: Sequence[str]) -> None:
        names = "".join(f"{prefix / path}\n" for path in part)
        # A file that does not compile concerns only its package, as with pip.
        process.run(
            [python, "-I", "-m", "compileall", "-q", "-i", "-"],
            env={},
            stdin=names.encode(),
            log=Path(os.devnull),
        )

    from concurrent.futures import ThreadPoolExecutor  # here, because few environments need it

    # compileall's own -j only works for folders.
    parts = min(os.cpu_count() or 1, _PARTS, len(files))
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(one, (files[i::parts] for i in range(parts))))
    return time.monotonic() - started


def _files(record: Path) -> list[str]:
    return [path for path in json.loads(record.read_text())["files"] if path.endswith(".py")]
