"""Runs an acceptance test in the environment of a cell, in a sandbox of its own.

It works in a copy of its folder, so it finds its files by their names and can write beside them.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rootstock.acceptance import numbers
from rootstock.acceptance.model import AcceptanceTest
from rootstock.acceptance.numbers import FILE, Number
from rootstock.acceptance.report import AcceptanceResult, Outcome
from rootstock.core import process
from rootstock.core.errors import UsageError
from rootstock.core.formatting import duration
from rootstock.core.process import Completed
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.smoke.bench import OUT, sandbox
from rootstock.smoke.run import PREFIX, System

_PLACE = "test"  # the copy of its folder
_TAIL = 15


def run(
    test: AcceptanceTest,
    words: Sequence[str],
    prefix: Path,
    *,
    memory: float,
    system: System,
    engine: Engine,
    store: Store,
    logs: Path,
) -> AcceptanceResult:
    """Run a test by the program `words` of the environment `prefix`.

    It may hold `memory` bytes. Its log is `NAME.log` in `logs`. Raises `UsageError` when its files
    cannot be copied.
    """
    log = logs / f"{test.name}.log"
    log.unlink(missing_ok=True)
    sha256 = test.digest()
    with store.scratch("acceptance") as out:
        try:
            shutil.copytree(
                test.folder, out / _PLACE, ignore=shutil.ignore_patterns("__pycache__", FILE)
            )
        except shutil.Error as error:
            raise UsageError(f"{test.folder} cannot be copied: {error}") from error
        box = sandbox(system, prefix, out, cwd=f"{OUT}/{_PLACE}")
        program, *options = words
        argv = [f"{PREFIX}/{program}", *options, test.program]
        done = process.run(engine.command(box, argv), log=log, timeout=test.limit, memory=memory)
        written, outcome, reason = _judge(test, done, out)
    return AcceptanceResult(
        name=test.name,
        title=test.title,
        outcome=outcome,
        sha256=sha256,
        seconds=round(done.seconds, 2),
        numbers=written,
        reason=reason,
        tail=process.tail(log, _TAIL),
        log=str(log),
    )


def _judge(
    test: AcceptanceTest, done: Completed, out: Path
) -> tuple[dict[str, Number], Outcome, str]:
    """Return the numbers of a test that ended, its outcome, and why it failed."""
    if done.over:
        over = f"exceeded {duration(test.limit)}" if done.over == "time" else "held too much memory"
        return {}, "failed", f"it {over}"
    if done.code:
        how = f"was killed by signal {-done.code}" if done.code < 0 else f"exit code {done.code}"
        return {}, "failed", f"it {how}" if done.code < 0 else how
    try:
        return numbers.read(out, f"{_PLACE}/{FILE}"), "passed", ""
    except ValueError as error:  # NotTaken is one
        return {}, "failed", f"it wrote no numbers: {error}"
