"""Audits a set of packages, each only once while its inputs do not change."""

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rootstock.audit import deciding
from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.core import result_cache
from rootstock.core.progress import Event, Listener, State
from rootstock.core.store import Store


def audit_all(
    closures: Mapping[Artifact, Sequence[Artifact]],
    sysroots: Sequence[Artifact],
    store: Store,
    listen: Listener,
) -> tuple[AuditReport, ...]:
    """Return the audit report of each package, given with those it may load from (see `audit`)."""
    listen(Event(stage="audit", state="start", total=len(closures)))
    program = deciding.digest()

    def one(artifact: Artifact) -> AuditReport:
        closure = closures[artifact]
        parts = sorted(other.sha256 for other in (*closure, *sysroots))
        place = store.result("audit", result_cache.digest(program, artifact.sha256, *parts))
        if known := result_cache.read(place, "audit", listen):
            listen(Event(stage="audit", item=artifact.filename, state="kept"))
            return AuditReport.from_json(known)
        started = time.monotonic()
        listen(Event(stage="audit", item=artifact.filename, state="start"))
        from rootstock.audit.rules import audit  # stored results need no reader of packages

        report = audit(artifact, closure=closure, sysroots=sysroots, store=store)
        result_cache.write(place, report.as_json(), store)
        seconds = time.monotonic() - started
        state: State = "done" if report.passed else "failed"
        listen(Event(stage="audit", item=artifact.filename, state=state, seconds=seconds))
        return report

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        reports = tuple(pool.map(one, closures))
    finally:
        pool.shutdown(cancel_futures=True)
    passed = all(report.passed for report in reports)
    listen(Event(stage="audit", state="done" if passed else "failed"))
    return reports
