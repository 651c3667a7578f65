"""The results of a run so far: each stage takes them from the last one, and adds its own."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rootstock import __version__
from rootstock.acceptance.report import AcceptanceReport
from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel.promote import Promotion
from rootstock.core.errors import BuildFailed, RootstockError
from rootstock.image.rootfs import Image
from rootstock.plan.graph import Node
from rootstock.run.context import Context
from rootstock.run.planning import Plan, PlannedCell
from rootstock.run.record import CellRecord, CellState, NodeRecord, NodeState, RunRecord
from rootstock.smoke.report import SmokeReport
from rootstock.sources.fetch import Fetching
from rootstock.suites.results import SuitesReport


@dataclass(frozen=True, kw_only=True)
class State:
    """The results of a run so far.

    The fetch adds `images` (the build image, and one by the id of each system), and `fetching` for
    the sources. The build adds `artifacts`, `failures` and `skipped` (with the reason), each by
    node. The tests add their reports, those of the smoke tests by cell and then by system.
    """

    plan: Plan
    images: Mapping[str, Image] = field(default_factory=dict)
    fetching: Fetching | None = None
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    failures: Mapping[str, RootstockError] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    audits: tuple[AuditReport, ...] = ()
    smokes: tuple[SmokeReport, ...] = ()
    acceptance: tuple[AcceptanceReport, ...] = ()
    suites: tuple[SuitesReport, ...] = ()
    promotion: Promotion | None = None

    @property
    def complete_cells(self) -> tuple[PlannedCell, ...]:
        """The cells of which every package was built."""
        return tuple(c for c in self.plan.cells if self.artifacts.keys() >= set(c.nodes))

    def of(self, nodes: tuple[str, ...]) -> list[Artifact]:
        """Return the artifacts of nodes."""
        return [self.artifacts[id_] for id_ in nodes]


def record(
    state: State, context: Context, started: datetime, seconds: float, error: RootstockError | None
) -> RunRecord:
    """Return the record of a run; `error` ended it early."""
    plan = state.plan
    nodes = [n for n in plan.graph.nodes.values() if n.id in plan.have or n.id in plan.wanted]
    return RunRecord(
        run=context.logs.name,
        rootstock=__version__,
        command=tuple(sys.argv[1:]),
        started=started.isoformat(timespec="seconds"),
        seconds=round(seconds, 2),
        stages=dict(context.seconds),
        code=error.code if error else 0,
        channel=str(context.request.channel.absolute()),
        release=state.promotion.release if state.promotion else 0,
        cells=tuple(_cell(cell, state) for cell in plan.cells),
        nodes=tuple(_node(node, state, context) for node in nodes),
        audit=tuple(report.as_json() for report in state.audits),
        smoke=tuple(report.as_json() for report in state.smokes),
        acceptance=tuple(report.as_json() for report in state.acceptance),
        suites=tuple(report.as_json() for report in state.suites),
        error=error.message if error else "",
        remedy=error.remedy if error else "",
    )


def _cell(cell: PlannedCell, state: State) -> CellRecord:
    ids, graph = cell.nodes, state.plan.graph
    files = tuple(graph.nodes[id_].filename for id_ in ids)
    tested: dict[str, bool] = {}
    for report in state.smokes:  # on several systems: it passes on all of them
        tested[report.cell] = tested.get(report.cell, True) and report.passed
    tested |= {report.cell: False for report in state.acceptance if not report.passed}
    tested |= {report.cell: False for report in state.suites if not report.passed}
    became: CellState = "not tried"
    if state.promotion and not cell.local_only:
        became = "promoted" if set(files) & set(state.promotion.added) else "unchanged"
    elif any(id_ in state.failures or id_ in state.skipped for id_ in ids) or any(
        report.filename in files and not report.passed for report in state.audits
    ):
        became = "failed"
    elif cell.id in tested:
        became = "passed" if tested[cell.id] else "failed"
    return CellRecord(id=cell.id, axes=cell.cell.axes, state=became, files=files)


def _node(node: Node, state: State, context: Context) -> NodeRecord:
    artifact, failure = state.artifacts.get(node.id), state.failures.get(node.id)
    became: NodeState = "kept" if node.id in state.plan.have else "built"
    if artifact is None and became == "built":
        became = "failed" if failure else "skipped"
    log = context.logs / f"{node.id}.log"
    stored = failure.record if isinstance(failure, BuildFailed) else None
    reason = state.plan.reasons.get(node.id, "")
    if failure:
        reason = failure.message
    elif became == "skipped":
        reason = state.skipped.get(node.id, "the run ended before it")
    return NodeRecord(
        package=node.output.name,
        version=node.output.version,
        state=became,
        key=node.key,
        filename=node.filename,
        subdir=node.output.subdir,
        sha256=artifact.sha256 if artifact else "",
        size=artifact.size if artifact else 0,
        seconds=artifact.seconds if artifact else 0.0,
        scope=node.scope,
        log=str(log) if log.exists() else "",
        reason=reason,
        failure=str(stored or ""),
    )
