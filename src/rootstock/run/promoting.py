"""The last stage of a run: its packages and its release enter the channel, together."""

from typing import TYPE_CHECKING

from rootstock.building import artifact as artifacts
from rootstock.channel.promote import Promotion, commit, promote, refuse_unpublishable
from rootstock.channel.reader import Channel
from rootstock.channel.writer import Change
from rootstock.core.errors import Damaged
from rootstock.core.progress import Event, Listener
from rootstock.plan.matrix import Cell
from rootstock.run.planning import Options
from rootstock.run.revision import revision
from rootstock.run.state import Run
from rootstock.sources.fetch import source_of

if TYPE_CHECKING:
    from rootstock.release.build import Built

_WAIT = 60.0  # seconds that another promotion gets to finish


def promote_run(state: Run, options: Options, listen: Listener) -> Promotion:
    """Make the packages of a run visible in its channel, with the release beside them.

    Raises `RefusedError` when a file name is in the channel, or ever was, with other bytes, when an
    artifact is not meant for a channel, when a cell is not whole, when another process is writing,
    or the channel is damaged or someone else's; `Damaged` when an artifact is, `NoSpace`, and
    `UsageError` when the folder cannot be written. Nothing changes for readers then.
    """
    graph = state.planned.graph

    def note(text: str) -> None:
        listen(Event(stage="promote", state="note", detail=text))

    listen(Event(stage="promote", state="start"))
    for cell in state.planned.cells:
        if graph.private(cell.id):
            note(f"{cell.id} is not published: it has an interpreter of this machine")
    cells = [cell for cell in state.planned.cells if not graph.private(cell.id)]
    sets = {c.id: [state.artifacts[id_].filename for id_ in graph.cells[c.id]] for c in cells}
    staged = [state.artifacts[id_] for id_ in state.planned.staged]
    rebuilt = {graph.nodes[id_].filename for id_ in state.planned.wanted}
    channel = Channel.at(options.channel)
    refuse_unpublishable(staged)  # before a folder is made for nothing
    try:
        with channel.write(create=True, wait=_WAIT, waiting=note) as change:
            mended = promote(change, staged, rebuilt, cells=sets)
            if change.cells:
                change.attach(_release(state, options, cells, change).files)
            promotion = commit(change, mended)
    except Damaged as error:
        artifacts.drop_seal(error.folder)
        raise
    for name in promotion.mended:
        note(f"{channel}: {name} was damaged: it is put back")
    told = f"generation {promotion.generation.number}, {len(promotion.added)} new"
    if promotion.release:
        signed = "signed" if options.key else "not signed (rootstock keys new makes a key)"
        told += f", release {promotion.release} {signed}"
    listen(Event(stage="promote", state="done", detail=f"{told}: {channel}"))
    return promotion


def _release(state: Run, options: Options, cells: list[Cell], change: Change) -> "Built":
    """The release of a run's cells, as text."""
    # Loaded here: most runs release nothing.
    from rootstock.release.build import PassedCell, ReleaseInputs, build

    graph, there = state.planned.graph, state.artifacts
    reports = {report.cell: report for report in state.smokes}
    suites = {report.cell: report for report in state.suites}
    passed = [
        PassedCell(
            cell=cell,
            specs=tuple(state.planned.matrix.specs_of(cell)),
            smoke=reports[cell.id],
            artifacts=[there[id_] for id_ in graph.cells[cell.id]],
            suites=suites.get(cell.id),
        )
        for cell in cells
    ]
    inputs = ReleaseInputs(
        number=change.number,
        time=change.time,
        platform=state.planned.matrix.platform,
        commit=revision(options.checkout),
        cells=passed,
        audits={report.filename: report for report in state.audits},
        sources={
            artifact.filename: [source_of(entry) for entry in graph.nodes[id_].output.sources]
            for id_, artifact in there.items()
        },
        folder=change.channel.place.url,
        url=options.url or change.channel.settings().url,
        key=options.key.open() if options.key else None,
    )
    records = {a.filename: change.record(a) for one in passed for a in one.artifacts}
    return build(inputs, records)
