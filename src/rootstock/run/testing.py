"""Test the cells of a run that are whole: the smoke checks, and the packages' own tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from rootstock.channel.stage import stage
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.image.rootfs import Image
from rootstock.plan.matrix import Cell
from rootstock.run.planning import Options, Plan
from rootstock.run.providing import BARE_IMAGE, BUILD_IMAGE, image
from rootstock.run.state import Run
from rootstock.smoke import cell as smokes
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import OLD_SYSTEM, System
from rootstock.suites.suite import STAGE, Deep

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport

SMOKE = "smoke"
BUILD_SYSTEM = "the build image"


def smoke(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    """Test each cell that is whole in a fresh environment made of just its staged packages."""
    systems = _systems(options, images, engine, store, listen)

    def one(cell: Cell) -> SmokeReport:
        system, ready = systems(private=state.planned.graph.private(cell.id))
        return smokes.test_cell(
            cell.id,
            state.planned.matrix.specs_of(cell),
            [state.artifacts[id_] for id_ in state.planned.graph.cells[cell.id]],
            stage=stage,
            system=system,
            engine=ready,
            store=store,
            logs=state.logs / f"smoke-{cell.id}",
            listen=listen,
        )

    listen(Event(stage=SMOKE, state="start", total=len(state.complete_cells)))
    with state.timed(SMOKE):
        for cell in state.complete_cells:
            state.smokes = (*state.smokes, one(cell))
    _conclude(SMOKE, state.smokes, listen)


def deep(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    """Run the packages' own tests of each cell that is whole and has what runs them."""
    from rootstock.suites import cell as suites  # not where none is run
    from rootstock.suites.results import SuitesReport

    planned, there = state.planned, state.artifacts
    systems = _systems(options, images, engine, store, listen)

    def skip(cell: Cell, why: str) -> None:
        told = f"{cell.id}: its packages' own tests are not run: {why}"
        listen(Event(stage=STAGE, state="note", detail=told))

    listen(Event(stage=STAGE, state="start", total=_count(planned)))
    with state.timed(STAGE):
        for cell in state.complete_cells:
            tested = planned.deep.get(cell.id)
            if tested is None:
                skip(cell, "none has a suite, or the set tests is not for its Python")
                continue
            if not there.keys() >= set(planned.graph.cells[tested.cell.id]):
                skip(cell, "what runs them was not built")
                continue
            system, ready = systems(private=planned.graph.private(cell.id))
            bench = suites.Bench(
                cell=cell.id,
                specs=planned.matrix.specs_of(tested.cell),
                artifacts=[there[id_] for id_ in planned.graph.cells[tested.cell.id]],
                stage=stage,
                system=system,
                engine=ready,
                memory=options.limits.memory,
            )
            results = suites.test_cell(
                bench,
                tested.suites,
                options.deep or Deep(),
                store=store,
                logs=state.logs / f"suites-{cell.id}",
                listen=listen,
            )
            before = state.suites
            report = SuitesReport(cell=cell.id, system=system.name, suites=())
            for one in results:  # what has ended is told, also when the next is interrupted
                report = replace(report, suites=(*report.suites, one))
                state.suites = (*before, report)
    _conclude(STAGE, state.suites, listen)


def _count(planned: Plan) -> int:
    return sum(len(tested.suites) for tested in planned.deep.values())


def _conclude(
    stage: str, reports: "Sequence[SmokeReport | SuitesReport]", listen: Listener
) -> None:
    """Tell how a stage ended; raises the error of the first report that did not pass."""
    passed = all(report.passed for report in reports)
    listen(Event(stage=stage, state="done" if passed else "failed"))
    for report in reports:
        report.raise_for_failure()


def _systems(
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> Callable[..., tuple[System, Callable[[], Engine]]]:
    """What gives the system that a cell is tested on, and what has the engine ready for it.

    An interpreter of this machine, which makes a cell `private`, needs its libraries and its glibc,
    which the bare old system does not have; the image that it was packaged in does.
    """
    bare, full = images[BARE_IMAGE], images[BUILD_IMAGE]
    old = System(OLD_SYSTEM, bare.root, bare.digest)
    new = System(BUILD_SYSTEM, full.root, full.digest, bare=False)

    @cache
    def ready(name: str) -> Engine:
        image(name, options, store, listen, check=True)
        chosen = engine()
        chosen.prepare(images[name].root)
        return chosen

    def of(*, private: bool) -> tuple[System, Callable[[], Engine]]:
        return new if private else old, partial(ready, BUILD_IMAGE if private else BARE_IMAGE)

    return of
