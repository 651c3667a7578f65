"""Runs the acceptance tests of a cell, each only once while its inputs do not change."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rootstock.acceptance.compare import compare
from rootstock.acceptance.model import AcceptanceTest
from rootstock.acceptance.numbers import Number
from rootstock.acceptance.report import STAGE, AcceptanceResult
from rootstock.acceptance.run import run
from rootstock.core import result_cache
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener, State
from rootstock.core.store import Store
from rootstock.smoke.bench import Bench

_STATES: Mapping[str, State] = {"passed": "done", "failed": "failed", "not run": "skipped"}


def test_cell(
    bench: Bench,
    tests: Sequence[AcceptanceTest],
    packages: Collection[str],
    *,
    runners: Mapping[str, Sequence[str]],
    before: Mapping[str, Mapping[str, Number]],
    release: int,
    store: Store,
    logs: Path,
    listen: Listener,
) -> Iterator[AcceptanceResult]:
    """Yield the results of a cell's tests, one after the other, each when it has ended.

    `packages` are the names of those in the environment. `runners` has the words that run a
    program, by its name. The numbers are compared with `before`, those of a `release` by test.

    What a test that ended well has written is stored. Others run again the next time.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with store.scratch("acceptance") as scratch:
        prefix = scratch / f"{bench.cell}-acceptance"

        def ran(test: AcceptanceTest) -> AcceptanceResult:
            if not prefix.exists():
                bench.install(scratch, prefix, store, listen)
            return run(
                test,
                runners[test.program],
                prefix,
                memory=bench.memory,
                system=bench.system,
                engine=bench.engine(),
                store=store,
                logs=logs,
            )

        for test in tests:
            label = f"{bench.cell}: {test.name}"
            listen(Event(stage=STAGE, item=label, state="start", detail=test.title))
            place = store.result(STAGE, bench.digest(Path(__file__).parent, _own(test, runners)))
            kept: Mapping[str, Any] | None = None
            if missing := sorted({*test.needs} - {*packages}):
                result = _not_run(test, f"not in the environment: {', '.join(missing)}")
            elif kept := result_cache.read(place, STAGE, listen):
                result = AcceptanceResult.from_json(kept)
            elif (result := ran(test)).outcome == "passed":
                result_cache.write(place, asdict(result), store)
            if result.outcome == "passed":
                found = compare(test, before.get(test.name, {}), result.numbers)
                result = result.judged(found, release)
            listen(_ended(label, result, kept=bool(kept)))
            yield result


def _not_run(test: AcceptanceTest, reason: str) -> AcceptanceResult:
    return AcceptanceResult(name=test.name, title=test.title, outcome="not run", reason=reason)


def _ended(label: str, result: AcceptanceResult, *, kept: bool) -> Event:
    """Return the event of the end of a test; `kept` means that it did not run again."""
    well = kept and result.outcome == "passed"
    accepted = f", {len(result.differences)} new and accepted" if result.differences else ""
    return Event(
        stage=STAGE,
        item=label,
        state="kept" if well else _STATES[result.outcome],
        seconds=None if kept else result.seconds,
        detail=result.reason or f"{counted(len(result.numbers), 'number')}{accepted}",
    )


def _own(test: AcceptanceTest, runners: Mapping[str, Sequence[str]]) -> str:
    """Return what of a test decides what it writes."""
    return json.dumps([test.name, test.program, runners[test.program], test.limit, test.digest()])
