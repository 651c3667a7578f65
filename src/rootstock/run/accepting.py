"""The stage of the acceptance tests: their numbers are compared with a release before."""

from collections.abc import Iterator
from dataclasses import replace

from rootstock.acceptance.cell import test_cell
from rootstock.acceptance.compare import changed
from rootstock.acceptance.report import STAGE, AcceptanceReport
from rootstock.channel.reader import Channel
from rootstock.channel.stage import stage
from rootstock.core.progress import Event
from rootstock.run.context import Context
from rootstock.run.planning import PlannedCell
from rootstock.run.state import State
from rootstock.run.systems import Systems
from rootstock.run.testing import conclude
from rootstock.smoke.bench import Bench


def accept(context: Context, state: State) -> Iterator[State]:
    """Run the acceptance tests of each complete cell; raises `SmokeFailed`."""
    tests = state.plan.acceptance
    if not tests:
        return
    systems = Systems(context, state)
    cells = state.complete_cells
    context.listen(Event(stage=STAGE, state="start", total=len(tests) * len(cells)))
    with context.timed(STAGE):
        for cell in cells:
            for report in _reports(context, state, cell, systems):
                others = tuple(one for one in state.acceptance if one.cell != cell.id)
                yield (state := replace(state, acceptance=(*others, report)))
    conclude(STAGE, state.acceptance, context.listen)


def _reports(
    context: Context, state: State, cell: PlannedCell, systems: Systems
) -> Iterator[AcceptanceReport]:
    """Yield the report of a cell after each of its tests, so that a failure loses none."""
    from rootstock.release import before  # most checkouts have no tests

    _, system, engine = systems.of(cell)[0]
    installed = next(one.packages for one in state.smokes if one.cell == cell.id)
    found = before.find(Channel.at(context.request.channel), cell.cell)
    report = AcceptanceReport(cell=cell.id, system=system.name, release=0, tests=())
    if found:
        old = found.release.of(found.cell)
        report = replace(
            report,
            release=found.release.release,
            compared=found.cell,
            changed=changed(old, installed),
        )
    results = test_cell(
        Bench(
            cell=cell.id,
            specs=cell.specs,
            artifacts=state.of(cell.nodes),
            stage=stage,
            system=system,
            engine=engine,
            memory=context.request.limits.memory,
        ),
        state.plan.acceptance,
        [one.name for one in installed],
        runners=cell.cell.product.acceptance,
        before=found.numbers if found else {},
        release=report.release,
        store=context.store,
        logs=context.logs / f"acceptance-{cell.id}",
        listen=context.listen,
    )
    for one in results:
        report = replace(report, tests=(*report.tests, one))
        yield report
