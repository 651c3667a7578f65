"""Failures: records of builds that failed, so that they do not run again.

Only failures of the build key itself are recorded: no interruption, full disk, or lack of the
machine. A failure at a limit holds until the limit is higher.
"""

import json
import shutil
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from rootstock.building import log as logs
from rootstock.building.limits import Limits
from rootstock.core import store as places
from rootstock.core.errors import BuildFailed, FailedBefore
from rootstock.core.store import Store
from rootstock.plan.graph import Graph, Node

RECORD, LOG = "failure.json", "build.log"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A build that failed.

    `stage` is the stage it reached; `over` the limit that it exceeded, if any, and `limit` its
    value in seconds or bytes. `at` is in UTC, by ISO 8601, `seconds` its duration. `log` is the
    file with its output, `tail` its last lines.
    """

    key: str
    node: str
    stage: str
    over: Literal["", "time", "memory"]
    limit: float
    at: str
    seconds: float
    host: str
    engine: str
    log: Path
    tail: tuple[str, ...]

    def holds(self, limits: Limits) -> bool:
        """Whether the build would fail again within the given limits."""
        now = {"time": limits.seconds, "memory": limits.memory, "": 0.0}[self.over]
        return not self.over or now <= self.limit


def keep(store: Store, node: Node, error: BuildFailed, seconds: float, engine: str) -> None:
    """Record a failure, with the whole log; it replaces an earlier one of the same key."""
    failure = Failure(
        key=node.key,
        node=node.id,
        stage=error.stage,
        over=error.over,
        limit=error.limit,
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(seconds, 2),
        host=socket.gethostname(),
        engine=engine,
        log=Path(LOG),
        tail=error.tail[-logs.LINES :],
    )
    with store.scratch("failure") as folder:
        ready = folder / "ready"
        ready.mkdir()
        shutil.copyfile(error.log, ready / LOG)
        text = json.dumps(asdict(failure), indent=1, default=str)
        (ready / RECORD).write_text(text + "\n")
        forget(store, node.key)
        places.publish(ready, store.failure(node.key))
    error.record = store.failure(node.key) / RECORD


def forget(store: Store, key: str) -> None:
    """Allow a key to be built again."""
    if store.failure(key).exists():
        store.discard(store.failure(key))


def load(store: Store, key: str) -> Failure | None:
    """Return the failure of a key, or None when there is none or it cannot be read."""
    folder = store.failure(key)
    try:
        values = json.loads((folder / RECORD).read_text())
        log, tail = folder / values["log"], tuple(values["tail"])
        return Failure(**{**values, "log": log, "tail": tail})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def known(
    graph: Graph, wanted: Mapping[str, object], store: Store, limits: Limits
) -> dict[str, FailedBefore]:
    """Return the wanted nodes that failed before and would fail again, each with its error."""
    found: dict[str, FailedBefore] = {}
    for id_ in wanted:
        failure = load(store, graph.nodes[id_].key)
        if failure and failure.holds(limits):
            failed = BuildFailed(
                id_,
                failure.log,
                failure.tail,
                stage=failure.stage,
                over=failure.over,
                limit=failure.limit,
            )
            failed.record = failure.log.with_name(RECORD)
            when = f"{failure.at}, on {failure.host}, after {failure.seconds:.0f} s"
            found[id_] = FailedBefore(failed, when)
    return found
