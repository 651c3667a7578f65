"""Environments: solve and install from a channel, for machines without conda.

The work is done by installer.py in a process of its own: what it prints becomes events. The
environment is an ordinary one of conda's, with its conda-meta/ records.
"""

import fcntl
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rootstock import process, store
from rootstock.channel import index
from rootstock.channel.stage import NOARCH
from rootstock.errors import (
    MachineError,
    NoSpace,
    RootstockError,
    SourceError,
    UsageError,
    no_space_told,
    tells_of_no_space,
)
from rootstock.progress import Event, Listener

_STAGE = "env"
_INSTALLER = Path(__file__).with_name("installer.py")
_LOCK = "rootstock.lock"
_PARTS = 4  # processes that compile, at most
_TAIL = 20  # lines kept of what is not an event


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
    """A finished environment: its packages, the seconds its steps took, its bytes on disk."""

    prefix: Path
    packages: tuple[Installed, ...]
    solve_seconds: float
    install_seconds: float
    compile_seconds: float
    size: int


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
    leaves nothing in the prefix.

    Raises `UsageError` (the prefix is in use, a folder that is no channel, an unknown package,
    no solution), `SourceError` (a channel or a package that cannot be had, or is not what its
    hash says) and `MachineError` (no space left, a system too old).
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
    there = prefix.is_dir()
    if prefix.exists() and not (there and not any(prefix.iterdir())):
        raise UsageError(f"{prefix} is there and not empty", "Choose another prefix.")
    job |= {"prefix": str(prefix), "cache": str(cache.absolute())}
    try:
        with no_space_told(prefix):
            cache.mkdir(parents=True, exist_ok=True)
            (cache / _LOCK).touch()
            prefix.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be made: {error.strerror}") from error
    listen(Event(stage=_STAGE, item=prefix.name, state="start"))
    try:
        with _using(cache):
            told = _install(job, _Follower(prefix.name, listen))
        seconds = _compile(prefix)
    except BaseException:
        for path in prefix.iterdir():
            if path.is_dir() and not path.is_symlink():
                store.remove(path)
            else:
                path.unlink()
        if not there:
            prefix.rmdir()
        raise
    environment = Environment(
        prefix=prefix,
        packages=tuple(Installed(**record) for record in told["records"]),
        solve_seconds=told["solve"],
        install_seconds=told["install"],
        compile_seconds=seconds,
        size=_size(prefix),
    )
    listen(
        Event(
            stage=_STAGE,
            item=prefix.name,
            state="done",
            seconds=environment.solve_seconds + environment.install_seconds + seconds,
            total=environment.size,
            unit="B",
            detail=f"{len(environment.packages)} packages",
        )
    )
    return environment


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
    if not (folder / NOARCH / index.TABLE).is_file():
        raise UsageError(
            f"{folder} is not a channel" if folder.is_dir() else f"There is no channel {folder}",
            "Build one (scripts/build.py), or name one with --channel.",
        )
    return folder.as_uri()


class _Follower:
    """Turns what the installer prints into events, and keeps its last word."""

    def __init__(self, item: str, listen: Listener) -> None:
        self._item, self._listen = item, listen
        self._sizes: Mapping[str, int] = {}
        self._fetched: dict[str, int] = {}
        self._linked = 0
        self.last: dict[str, Any] = {}
        self.other: deque[str] = deque(maxlen=_TAIL)
        self.failure: Exception | None = None

    def follow(self, lines: Iterable[str]) -> None:
        """Read the lines to their end."""
        for line in lines:
            try:
                told = json.loads(line)
                event = told["event"]
            except (ValueError, TypeError, KeyError):
                self.other.append(line.rstrip())
                continue
            self.last = told
            if self.failure:
                continue  # but read on: the installer would wait for a reader
            try:
                self._tell(event, told)
            except Exception as error:
                self.failure = error

    def _tell(self, event: str, told: Mapping[str, Any]) -> None:
        name = told.get("name", "")
        if event == "solved":
            self._sizes = told["sizes"]
        elif event in ("fetch", "fetched"):
            self._fetched[name] = told["done"] if event == "fetch" else self._sizes[name]
            done, total = sum(self._fetched.values()), sum(self._sizes.values())
            self._progress(f"fetch {name}", done, total, "B")
        elif event == "damaged":
            detail = f"{told['path']} is damaged: it is unpacked anew"
            self._listen(Event(stage=_STAGE, item=self._item, state="note", detail=detail))
        elif event == "linked":
            self._linked += 1
            self._progress(f"link {name}", self._linked, len(self._sizes), "")

    def _progress(self, detail: str, done: float, total: float, unit: str) -> None:
        self._listen(
            Event(
                stage=_STAGE,
                item=self._item,
                state="progress",
                done=done,
                total=total,
                unit=unit,
                detail=detail,
            )
        )


def _install(job: Mapping[str, Any], follower: _Follower) -> dict[str, Any]:
    end, pipe = os.pipe()
    with open(end) as told:
        reader = threading.Thread(target=follower.follow, args=(told,))
        reader.start()
        try:
            ended = process.run(
                [sys.executable, _INSTALLER],
                stdin=json.dumps(job).encode(),
                log=Path(f"/proc/self/fd/{pipe}"),
            )
        finally:
            os.close(pipe)
            reader.join()
    if follower.failure:
        raise follower.failure
    last = follower.last
    if ended.code == 0 and last.get("event") == "done":
        return last
    if last.get("event") != "failed":
        lines = "\n".join(f"    {line}" for line in follower.other)
        last = {"kind": "install", "reason": f"the installer ended with {ended.code}\n{lines}"}
    raise _failure(last, job)


def _failure(last: Mapping[str, Any], job: Mapping[str, Any]) -> RootstockError:
    kind, reason, channel = last["kind"], last["reason"], job["channel"]
    if tells_of_no_space(reason):
        return NoSpace(f"{job['prefix']} or {job['cache']}")
    if kind == "unknown":
        return UsageError(
            f"{channel} has no package {last['name'] or '(a spec without a name)'}",
            f"It has {', '.join(last['near'])}." if last["near"] else "It is empty.",
        )
    if kind == "unsatisfiable":
        reasons = reason.removeprefix("Cannot solve the request because of: ").rstrip()
        if "__glibc" in reasons:
            system = f"glibc {job['glibc']}" if job["glibc"] else "this system's glibc"
            return MachineError(f"Not for {system}:\n{reasons}", "Use a newer system.")
        return UsageError(f"No packages go together as asked:\n{reasons}")
    if kind == "usage":
        return UsageError(f"{' '.join(job['specs'])}: {reason}", "Write it as NAME or 'NAME >=1'.")
    if kind == "channel":
        return SourceError(f"{channel} cannot be read: {reason}", "Is it a channel's URL?")
    return SourceError(f"{job['prefix']} was not made: {reason}")


def _compile(prefix: Path) -> float:
    """Byte-compile the Python packages that are for every Python; return the seconds."""
    python = prefix / "bin" / "python"
    files = [path for path in _pure(prefix) if path.endswith(".py")]
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

    # compileall's own -j is for folders.
    parts = min(os.cpu_count() or 1, _PARTS, len(files))
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(one, (files[i::parts] for i in range(parts))))
    return time.monotonic() - started


def _pure(prefix: Path) -> list[str]:
    records = (json.loads(path.read_text()) for path in (prefix / "conda-meta").glob("*.json"))
    return [
        path for record in records if record.get("noarch") == "python" for path in record["files"]
    ]


def _size(prefix: Path) -> int:
    """The bytes that the files of a folder take, each file once."""
    sizes: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(prefix):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())
