"""The stages that test: the audit, the smoke tests, and the packages' own tests."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from rootstock.acceptance.report import AcceptanceReport
from rootstock.audit import batch as audits
from rootstock.audit import clash
from rootstock.audit.report import AuditReport
from rootstock.channel.stage import stage
from rootstock.core.errors import RootstockError
from rootstock.core.progress import Event, Listener
from rootstock.run.context import Context
from rootstock.run.planning import SYSROOT, PlannedCell
from rootstock.run.state import State
from rootstock.run.systems import Systems
from rootstock.smoke import cell as smokes
from rootstock.smoke.bench import Bench
from rootstock.smoke.report import SmokeReport
from rootstock.suites.suite import STAGE as SUITES
from rootstock.suites.suite import Deep

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport

SMOKE = "smoke"


def audit(context: Context, state: State) -> Iterator[State]:
    """Audit every package, also the tools that only builds use; raises `AuditFailed`."""
    reports, error = _audited(context, state)
    yield replace(state, audits=reports)
    if error:
        raise error


def _audited(
    context: Context, state: State
) -> tuple[tuple[AuditReport, ...], RootstockError | None]:
    """Return the reports of an audit, and its first error.

    Packages with a dependency that was not built are left out.
    """
    graph, there = state.plan.graph, state.artifacts
    lost = {*state.failures, *state.skipped}
    closures = {}
    for id_, node in graph.nodes.items():
        behind = graph.closure(node.runs)
        # A package for this machine only makes no promises.
        if id_ in there and not node.local_only and lost.isdisjoint(behind):
            closures[there[id_]] = [there[dep] for dep in behind if dep in there]
    sysroots = [artifact for artifact in closures if artifact.name == SYSROOT]
    sets = {c.id: [there[id_] for id_ in c.nodes if id_ in there] for c in state.plan.public}
    reports: tuple[AuditReport, ...] = ()
    try:
        with context.timed("audit"):
            reports = audits.audit_all(closures, sysroots, context.store, context.listen)
            for report in reports:
                report.raise_for_failure()
            clash.require_none(sets, context.store, context.listen)
    except RootstockError as error:
        return reports, error
    return reports, None


def test_all(context: Context, state: State) -> Iterator[State]:
    """Audit and smoke-test at the same time.

    An audit uses one core. If both fail, this raises the audit's error, which is nearer to the
    cause.
    """
    failed: BaseException | None = None
    with ThreadPoolExecutor(1) as pool:
        auditing = pool.submit(_audited, context, state)
        try:
            for step in smoke(context, state):
                yield (state := step)
        except (RootstockError, KeyboardInterrupt) as error:
            failed = error
        reports, wrong = auditing.result()
    yield (state := replace(state, audits=reports))
    if isinstance(failed, KeyboardInterrupt):
        raise failed
    if first := wrong or failed:
        raise first


def smoke(context: Context, state: State) -> Iterator[State]:
    """Test each complete cell in a new environment of only its staged packages, on each system.

    Raises `SmokeFailed`.
    """
    systems = Systems(context, state)
    tests = [(cell, *one) for cell in state.complete_cells for one in systems.of(cell)]
    context.listen(Event(stage=SMOKE, state="start", total=len(tests)))
    with context.timed(SMOKE):
        for cell, name, system, engine in tests:
            report = smokes.test_cell(
                cell.cell,
                cell.specs,
                state.of(cell.nodes),
                stage=stage,
                system=system,
                engine=engine,
                store=context.store,
                logs=context.logs / f"smoke-{cell.id}" / name,
                listen=context.listen,
            )
            yield (state := replace(state, smokes=(*state.smokes, report)))
    conclude(SMOKE, state.smokes, context.listen)


def own_tests(context: Context, state: State) -> Iterator[State]:
    """Run the packages' own tests in each complete cell, if the request asks for them.

    Raises `SuitesFailed`.
    """
    if not context.request.deep:
        return
    systems = Systems(context, state)
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
    conclude(SUITES, state.suites, context.listen)


def _untestable(cell: PlannedCell, state: State) -> str:
    """Return why the packages' own tests of a cell are not run; empty if they are."""
    if not cell.suites:
        return "none has a suite, or the set tests is not for its Python"
    if not state.artifacts.keys() >= set(cell.companion):
        return "what runs them was not built"
    return ""


def _suites(
    context: Context, state: State, cell: PlannedCell, systems: Systems
) -> "Iterator[SuitesReport]":
    """Yield the report of a cell's suites after each of them, so that a failure loses none."""
    from rootstock.suites import cell as suites  # most runs do not need it
    from rootstock.suites.results import SuitesReport

    assert cell.suites
    _, system, engine = systems.of(cell)[0]
    bench = Bench(
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


def conclude(
    stage: str, reports: "Sequence[SmokeReport | AcceptanceReport | SuitesReport]", listen: Listener
) -> None:
    """Report how a stage ended; raise the error of the first report that did not pass."""
    passed = all(report.passed for report in reports)
    listen(Event(stage=stage, state="done" if passed else "failed"))
    for report in reports:
        report.raise_for_failure()
