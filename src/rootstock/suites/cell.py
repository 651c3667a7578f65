"""Run the suites of a cell, each once for as long as nothing that it runs with changes."""

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
    """The environment that the suites of a cell run in: what it is made of, and on which system.

    `specs` are solved from a channel of just the `artifacts`, which `stage` makes. `engine` gives
    what isolates the suites; where all is known it is not asked. A suite may hold `memory` bytes.
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
    """What came of the suites of a cell, one after the other, each as soon as it has ended.

    What passed is kept. What did not is tried again the next time: a machine may have been busy.
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
    """What each package's suite took on this machine the last time that it came to its end."""
    try:
        return shape.mapping(names.package_name, shape.seconds)(
            shape.document(regular.read(store.suites))
        )
    except (OSError, ValueError):  # it only tells how long it may take
        return {}


def _digest(bench: Bench, suite: Suite) -> str:
    program = result_cache.program(Path(__file__).parent)
    hashes = sorted(artifact.sha256 for artifact in bench.artifacts)
    own = json.dumps(asdict(suite), sort_keys=True)
    return result_cache.digest(program, bench.cell, bench.system.digest, own, *bench.specs, *hashes)


def _install(bench: Bench, scratch: Path, prefix: Path, store: Store, listen: Listener) -> None:
    """Make the environment; raises what `environment.create` raises."""
    glibc = glibc_of(bench.system, bench.engine())
    channel = bench.stage(bench.artifacts, scratch / "channel")
    creation.create(prefix, bench.specs, channel, cache=store.packages, listen=listen, glibc=glibc)
    admit(prefix)
