"""Smoke-tests a cell's staged set, only once while its inputs do not change."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.core import result_cache
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import System, smoke


def test_cell(
    cell: str,
    specs: Sequence[str],
    artifacts: Sequence[Artifact],
    *,
    stage: Callable[[Sequence[Artifact], Path], Path],
    system: System,
    engine: Callable[[], Engine],
    store: Store,
    logs: Path,
    listen: Listener,
) -> SmokeReport:
    """Return the smoke report of a cell; `stage` makes the private channel to install from.

    `engine` returns what isolates the tests, ready for the system's root; it is not called when the
    store has the result.

    Failures are not stored, because the machine may have lacked something.
    """
    program = result_cache.program(Path(__file__).parent)
    hashes = sorted(artifact.sha256 for artifact in artifacts)
    digest = result_cache.digest(program, cell, system.digest, *specs, *hashes)
    place = store.result("smoke", digest)
    if known := result_cache.read(place, "smoke", listen):
        listen(Event(stage="smoke", item=f"{cell} on {system.name}", state="kept"))
        return SmokeReport.from_json(known)
    with store.scratch("channel") as folder:
        report = smoke(
            cell,
            specs,
            stage(artifacts, folder / "channel"),
            system=system,
            engine=engine(),
            store=store,
            logs=logs,
            listen=listen,
        )
    if report.passed:
        result_cache.write(place, report.as_json(), store)
    return report
