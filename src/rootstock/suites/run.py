"""Runs the suites of packages in the environment of a cell, each in a sandbox of its own.

The environment is made for this, from the packages of the cell and the tools that run tests; see
smoke/bench.py.
"""

import os
import time
from pathlib import Path
from typing import BinaryIO

from rootstock.core import process
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine, Mount
from rootstock.image.engines.outsider import admit
from rootstock.image.output import opened
from rootstock.smoke.bench import OUT, sandbox
from rootstock.smoke.run import PREFIX, System
from rootstock.suites.results import Reading, SuiteResult, judge
from rootstock.suites.suite import STAGE, Suite

INSIDE = Path(__file__).with_name("inside")
_PROGRAMS = "/rootstock/checks"  # a folder of the system's root that also serves the smoke tests
_RESULTS = "results"
_CHUNK = 1 << 20  # bytes
_MOST = 1 << 30  # bytes of results that are read: some millions of tests
_AGAIN = 2.0  # seconds between two lines of progress


def run(
    suite: Suite,
    prefix: Path,
    *,
    label: str,
    limit: float,
    memory: float,
    expected: float | None,
    system: System,
    engine: Engine,
    store: Store,
    logs: Path,
    listen: Listener,
) -> SuiteResult:
    """Run a suite in the environment `prefix`, for at most `limit` seconds and `memory` bytes.

    `expected` is the seconds it took before. Its log is `PACKAGE.log` in `logs`. Raises
    `InterruptedByUser` after Ctrl-C, when everything it started has ended.
    """
    listen(Event(stage=STAGE, item=label, state="start", expected=expected, detail=suite.version))
    log = logs / f"{suite.package}.log"
    log.unlink(missing_ok=True)
    reading = Reading()
    with store.scratch("suite") as out:
        admit(INSIDE)
        box = sandbox(system, prefix, out, Mount(source=INSIDE, target=_PROGRAMS))
        results = _Results(out, reading)
        last = time.monotonic()

        def look() -> None:
            nonlocal last
            results.take()
            if time.monotonic() - last >= _AGAIN:
                last = time.monotonic()
                done, total = len(reading.outcomes), reading.found or None
                listen(Event(stage=STAGE, item=label, state="progress", done=done, total=total))

        argv = [f"{PREFIX}/bin/python", f"{_PROGRAMS}/run_suite.py", f"{OUT}/{_RESULTS}"]
        done = process.run(
            engine.command(box, [*argv, *suite.words]),
            log=log,
            timeout=limit,
            memory=memory,
            look=look,
        )
        results.take()
        results.close()
    found = judge(
        suite,
        reading,
        seconds=done.seconds,
        over=done.over,
        limit=limit,
        code=done.code,
        log=str(log),
        fault=results.fault,
    )
    listen(_ended(label, found))
    return found


def _ended(label: str, found: SuiteResult) -> Event:
    return Event(
        stage=STAGE,
        item=label,
        state="done" if found.state == "passed" else "failed",
        seconds=found.seconds,
        detail=found.figures if not found.reason else f"{found.reason}: {found.figures}",
    )


class _Results:
    """The file with the results, which an untrusted sandbox writes while this reads it."""

    def __init__(self, folder: Path, reading: Reading) -> None:
        self.fault = ""
        self._folder = folder
        self._reading = reading
        self._file: BinaryIO | None = None
        self._left = _MOST

    def take(self) -> None:
        """Read what was written since the last time; record an error as the `fault`."""
        if self.fault or not os.path.lexists(self._folder / _RESULTS):
            return
        try:
            self._file = self._file or opened(self._folder, _RESULTS)
            while data := self._file.read(_CHUNK):
                self._left -= len(data)
                if self._left < 0:
                    raise ValueError("its results are too long")
                self._reading.take(data)
        except ValueError as error:  # NotTaken is one
            self.fault = str(error)

    def close(self) -> None:
        """Stop reading."""
        if self._file:
            self._file.close()
