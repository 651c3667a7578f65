"""Smoke-tests a cell's staged set, only once while its inputs do not change."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.core import result_cache
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.plan.matrix import Cell
from rootstock.product.model import Product
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import System, smoke


def test_cell(
    cell: Cell,
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
    program = f"{result_cache.environments(Path(__file__).parent)} {_checks(cell.product)}"
    hashes = sorted(artifact.sha256 for artifact in artifacts)
    digest = result_cache.digest(program, cell.id, system.digest, *specs, *hashes)
    place = store.result("smoke", digest)
    if known := result_cache.read(place, "smoke", listen):
        listen(Event(stage="smoke", item=f"{cell.id} on {system.name}", state="kept"))
        return SmokeReport.from_json(known)
    with store.scratch("channel") as folder:
        report = smoke(
            cell.id,
            specs,
            stage(artifacts, folder / "channel"),
            product=cell.product,
            system=system,
            engine=engine(),
            store=store,
            logs=logs,
            listen=listen,
        )
    if report.passed:
        result_cache.write(place, report.as_json(), store)
    return report


def _checks(product: Product) -> str:
    """The checks of a product, as far as they decide what a smoke test finds."""
    checks = [{**vars(check), "needs": sorted(check.needs)} for check in product.checks]
    text = json.dumps([product.runner, checks], sort_keys=True)
    return result_cache.digest(text, *map(result_cache.program, filter(None, [product.programs])))
