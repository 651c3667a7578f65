"""Smoke-test a cell's staged set, once for as long as nothing of it changes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rootstock import proof
from rootstock.build.artifact import Artifact
from rootstock.image.engines import Engine
from rootstock.progress import Event, Listener
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import System, smoke
from rootstock.store import Store


def prove(
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
    """The smoke report of a cell; `stage` makes the private channel that it is installed from.

    `engine` gives what isolates the tests, ready for the system's root; where all is proven it
    is not asked.

    What failed is tried again the next time: a machine may have been short of something.
    """
    program = proof.program(Path(__file__).parent)
    hashes = sorted(artifact.sha256 for artifact in artifacts)
    digest = proof.digest(program, cell, system.digest, *specs, *hashes)
    place = store.proof("smoke", digest)
    if known := proof.read(place, "smoke", listen):
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
        proof.write(place, report.as_json(), store)
    return report
