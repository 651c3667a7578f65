"""What a release is made of, gathered from the run that promotes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel.generation import Generation
from rootstock.core import process
from rootstock.core.errors import MachineError
from rootstock.release.keys import KeyFile
from rootstock.release.make import PassedCell, ReleaseInputs
from rootstock.run.state import Run
from rootstock.sources.fetch import source_of


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings:
    """What a release takes besides the run: the checkout, the channel's public URL, a key."""

    checkout: Path
    url: str = ""
    key: KeyFile | None = None


def facts(
    state: Run, new: Generation, specs: Mapping[str, Sequence[str]], means: ReleaseSettings
) -> ReleaseInputs:
    """What is known of a promotion; `specs` are those of each cell of its release, by id."""
    graph = state.planned.graph
    reports = {report.cell: report for report in state.smokes}
    suites = {report.cell: report for report in state.suites}
    return ReleaseInputs(
        number=new.number,
        time=new.time,
        platform=state.planned.matrix.platform,
        commit=revision(means.checkout),
        cells=[
            PassedCell(
                cell=cell,
                specs=tuple(specs[cell.id]),
                smoke=reports[cell.id],
                artifacts=[state.artifacts[id_] for id_ in graph.cells[cell.id]],
                suites=suites.get(cell.id),
            )
            for cell in state.planned.cells
            if cell.id in specs
        ],
        audits={report.filename: report for report in state.audits},
        sources={
            artifact.filename: [source_of(entry) for entry in graph.nodes[id_].output.sources]
            for id_, artifact in state.artifacts.items()
        },
        url=means.url,
        key=means.key.open() if means.key else None,
    )


def revision(checkout: Path) -> str:
    """The git revision of a checkout, `-dirty` at its end if files differ; empty without git."""
    # With no tag to be near, --always gives the commit.
    words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = process.run(["git", "-C", checkout, *words])
    except MachineError:
        return ""
    return found.output.strip() if found.code == 0 else ""
