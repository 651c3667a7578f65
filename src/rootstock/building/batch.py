"""All builds of a run: their costs, their order, and the records of failures."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.building import builder, costs, failures, scheduler
from rootstock.building.artifact import Artifact
from rootstock.building.order import Capacity, ReadyQueue, makespan, simulate
from rootstock.building.room import BuildContext
from rootstock.building.scheduler import BuildOutcome
from rootstock.building.series import Wheels
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
    plan: BuildPlan,
    context: BuildContext,
    broken: Mapping[str, BuildFailed],
    fetched: Callable[[Node], None],
    *,
    logs: Path,
    seed: Path,
    workers: int,
    keep_going: bool,
    listen: Listener,
) -> BuildOutcome:
    """Build a plan, except for the nodes in `broken`.

    `fetched` is called before each build: it waits for the node's sources.

    `seed` is the file with the costs of packages that were never built on this machine. The logs go
    to `logs`, one file per node. `workers` is the number of parallel builds, 0 for one per core.
    """
    graph, wanted, store = plan.graph, plan.wanted, context.store
    recorded = costs.load(seed, store.durations, listen=listen)
    names = {id_: _recorded_as(graph.nodes[id_]) for id_ in wanted}
    known = {id_: recorded[name].seconds for id_, name in names.items() if name in recorded}
    predictable = len(known) >= _KNOWN * len(wanted)
    wheels = Wheels(context)
    one = _Build(plan, context, wheels, fetched, logs, names, known, _cells(graph), listen)

    def forecast(seconds: float) -> None:
        if predictable:
            listen(Event(stage="build", state="progress", expected=seconds))

    queue = ReadyQueue(wanted, costs.estimate(names, recorded))
    capacity = Capacity(workers=workers or os.cpu_count() or 1, memory=memory.available())
    listen(
        Event(
            stage="build",
            state="start",
            total=len(wanted),
            expected=makespan(simulate(queue, {}, capacity)) if predictable else None,
            detail=context.engine.name,
        )
    )
    for id_ in broken:
        listen(Event(stage="build", item=id_, state="failed", detail="failed before"))
    try:
        outcome = scheduler.run(
            queue,
            one,
            have=plan.have,
            broken=broken,
            capacity=capacity,
            keep_going=keep_going,
            forecast=forecast,
        )
    finally:
        wheels.close()
    for id_, reason in outcome.skipped.items():
        listen(Event(stage="build", item=id_, state="skipped", detail=reason))
    listen(Event(stage="build", state="failed" if outcome.failures else "done"))
    return outcome


@dataclass(frozen=True)
class _Build:
    """The build of one node of a plan.

    `names` are the names of the nodes' costs, `known` the seconds of their last builds, `cells`
    the cells that each is for.
    """

    plan: BuildPlan
    context: BuildContext
    wheels: Wheels
    fetched: Callable[[Node], None]
    logs: Path
    names: Mapping[str, str]
    known: Mapping[str, float]
    cells: Mapping[str, str]
    listen: Listener
    remembering: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, id_: str, there: Mapping[str, Artifact]) -> Artifact:
        """Build a node from the artifacts that exist; raises what fetching and building raise."""
        node, store = self.plan.graph.nodes[id_], self.context.store
        try:
            self.fetched(node)
            built, cost = self._built(node, there)
        except RootstockError:
            self.listen(Event(stage="build", item=id_, state="failed"))
            raise
        with self.remembering:
            costs.remember({self.names[id_]: cost}, store, self.listen)
        failures.forget(store, node.key)
        self.listen(Event(stage="build", item=id_, state="done", seconds=built.seconds))
        return built

    def _built(self, node: Node, there: Mapping[str, Artifact]) -> tuple[Artifact, costs.Cost]:
        started = time.monotonic()
        begins = Event(
            stage="build",
            item=node.id,
            state="start",
            expected=self.known.get(node.id),
            detail=self.cells.get(node.id, ""),
        )
        self.listen(begins)
        needs = [there[dep] for dep in sorted(self.plan.wanted[node.id])]
        try:
            log = self.logs / f"{node.id}.log"
            return builder.build(node, needs, self.context, self.wheels, log)
        except BuildFailed as error:
            seconds = time.monotonic() - started
            _keep(self.context.store, node, error, seconds, self.context.engine.name)
            raise


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
