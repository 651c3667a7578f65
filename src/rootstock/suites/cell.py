"""Runs the suites of a cell, each only once while its inputs do not change."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.core import names, regular, result_cache, shape
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.environment import creation
from rootstock.image.engines import Engine
from rootstock.image.engines.outsider import admit
from rootstock.smoke.run import System, glibc_of
from rootstock.suites.results import SuiteResult
from rootstock.suites.run import run
from rootstock.suites.suite import STAGE, Deep, Suite


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The environment in which the suites of a cell run: its packages and its system.

    `specs` are solved from a channel of only the `artifacts`, which `stage` makes. `engine` returns
    what isolates the suites; it is not called when the store has all results. A suite may hold
    `memory` bytes.
    """

    cell: str
    specs: Sequence[str]
    artifacts: Sequence[Artifact]
    stage: Callable[[Sequence[Artifact], Path], Path]
    system: System
    engine: Callable[[], Engine]
    memory: float


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
            place = store.result(STAGE, _digest(bench, suite))
            if known := result_cache.read(place, STAGE, listen):
                found = SuiteResult.from_json(known)
                listen(Event(stage=STAGE, item=label, state="kept", detail=found.figures))
                yield found
                continue
            if not prefix.exists():
                _install(bench, scratch, prefix, store, listen)
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


def _digest(bench: Bench, suite: Suite) -> str:
    program = result_cache.environments(Path(__file__).parent)
    hashes = sorted(artifact.sha256 for artifact in bench.artifacts)
    own = json.dumps(asdict(suite), sort_keys=True)
    return result_cache.digest(program, bench.cell, bench.system.digest, own, *bench.specs, *hashes)


def _install(bench: Bench, scratch: Path, prefix: Path, store: Store, listen: Listener) -> None:
    """Make the environment; raises what `environment.create` raises."""
    glibc = glibc_of(bench.system, bench.engine())
    channel = bench.stage(bench.artifacts, scratch / "channel")
    creation.create(prefix, bench.specs, channel, cache=store.packages, listen=listen, glibc=glibc)
    admit(prefix)
