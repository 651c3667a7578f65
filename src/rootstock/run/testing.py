"""The stages that test: the audit, the smoke tests, and the packages' own tests."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from rootstock.audit import batch as audits
from rootstock.audit import clash
from rootstock.channel.stage import stage
from rootstock.core.errors import RootstockError
from rootstock.core.progress import Event, Listener
from rootstock.image.engines import Engine
from rootstock.run.context import BARE_IMAGE, BUILD_IMAGE, Context
from rootstock.run.planning import SYSROOT, PlannedCell
from rootstock.run.state import State
from rootstock.smoke import cell as smokes
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import OLD_SYSTEM, System
from rootstock.suites.suite import STAGE as SUITES
from rootstock.suites.suite import Deep

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport

SMOKE = "smoke"
BUILD_SYSTEM = "the build image"


def audit(context: Context, state: State) -> Iterator[State]:
    """Audit every package there is, the tools that only builds use among them.

    Not those that lack a dependency, for it failed. Raises `AuditFailed`.
    """
    graph, there = state.plan.graph, state.artifacts
    lost = {*state.failures, *state.skipped}
    closures = {}
    for id_, node in graph.nodes.items():
        behind = graph.closure(node.runs)
        # What is for this machine only promises nothing.
        if id_ in there and not node.local_only and lost.isdisjoint(behind):
            closures[there[id_]] = [there[dep] for dep in behind if dep in there]
    sysroots = [artifact for artifact in closures if artifact.name == SYSROOT]
    with context.timed("audit"):
        reports = audits.audit_all(closures, sysroots, context.store, context.listen)
        yield replace(state, audits=reports)
        for report in reports:
            report.raise_for_failure()
        sets = {c.id: [there[id_] for id_ in c.nodes if id_ in there] for c in state.plan.public}
        clash.require_none(sets, context.store, context.listen)


def test_all(context: Context, state: State) -> Iterator[State]:
    """Audit and smoke-test side by side, then run the packages' own tests.

    Neither of the first two needs the other, and an audit keeps one core busy. Where both fail,
    the error of the audit is raised, which is nearer to the cause.
    """
    failed: BaseException | None = None
    with ThreadPoolExecutor(1) as pool:
        auditing = pool.submit(_last, audit(context, state), state)
        try:
            for step in smoke(context, state):
                yield (state := step)
        except (RootstockError, KeyboardInterrupt) as error:
            failed = error
        audited, wrong = auditing.result()
    yield (state := replace(state, audits=audited.audits))
    if isinstance(failed, KeyboardInterrupt):
        raise failed
    if first := wrong or failed:
        raise first
    yield from own_tests(context, state)


def _last(states: Iterator[State], state: State) -> tuple[State, RootstockError | None]:
    """The last state of a stage, and the error that it ended with."""
    try:
        for step in states:
            state = step
    except RootstockError as error:
        return state, error
    return state, None


def smoke(context: Context, state: State) -> Iterator[State]:
    """Test each cell that is whole in a fresh environment made of just its staged packages.

    Raises `SmokeFailed`.
    """
    systems = _Systems(context, state)
    cells = state.complete_cells
    context.listen(Event(stage=SMOKE, state="start", total=len(cells)))
    with context.timed(SMOKE):
        for cell in cells:
            system, engine = systems.of(cell)
            report = smokes.test_cell(
                cell.cell,
                cell.specs,
                state.of(cell.nodes),
                stage=stage,
                system=system,
                engine=engine,
                store=context.store,
                logs=context.logs / f"smoke-{cell.id}",
                listen=context.listen,
            )
            yield (state := replace(state, smokes=(*state.smokes, report)))
    _conclude(SMOKE, state.smokes, context.listen)


def own_tests(context: Context, state: State) -> Iterator[State]:
    """Run the packages' own tests of each cell that is whole and has what runs them.

    Raises `SuitesFailed`. Nothing happens where they are not asked for.
    """
    if not context.request.deep:
        return
    systems = _Systems(context, state)
    count = sum(len(cell.suites.suites) for cell in state.plan.cells if cell.suites)
    context.listen(Event(stage=SUITES, state="start", total=count))
    with context.timed(SUITES):
        for cell in state.complete_cells:
            if why := _untestable(cell, state):
                context.note(SUITES, f"{cell.id}: its packages' own tests are not run: {why}")
                continue
            for report in _suites(context, state, cell, systems):
                before = tuple(one for one in state.suites if one.cell != cell.id)
                yield (state := replace(state, suites=(*before, report)))
    _conclude(SUITES, state.suites, context.listen)


def _untestable(cell: PlannedCell, state: State) -> str:
    """Why the packages' own tests of a cell are not run; empty where they are."""
    if not cell.suites:
        return "none has a suite, or the set tests is not for its Python"
    if not state.artifacts.keys() >= set(cell.companion):
        return "what runs them was not built"
    return ""


def _suites(
    context: Context, state: State, cell: PlannedCell, systems: "_Systems"
) -> "Iterator[SuitesReport]":
    """The report of a cell's suites after each of them: what has ended counts if the next fails."""
    from rootstock.suites import cell as suites  # not where none is run
    from rootstock.suites.results import SuitesReport

    assert cell.suites
    system, engine = systems.of(cell)
    bench = suites.Bench(
        cell=cell.id,
        specs=cell.companion_specs,
        artifacts=state.of(cell.companion),
        stage=stage,
        system=system,
        engine=engine,
        memory=context.request.limits.memory,
    )
    results = suites.test_cell(
        bench,
        cell.suites.suites,
        context.request.deep or Deep(),
        store=context.store,
        logs=context.logs / f"suites-{cell.id}",
        listen=context.listen,
    )
    report = SuitesReport(cell=cell.id, system=system.name, suites=())
    for one in results:
        report = replace(report, suites=(*report.suites, one))
        yield report


def _conclude(
    stage: str, reports: "Sequence[SmokeReport | SuitesReport]", listen: Listener
) -> None:
    """Say how a stage ended; raises the error of the first report that did not pass."""
    passed = all(report.passed for report in reports)
    listen(Event(stage=stage, state="done" if passed else "failed"))
    for report in reports:
        report.raise_for_failure()


class _Systems:
    """The systems that cells are tested on.

    A cell with an interpreter of this machine needs libraries and a glibc that the bare old system
    does not have. The image in which the interpreter was packaged has them.
    """

    def __init__(self, context: Context, state: State) -> None:
        bare, full = state.images[BARE_IMAGE], state.images[BUILD_IMAGE]
        self._old = System(OLD_SYSTEM, bare.root, bare.digest)
        self._new = System(BUILD_SYSTEM, full.root, full.digest, bare=False)

        @cache
        def ready(name: str) -> Engine:
            context.image(name)  # it was made long ago: all of it is looked at once more
            context.engine.prepare(state.images[name].root)
            return context.engine

        self._ready = ready

    def of(self, cell: PlannedCell) -> "tuple[System, partial[Engine]]":
        """The system that a cell is tested on, and what gives the engine, ready for it."""
        if cell.local_only:
            return self._new, partial(self._ready, BUILD_IMAGE)
        return self._old, partial(self._ready, BARE_IMAGE)
