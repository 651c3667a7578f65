"""Decides what is built next, without threads, processes or a clock.

`scheduler.run` uses the decisions for real builds, and `simulate` for pretended ones: to forecast
the time of a run, and for benchmarks.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rootstock.building.costs import Cost

_OVERDUE = 0.1  # the assumed rest of a build that takes longer than expected, per elapsed second


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The number of parallel builds, and the bytes of memory for all of them."""

    workers: int
    memory: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """A build of a simulation, with its start and end in seconds."""

    id: str
    start: float
    end: float


def choose(
    ready: Iterable[str],
    running: Mapping[str, float],
    costs: Mapping[str, Cost],
    capacity: Capacity,
) -> list[str]:
    """Choose the ready builds that start now.

    `ready` is in order of urgency; `running` has the remaining seconds of each build. A build that
    does not fit into the memory beside the others waits; one that needs more than all the memory
    runs alone. Others overtake the first waiting build only if that does not delay it: if they end
    before it has room, or fit beside it.
    """
    chosen: dict[str, float] = {}
    free = capacity.memory - sum(costs[id_].memory for id_ in running)
    slots = capacity.workers - len(running)
    # The seconds until the first waiting build has room, and the memory left then.
    when = spare = 0.0
    waits = False
    for id_ in ready:
        if len(chosen) >= slots:
            break
        cost = costs[id_]
        if cost.memory > free and (running or chosen):
            if not waits:
                waits = True
                when, spare = _reserve(cost.memory, free, {**running, **chosen}, costs)
            continue
        if waits and cost.seconds > when:
            if cost.memory > spare:
                continue
            spare -= cost.memory
        chosen[id_] = cost.seconds
        free -= cost.memory
    return list(chosen)


def _reserve(
    memory: float, free: float, running: Mapping[str, float], costs: Mapping[str, Cost]
) -> tuple[float, float]:
    """Return in how many seconds so much memory will be free, and how much more will be."""
    when = 0.0
    for id_ in sorted(running, key=lambda id_: running[id_]):
        if free >= memory:
            break
        free += costs[id_].memory
        when = running[id_]
    return when, max(free - memory, 0.0)


class ReadyQueue:
    """The builds that wait, that are ready, and that run.

    `needs` are the ids each build waits for; those that are not among its keys exist already. Of
    the ready builds, the head of the longest chain is the most urgent.
    """

    def __init__(self, needs: Mapping[str, Iterable[str]], costs: Mapping[str, Cost]) -> None:
        self.costs = costs
        self._blocked = {id_: {d for d in deps if d in needs} for id_, deps in needs.items()}
        self._followers: dict[str, list[str]] = {id_: [] for id_ in needs}
        for id_, deps in self._blocked.items():
            for dep in sorted(deps):
                self._followers[dep].append(id_)
        self._rank = self._ranks()
        self._ready: list[tuple[float, str]] = []
        for id_, deps in list(self._blocked.items()):
            if not deps:
                self._release(id_)

    def _ranks(self) -> dict[str, float]:
        """Return the seconds of the longest chain of builds that starts at each."""
        counts = {id_: len(deps) for id_, deps in self._blocked.items()}
        order = [id_ for id_, count in counts.items() if not count]
        for id_ in order:
            for follower in self._followers[id_]:
                counts[follower] -= 1
                if not counts[follower]:
                    order.append(follower)
        rank: dict[str, float] = {}
        for id_ in reversed(order):
            after = max((rank[follower] for follower in self._followers[id_]), default=0.0)
            rank[id_] = self.costs[id_].seconds + after
        return rank

    def _release(self, id_: str) -> None:
        del self._blocked[id_]
        insort(self._ready, (-self._rank[id_], id_))

    @property
    def critical(self) -> float:
        """The seconds of the longest chain of builds that have not started: no run is shorter."""
        return max((self._rank[id_] for id_ in self.left), default=0.0)

    @property
    def left(self) -> Sequence[str]:
        """The builds that have not started."""
        return [*(id_ for _, id_ in self._ready), *self._blocked]

    def start(self, running: Mapping[str, float], capacity: Capacity) -> list[str]:
        """Start the builds that can start; `running` has each running one's remaining seconds."""
        chosen = choose((id_ for _, id_ in self._ready), running, self.costs, capacity)
        for id_ in chosen:
            del self._ready[bisect_left(self._ready, (-self._rank[id_], id_))]
        return chosen

    def done(self, id_: str) -> None:
        """Record that a running build succeeded."""
        for follower in self._followers[id_]:
            if follower in self._blocked:
                self._blocked[follower].discard(id_)
                if not self._blocked[follower]:
                    self._release(follower)

    def failed(self, id_: str) -> list[str]:
        """Record that a build failed or will not start; return its dependents, now given up."""
        self._ready = [entry for entry in self._ready if entry[1] != id_]
        self._blocked.pop(id_, None)
        lost = [id_]
        for one in lost:
            for follower in self._followers[one]:
                if follower in self._blocked:
                    del self._blocked[follower]
                    lost.append(follower)
        return lost[1:]

    def give_up(self) -> list[str]:
        """Start nothing more; return the builds that have not started."""
        left = list(self.left)
        self._ready, self._blocked = [], {}
        return left

    def copy(self) -> "ReadyQueue":
        """Return an independent copy."""
        other = object.__new__(ReadyQueue)
        other.costs, other._followers, other._rank = self.costs, self._followers, self._rank
        other._blocked = {id_: set(deps) for id_, deps in self._blocked.items()}
        other._ready = list(self._ready)
        return other


def remaining(expected: float, elapsed: float) -> float:
    """Estimate the remaining seconds of a build, even of one that takes longer than expected."""
    return max(expected - elapsed, _OVERDUE * elapsed)


def simulate(queue: ReadyQueue, running: Mapping[str, float], capacity: Capacity) -> list[Span]:
    """Simulate a run to its end, with each build taking exactly as long as its cost.

    `running` has the remaining seconds of each running build. The queue itself does not change.
    """
    queue = queue.copy()
    spans = [Span(id=id_, start=0.0, end=left) for id_, left in running.items()]
    ends = [(span.end, span.id) for span in spans]
    heapq.heapify(ends)
    now = 0.0
    while True:
        for id_ in queue.start({id_: end - now for end, id_ in ends}, capacity):
            spans.append(Span(id=id_, start=now, end=now + queue.costs[id_].seconds))
            heapq.heappush(ends, (spans[-1].end, id_))
        if not ends:
            return spans
        now = ends[0][0]
        while ends and ends[0][0] <= now:
            queue.done(heapq.heappop(ends)[1])


def makespan(spans: Iterable[Span]) -> float:
    """Return the seconds until the last of some builds ends."""
    return max((span.end for span in spans), default=0.0)
