"""Runs the suites of a cell, each only once while its inputs do not change."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rootstock.core import names, regular, result_cache, shape
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.smoke.bench import Bench
from rootstock.suites.results import SuiteResult
from rootstock.suites.run import run
from rootstock.suites.suite import STAGE, Deep, Suite


def test_cell(
    bench: Bench,
    suites: Sequence[Suite],
    deep: Deep,
    *,
    store: Store,
    logs: Path,
    listen: Listener,
) -> Iterator[SuiteResult]:
    """Yield the results of a cell's suites, one after the other, each when it has ended.

    Passed suites are stored. Others run again the next time: the machine may have been busy.
    """
    logs.mkdir(parents=True, exist_ok=True)
    took = seconds(store)
    with store.scratch("suites") as scratch:
        prefix = scratch / f"{bench.cell}-deep"
        for suite in suites:
            label = f"{bench.cell}: {suite.package}"
            own = json.dumps(asdict(suite), sort_keys=True)
            place = store.result(STAGE, bench.digest(Path(__file__).parent, own))
            if known := result_cache.read(place, STAGE, listen):
                found = SuiteResult.from_json(known)
                listen(Event(stage=STAGE, item=label, state="kept", detail=found.figures))
                yield found
                continue
            if not prefix.exists():
                bench.install(scratch, prefix, store, listen)
            found = run(
                suite,
                prefix,
                label=label,
                limit=deep.limit,
                memory=bench.memory,
                expected=took.get(suite.package),
                system=bench.system,
                engine=bench.engine(),
                store=store,
                logs=logs,
                listen=listen,
            )
            if found.state != "stopped" and found.passed:
                took[suite.package] = found.seconds
                store.write(store.suites, json.dumps(took, indent=1, sort_keys=True) + "\n")
            if found.state == "passed":
                result_cache.write(place, asdict(found), store)
            yield found


def seconds(store: Store) -> dict[str, float]:
    """Return the seconds of each package's last complete suite on this machine."""
    try:
        return shape.mapping(names.package_name, shape.seconds)(
            shape.document(regular.read(store.suites))
        )
    except (OSError, ValueError):  # they only serve to estimate the time
        return {}
