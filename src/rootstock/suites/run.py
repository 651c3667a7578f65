"""Runs the suites of packages in the environment of a cell, each in a sandbox of its own.

The environment is made for this, from the packages of the cell and the tools that run tests. As in
the smoke tests it is mounted read-only at another place, on the old and bare system, without
network. A suite has a writable folder, which is its home, and may call the programs of the
environment.
"""

import os
import time
from pathlib import Path
from typing import BinaryIO

from rootstock.core import process
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.image.output import opened
from rootstock.smoke.run import PREFIX, System
from rootstock.suites.results import Reading, SuiteResult, judge
from rootstock.suites.suite import STAGE, Suite

INSIDE = Path(__file__).with_name("inside")
# Folders of the system's root that also serve the smoke tests.
_PROGRAMS = "/rootstock/checks"
_OUT = "/rootstock/out"
_ENV = {
    "PATH": f"{PREFIX}/bin:/usr/bin:/bin",
    "HOME": f"{_OUT}/home",
    "TMPDIR": f"{_OUT}/tmp",
    "LANG": "C.UTF-8",
    "PYTHONTZPATH": f"{PREFIX}/share/zoneinfo",  # Python would use the path of the installation
}
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
        for name in ("home", "tmp"):
            (out / name).mkdir()
        admit(out, write=True)
        admit(INSIDE)
        sandbox = Sandbox(
            root=system.root,
            mounts=(
                Mount(source=prefix, target=PREFIX),
                Mount(source=INSIDE, target=_PROGRAMS),
                Mount(source=out, target=_OUT, writable=True),
            ),
            env=_ENV,
            cwd=_OUT,
        )
        results = _Results(out, reading)
        last = time.monotonic()

        def look() -> None:
            nonlocal last
            results.take()
            if time.monotonic() - last >= _AGAIN:
                last = time.monotonic()
                done, total = len(reading.outcomes), reading.found or None
                listen(Event(stage=STAGE, item=label, state="progress", done=done, total=total))

        argv = [f"{PREFIX}/bin/python", f"{_PROGRAMS}/run_suite.py", f"{_OUT}/{_RESULTS}"]
        done = process.run(
            engine.command(sandbox, [*argv, *suite.words]),
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
    listen(
        Event(
            stage=STAGE,
            item=label,
            state="done" if found.state == "passed" else "failed",
            seconds=found.seconds,
            detail=found.figures if not found.reason else f"{found.reason}: {found.figures}",
        )
    )
    return found


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
