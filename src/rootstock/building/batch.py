"""All builds of a run: their costs, their order, and the records of failures."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.building import builder, costs, failures, scheduler
from rootstock.building.artifact import Artifact
from rootstock.building.policy import Capacity, ReadyQueue, makespan, simulate
from rootstock.building.scheduler import BuildOutcome
from rootstock.core import disk, memory
from rootstock.core.errors import BuildFailed, MachineError, RootstockError
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.plan.graph import LOCAL, Graph, Node

_KNOWN = 0.5  # the part of the builds whose seconds must be known to forecast the end


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """The nodes to build with the ids that they need first; and the artifacts that exist."""

    graph: Graph
    wanted: Mapping[str, frozenset[str]]
    have: Mapping[str, Artifact]


def build(
    batch: BuildPlan,
    context: builder.BuildContext,
    broken: Mapping[str, BuildFailed],
    fetched: Callable[[Node], None],
    *,
    logs: Path,
    seed: Path,
    workers: int,
    keep_going: bool,
    listen: Listener,
) -> BuildOutcome:
    """Build a batch, except for the nodes in `broken`.

    `fetched` is called before each build: it waits for the node's sources.

    `seed` is the file with the costs of packages that were never built on this machine. The logs go
    to `logs`, one file per node. `workers` is the number of parallel builds, 0 for one per core.
    """
    graph, wanted, store = batch.graph, batch.wanted, context.store
    recorded = costs.load(seed, store.durations, listen=listen)
    names = {id_: _recorded_as(graph.nodes[id_]) for id_ in wanted}
    known = {id_: recorded[name].seconds for id_, name in names.items() if name in recorded}
    predictable = len(known) >= _KNOWN * len(wanted)
    cells = _cells(graph)
    remembering = threading.Lock()

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        node, log = graph.nodes[id_], logs / f"{id_}.log"
        try:
            fetched(node)
        except RootstockError:
            listen(Event(stage="build", item=id_, state="failed"))
            raise
        started = time.monotonic()
        listen(
            Event(
                stage="build",
                item=id_,
                state="start",
                expected=known.get(id_),
                detail=cells.get(id_, ""),
            )
        )
        try:
            needs = [there[dep] for dep in sorted(wanted[id_])]
            built, cost = builder.build(node, needs, context, log)
        except RootstockError as error:
            if isinstance(error, BuildFailed):
                seconds = time.monotonic() - started
                _keep(store, node, error, seconds, context.engine.name)
            listen(Event(stage="build", item=id_, state="failed"))
            raise
        with remembering:
            costs.remember({names[id_]: cost}, store, listen)
        failures.forget(store, node.key)
        listen(Event(stage="build", item=id_, state="done", seconds=built.seconds))
        return built

    def forecast(seconds: float) -> None:
        if predictable:
            listen(Event(stage="build", state="progress", expected=seconds))

    agenda = ReadyQueue(wanted, costs.estimate(names, recorded))
    room = Capacity(workers=workers or os.cpu_count() or 1, memory=memory.available())
    listen(
        Event(
            stage="build",
            state="start",
            total=len(wanted),
            expected=makespan(simulate(agenda, {}, room)) if predictable else None,
            detail=context.engine.name,
        )
    )
    for id_ in broken:
        listen(Event(stage="build", item=id_, state="failed", detail="failed before"))
    outcome = scheduler.run(
        agenda,
        one,
        have=batch.have,
        broken=broken,
        room=room,
        keep_going=keep_going,
        forecast=forecast,
    )
    for id_, reason in outcome.skipped.items():
        listen(Event(stage="build", item=id_, state="skipped", detail=reason))
    listen(Event(stage="build", state="failed" if outcome.failures else "done"))
    return outcome


def _keep(store: Store, node: Node, error: BuildFailed, seconds: float, engine: str) -> None:
    """Record a failure; if the disk does not take it, the disk is what failed."""
    try:
        failures.keep(store, node, error, seconds, engine)
    except OSError as unkept:
        message = f"the failure of {node.id} could not be recorded: {unkept}"
        raise disk.trouble(store.root) or MachineError(message) from unkept


def _recorded_as(node: Node) -> str:
    """The name of a node's costs: packing an interpreter costs less than compiling one."""
    name = node.output.name
    return f"{name} {LOCAL}" if node.output.extra.get("scope") == LOCAL else name


def _cells(graph: Graph) -> dict[str, str]:
    """Return for each node the cells that need it, as a text for people."""
    users: dict[str, list[str]] = {}
    for cell, ids in graph.cells.items():
        seen: set[str] = set()
        stack = list(ids)
        while stack:
            if (id_ := stack.pop()) not in seen:
                seen.add(id_)
                stack += [*graph.nodes[id_].needs, *graph.nodes[id_].runs]
        for id_ in seen:
            # Without the platform, because a run has only one.
            users.setdefault(id_, []).append(cell.rpartition("-")[0])
    return {id_: own[0] if len(own) == 1 else f"{len(own)} cells" for id_, own in users.items()}
