"""A run: what it has come to so far, and the record that is made of it."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock import __version__
from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel.promote import Promotion
from rootstock.core.errors import BuildFailed, RootstockError
from rootstock.plan.graph import Node
from rootstock.plan.matrix import Cell
from rootstock.run.planning import Plan
from rootstock.run.record import CellRecord, CellState, NodeRecord, NodeState, RunRecord
from rootstock.smoke.report import SmokeReport

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport


@dataclass
class Run:
    """What a run has come to so far; however it ends, its record is made of this."""

    id: str
    logs: Path
    planned: Plan
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    failures: Mapping[str, RootstockError] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    audits: tuple[AuditReport, ...] = ()
    smokes: tuple[SmokeReport, ...] = ()
    suites: tuple["SuitesReport", ...] = ()
    promotion: Promotion | None = None
    release: int = 0
    error: RootstockError | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def complete_cells(self) -> tuple[Cell, ...]:
        """The cells of which every package is there."""
        there = self.artifacts.keys()
        return tuple(c for c in self.planned.cells if there >= set(self.planned.graph.cells[c.id]))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the seconds of a stage, also of one that fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.monotonic() - started, 2)

    def record(self, channel: Path, started: datetime, seconds: float) -> RunRecord:
        """The record of the run, as far as it came."""
        planned, error = self.planned, self.error
        nodes = [
            node
            for node in planned.graph.nodes.values()
            if node.id in planned.have or node.id in planned.wanted
        ]
        return RunRecord(
            run=self.id,
            rootstock=__version__,
            command=tuple(sys.argv[1:]),
            started=started.isoformat(timespec="seconds"),
            seconds=round(seconds, 2),
            stages=dict(self.seconds),
            code=error.code if error else 0,
            channel=str(channel.absolute()),
            release=self.release,
            cells=tuple(self._cell(cell) for cell in planned.cells),
            nodes=tuple(self._node(node) for node in nodes),
            audit=tuple(report.as_json() for report in self.audits),
            smoke=tuple(report.as_json() for report in self.smokes),
            suites=tuple(report.as_json() for report in self.suites),
            error=error.message if error else "",
            remedy=error.remedy if error else "",
        )

    def _cell(self, cell: Cell) -> CellRecord:
        ids = self.planned.graph.cells[cell.id]
        files = tuple(self.planned.graph.nodes[id_].filename for id_ in ids)
        tested = {report.cell: report.passed for report in self.smokes}
        tested |= {report.cell: False for report in self.suites if not report.passed}
        state: CellState = "not tried"
        if self.promotion and not self.planned.graph.private(cell.id):
            state = "promoted" if set(files) & set(self.promotion.added) else "unchanged"
        elif any(id_ in self.failures or id_ in self.skipped for id_ in ids) or any(
            report.filename in files and not report.passed for report in self.audits
        ):
            state = "failed"
        elif cell.id in tested:
            state = "passed" if tested[cell.id] else "failed"
        return CellRecord(id=cell.id, root=cell.root, python=cell.python, state=state, files=files)

    def _node(self, node: Node) -> NodeRecord:
        artifact, failure = self.artifacts.get(node.id), self.failures.get(node.id)
        state: NodeState = "kept" if node.id in self.planned.have else "built"
        if artifact is None and state == "built":
            state = "failed" if failure else "skipped"
        log = self.logs / f"{node.id}.log"
        kept = failure.record if isinstance(failure, BuildFailed) else None
        reason = self.planned.reasons.get(node.id, "")
        if failure:
            reason = failure.message
        elif state == "skipped":
            reason = self.skipped.get(node.id, "the run ended before it")
        return NodeRecord(
            package=node.output.name,
            version=node.output.version,
            state=state,
            key=node.key,
            filename=node.filename,
            subdir=node.output.subdir,
            sha256=artifact.sha256 if artifact else "",
            size=artifact.size if artifact else 0,
            seconds=artifact.seconds if artifact else 0.0,
            scope=node.scope,
            log=str(log) if log.exists() else "",
            reason=reason,
            failure=str(kept or ""),
        )
