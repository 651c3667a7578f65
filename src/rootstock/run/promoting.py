"""The last stage of a run: promotes its packages and its release together into the channel."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rootstock.building import artifact as artifacts
from rootstock.channel import promote as promotion
from rootstock.channel.promote import Promotion, refuse_unpublishable
from rootstock.channel.reader import Channel
from rootstock.channel.writer import Change
from rootstock.core.errors import Damaged, UsageError
from rootstock.core.names import listed
from rootstock.core.progress import Event
from rootstock.plan import security
from rootstock.plan.recipe import Output
from rootstock.run.context import Context
from rootstock.run.revision import revision
from rootstock.run.state import State
from rootstock.smoke.report import SmokeReport
from rootstock.sources.source import Source, source_of

if TYPE_CHECKING:
    from rootstock.release.build import Built

STAGE = "promote"
_WAIT = 60.0  # seconds that another promotion gets to finish


def promote(context: Context, state: State) -> Iterator[State]:
    """Make the packages of a run visible in its channel, with the release beside them.

    Raises `RefusedError` when the channel has, or ever had, a file of the same name with other
    bytes. It does so, too, when an artifact is not for a channel, a cell is incomplete, or too few
    builders stand behind a package. Also when another process writes, or the channel is damaged or
    foreign. Raises `Damaged` when an artifact is,
    `NoSpace`, and `UsageError` when the folder cannot be written. Readers then see no change.
    """
    with context.timed(STAGE):
        done = _promoted(context, state)
    yield replace(state, promotion=done)


def _promoted(context: Context, state: State) -> Promotion:
    request, plan, note = context.request, state.plan, partial(context.note, STAGE)
    context.listen(Event(stage=STAGE, state="start"))
    for cell in plan.cells:
        if cell.local_only:
            note(f"{cell.id} is not published: it has an interpreter of this machine")
    sets = {c.id: [artifact.filename for artifact in state.of(c.nodes)] for c in plan.public}
    staged = state.of(plan.staged)
    rebuilt = {plan.graph.nodes[id_].filename for id_ in plan.wanted}
    channel = Channel.at(request.channel)
    refuse_unpublishable(staged)  # before a folder is made for nothing
    if request.builders:
        own = [request.key.open().public.id] if request.key else []
        request.builders.require({a.filename: a.sha256 for a in staged}, own=own)
    try:
        with channel.write(create=True, wait=_WAIT, waiting=note) as change:
            mended = promotion.promote(change, staged, rebuilt, cells=sets)
            if change.cells:
                change.attach(_release(context, state, change).files)
            done = promotion.commit(change, mended)
    except Damaged as error:
        artifacts.drop_seal(error.folder)
        raise
    for name in done.mended:
        note(f"{channel}: {name} was damaged: it is put back")
    if done.release and (untested := listed(_untested(context, state))):
        note(f"the packages' own tests did not run (build --deep runs them): {untested}")
    summary = f"generation {done.generation.number}, {len(done.added)} new"
    if done.release:
        signed = "signed" if request.key else "not signed (rootstock keys new makes a key)"
        summary += f", release {done.release} {signed}"
    context.listen(Event(stage=STAGE, state="done", detail=f"{summary}: {channel}"))
    return done


def _untested(context: Context, state: State) -> list[str]:
    """Return the released packages whose own tests the request left out."""
    if context.request.deep:  # the stage of these tests says what it could not run
        return []
    from rootstock.suites.choose import described  # brings what reads TOML

    packages = {one.name for cell in state.plan.public for one in state.of(cell.nodes)}
    try:
        return described(packages, context.request.checkout)
    except UsageError:  # a promotion needs none of these files, and does not fail for a reminder
        return []


def _release(context: Context, state: State, change: Change) -> "Built":
    """Return the release of a run's cells, as text."""
    # Imported here, because most runs release nothing.
    from rootstock.release.build import PassedCell, ReleaseInputs, build

    request, plan = context.request, state.plan
    reports: dict[str, list[SmokeReport]] = {}
    for report in state.smokes:
        reports.setdefault(report.cell, []).append(report)
    acceptance = {report.cell: report for report in state.acceptance}
    suites = {report.cell: report for report in state.suites}
    passed = [
        PassedCell(
            cell=cell.cell,
            specs=cell.specs,
            smoke=reports[cell.id][0],
            elsewhere=tuple(reports[cell.id][1:]),
            artifacts=state.of(cell.nodes),
            acceptance=acceptance.get(cell.id),
            suites=suites.get(cell.id),
        )
        for cell in plan.public
    ]
    inputs = ReleaseInputs(
        number=change.number,
        time=change.time,
        product=plan.matrix.product,
        platform=plan.matrix.platform,
        commit=revision(request.checkout.root),
        cells=passed,
        audits={report.filename: report for report in state.audits},
        sources={
            artifact.filename: _sources(plan.graph.origins(id_))
            for id_, artifact in state.artifacts.items()
        },
        examined=_examined(context, state),
        folder=change.channel.place.url,
        url=request.url or change.channel.settings().url,
        key=request.key.open() if request.key else None,
        statements=request.builders.statements if request.builders else (),
    )
    records = {a.filename: change.record(a) for one in passed for a in one.artifacts}
    return build(inputs, records)


def _sources(origins: Sequence[Output]) -> list[Source]:
    entries = {one["sha256"]: one for output in origins for one in output.sources}
    return [source_of(entry) for entry in entries.values()]


def _examined(context: Context, state: State) -> dict[str, security.Examined]:
    """Return what is known of vulnerabilities of a run's packages, by file name."""
    known = security.load(context.request.checkout.security)
    graph = state.plan.graph
    found = {
        artifact.filename: security.examine(graph.origins(id_), known)
        for id_, artifact in state.artifacts.items()
    }
    return {name: one for name, one in found.items() if one}
