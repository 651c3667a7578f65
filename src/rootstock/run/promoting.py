"""The last stage of a run: its packages and its release enter the channel, together."""

from pathlib import Path

from rootstock.building import artifact as artifacts
from rootstock.channel.generation import Generation
from rootstock.channel.promote import promote
from rootstock.core.errors import Damaged
from rootstock.core.progress import Event, Listener
from rootstock.run.planning import Options
from rootstock.run.state import Run
from rootstock.serve.hook import write_page


def promote_run(state: Run, options: Options, listen: Listener) -> None:
    """Make the packages of a run visible in its channel, and write the release beside them.

    What was promoted, and the number of the release, go into `state`.

    Raises as `channel.promote.promote` does.
    """
    channel = options.channel
    listen(Event(stage="promote", state="start"))
    for cell in state.planned.cells:
        if state.planned.graph.private(cell.id):
            told = f"{cell.id} is not published: it has an interpreter of this machine"
            listen(Event(stage="promote", state="note", detail=told))
    staged = [state.artifacts[id_] for id_ in state.planned.staged]
    rebuilt = {state.planned.graph.nodes[id_].filename for id_ in state.planned.wanted}
    cells = [cell for cell in state.planned.cells if not state.planned.graph.private(cell.id)]
    sets = {
        cell.id: [state.artifacts[id_].filename for id_ in state.planned.graph.cells[cell.id]]
        for cell in cells
    }
    specs = {cell.id: state.planned.matrix.specs_of(cell) for cell in cells}
    made: list[int] = []

    def release(new: Generation, folder: Path) -> None:
        # Loaded here: most runs release nothing.
        from rootstock.release import gather
        from rootstock.release.make import make
        from rootstock.serve.page import settings

        url = options.url or settings(channel).url
        means = gather.ReleaseSettings(checkout=options.checkout, url=url, key=options.key)
        made.append(make(gather.facts(state, new, specs, means), folder, channel).release)

    def note(text: str) -> None:
        listen(Event(stage="promote", state="note", detail=text))

    try:
        state.promotion = promote(
            staged, channel, rebuilt, cells=sets, release=release, show=write_page, told=note
        )
    except Damaged as error:
        artifacts.drop_seal(error.folder)
        raise
    state.release = made[0] if made else 0
    for name in state.promotion.mended:
        note(f"{channel}: {name} was damaged: it is put back")
    told = f"generation {state.promotion.generation.number}, {len(state.promotion.added)} new"
    if state.release:
        signed = "signed" if options.key else "not signed (rootstock keys new makes a key)"
        told += f", release {state.release} {signed}"
    listen(Event(stage="promote", state="done", detail=f"{told}: {channel}"))
