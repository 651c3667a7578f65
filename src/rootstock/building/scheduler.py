"""Builds a graph with threads, one per running build, in the order of order.py."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from rootstock.building.artifact import Artifact
from rootstock.building.order import Capacity, ReadyQueue, makespan, remaining, simulate
from rootstock.core import process
from rootstock.core.errors import InterruptedByUser, MachineError, RootstockError

_POLL = 0.2  # seconds between checks for Ctrl-C
_FORECAST = 5.0  # seconds between forecasts when nothing starts or ends


@dataclass(frozen=True, kw_only=True)
class BuildOutcome:
    """The result of each node: its artifact, its failure, or the reason why it was skipped."""

    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, RootstockError]
    skipped: Mapping[str, str]


def run(
    queue: ReadyQueue,
    one: Callable[[str, Mapping[str, Artifact]], Artifact],
    *,
    have: Mapping[str, Artifact],
    broken: Mapping[str, RootstockError],
    capacity: Capacity,
    keep_going: bool,
    forecast: Callable[[float], None],
) -> BuildOutcome:
    """Build what is in the queue with `one`; treat what is in `broken` as failed.

    `one` is called in a thread with a node's id and the existing artifacts. After a failure no new
    build starts, unless `keep_going`. Dependents are skipped in both cases, and after a failure of
    the machine nothing new starts at all. `forecast` is called now and then with the seconds until
    everything is built.

    Raises `InterruptedByUser` on Ctrl-C, when every build has ended.
    """
    results = _Results(queue, keep_going, dict(have))
    running: dict[Future[Artifact], str] = {}
    begun: dict[str, float] = {}

    def seconds_left() -> dict[str, float]:
        now = time.monotonic()
        costs = queue.costs
        return {id_: remaining(costs[id_].seconds, now - at) for id_, at in begun.items()}

    for id_, error in broken.items():
        results.fail(id_, error)
    last_forecast = float("-inf")
    pool = ThreadPoolExecutor(capacity.workers)
    try:
        while True:
            for id_ in queue.start(seconds_left(), capacity):
                begun[id_] = time.monotonic()
                running[pool.submit(one, id_, dict(results.artifacts))] = id_
                last_forecast = float("-inf")
            if not running:
                break
            if time.monotonic() - last_forecast >= _FORECAST:
                last_forecast = time.monotonic()
                forecast(makespan(simulate(queue, seconds_left(), capacity)))
            done, _ = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)
            for future in done:
                id_ = running.pop(future)
                del begun[id_]
                results.take(id_, future)
    except BaseException:
        process.end_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return results.outcome()


@dataclass
class _Results:
    """The results so far. Only the thread that runs the queue changes them."""

    queue: ReadyQueue
    keep_going: bool
    artifacts: dict[str, Artifact]
    failures: dict[str, RootstockError] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def take(self, id_: str, build: Future[Artifact]) -> None:
        """Take the result of a build that ended; raises `InterruptedByUser` if that ended it."""
        try:
            artifact = build.result()
        except InterruptedByUser:
            raise
        except RootstockError as error:
            self.fail(id_, error)
        else:
            self.artifacts[id_] = artifact
            self.queue.done(id_)

    def fail(self, id_: str, error: RootstockError) -> None:
        """Record a failure, and skip what cannot be built after it."""
        self.failures[id_] = error
        for lost in self.queue.failed(id_):
            self.skipped[lost] = f"needs {id_}"
        if not self.keep_going or isinstance(error, MachineError):
            for waiting in self.queue.give_up():
                self.skipped[waiting] = f"not started, because {id_} failed"

    def outcome(self) -> BuildOutcome:
        """Return the results of all nodes."""
        return BuildOutcome(artifacts=self.artifacts, failures=self.failures, skipped=self.skipped)
