"""Packages wheels one after the other in a sandbox that stays open.

To start a sandbox, and to unpack Python for it, takes longer than to package a small wheel. Nothing
of a wheel runs while it is packaged: its files are unpacked, compiled and listed. So the wheels of
a lock share sandboxes. Whatever runs a project's own code has one for itself.

When anything fails here, the job runs again in a sandbox of its own, which finds the reason.
"""

import math
import os
import queue
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from rootstock.building.cause import WRAP
from rootstock.building.job import Job
from rootstock.building.room import BuildContext, lay_out, sandbox
from rootstock.core import process, store
from rootstock.core.errors import RootstockError
from rootstock.image.engines.outsider import admit
from rootstock.image.output import NotTaken, move

_PROGRAM = Path(__file__).with_name("inside_series.py")
_GRACE = 5.0  # seconds for a sandbox to end by itself
_MOST = 4  # sandboxes that wait: each has Python unpacked


class _Stopped(Exception):
    """Nobody waits for the sandbox any more."""


class Wheels:
    """The open sandboxes of a run. Any number of threads may use them."""

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._idle: list[_Series] = []  # the one that waits longest is the first
        self._changing = threading.Lock()

    def pack(self, job: Job, log: Path, into: Path) -> Path | None:
        """Package a wheel; return the package, moved to the folder `into`, as the builder made it.

        Returns None when that failed. The log of the build goes to `log`.
        """
        if not (series := self._taken(job)):
            return None
        try:
            return series.pack(job, log, into)
        finally:
            self._give_back(series)

    def close(self) -> None:
        """End all sandboxes, when no thread uses them."""
        while self._idle:
            self._idle.pop().close()

    def _taken(self, job: Job) -> "_Series | None":
        """Return a sandbox for the needs of a job; None when none can be made."""
        needs = _names(job)
        with self._changing:
            for series in self._idle:
                if series.needs == needs:
                    self._idle.remove(series)
                    return series
        with suppress(OSError, RootstockError):
            return _Series(job, self._context)
        return None

    def _give_back(self, series: "_Series") -> None:
        with self._changing:
            unused = [series] if series.broken else []
            self._idle += [] if series.broken else [series]
            unused += self._idle[:-_MOST]
            del self._idle[:-_MOST]
        for one in unused:
            one.close()


def _names(job: Job) -> tuple[str, ...]:
    return tuple(need.path.parent.name for need in job.needs)


class _Series:
    """One open sandbox, for jobs with the same needs. One thread uses it at a time."""

    def __init__(self, job: Job, context: BuildContext) -> None:
        self.needs, self.broken = _names(job), False
        self._context, self._count, self._latest = context, 0, math.inf
        self._mark = uuid4().hex
        self._log: TextIO | None = None
        self._codes: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        with ExitStack() as end:
            self._folder = end.enter_context(context.store.scratch("series"))
            self.work, self._jobs = self._folder / "build", self._folder / "tool/jobs"
            for folder in (self.work / "home", self._jobs, self._folder / "sources"):
                folder.mkdir(parents=True)
            context.stage(job.needs, self._folder / "deps")
            os.mkfifo(self._jobs / "next")
            # For reading as well: else it would wait for the sandbox to open it.
            pipe = os.open(self._jobs / "next", os.O_RDWR | os.O_CLOEXEC)
            self._next = end.enter_context(os.fdopen(pipe, "w"))
            room = sandbox(self._folder, context, [_PROGRAM])
            words = (f"/rootstock/tool/{_PROGRAM.name}", self._mark, str(context.level))
            argv = [*WRAP, "/usr/bin/python3", *words]
            command = context.engine.command(room, argv)
            self._runner = threading.Thread(target=self._run, args=(command, room.name))
            self._runner.start()
            self._end = end.pop_all()

    def pack(self, job: Job, log: Path, into: Path) -> Path | None:
        """Package a wheel, as `Wheels.pack` does; after a failure, the series is broken."""
        self._count += 1
        place, sources = self._jobs / str(self._count), self._folder / "sources"
        self.broken = True
        try:
            lay_out(job, self._context.store, place, sources)
            admit(place)
            admit(sources)
            with log.open("w", encoding="utf-8", errors="replace") as self._log:
                print(place.name, file=self._next, flush=True)
                seconds = min(self._context.limits.seconds, threading.TIMEOUT_MAX)
                if self._codes.get(timeout=seconds) == 0:
                    package = move(self.work, f"out/{job.subdir}/{job.filename}", into)
                    self.broken = False
        except (OSError, queue.Empty, NotTaken):
            self.broken = True
        with suppress(OSError):  # the disk fails; they go with the sandbox's folder
            for folder in (place, *sources.iterdir()):
                store.remove(folder)
        if self.broken:
            log.unlink(missing_ok=True)
            return None
        return package

    def close(self) -> None:
        """End the sandbox and remove its folder."""
        self._latest = time.monotonic() + (0 if self.broken else _GRACE)
        self._next.close()  # at its end, the program ends
        self._runner.join()
        self._end.close()

    def _run(self, command: list[str], name: str) -> None:
        """Run the sandbox to its end."""
        try:
            process.follow(
                command,
                self._line,
                memory=self._context.limits.memory,
                cmdline_marker=name,
                look=self._look,
            )
        except (OSError, RootstockError, _Stopped):
            pass  # who waits for a job tries it in a sandbox of its own
        finally:
            self._codes.put(None)

    def _line(self, line: str) -> None:
        mark, _, code = line.partition(" ")
        try:
            if mark == self._mark:
                self._codes.put(int(code))
            elif self._log and not self._log.closed:
                print(line, file=self._log)
        except (OSError, ValueError):  # the disk is full, or nobody waits any more
            self._codes.put(None)

    def _look(self) -> None:
        if time.monotonic() > self._latest:
            raise _Stopped
