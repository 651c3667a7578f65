"""Builds a graph with threads, one per running build, in the order of order.py."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

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
    agenda: ReadyQueue,
    one: Callable[[str, Mapping[str, Artifact]], Artifact],
    *,
    have: Mapping[str, Artifact],
    broken: Mapping[str, RootstockError],
    room: Capacity,
    keep_going: bool,
    forecast: Callable[[float], None],
) -> BuildOutcome:
    """Build the agenda with `one`; treat what is in `broken` as failed.

    `one` is called in a thread with a node's id and the existing artifacts. After a failure no new
    build starts, unless `keep_going`. Dependents are skipped in both cases, and after a failure of
    the machine nothing new starts at all. `forecast` is called now and then with the seconds until
    everything is built.

    Raises `InterruptedByUser` on Ctrl-C, when every build has ended.
    """
    artifacts = dict(have)
    failures: dict[str, RootstockError] = {}
    skipped: dict[str, str] = {}
    running: dict[Future[Artifact], str] = {}
    begun: dict[str, float] = {}
    lock = threading.Lock()

    def start(id_: str) -> Artifact:
        with lock:
            there = dict(artifacts)
        return one(id_, there)

    def fail(id_: str, error: RootstockError) -> None:
        failures[id_] = error
        for lost in agenda.failed(id_):
            skipped[lost] = f"needs {id_}"
        if not keep_going or isinstance(error, MachineError):
            for waiting in agenda.give_up():
                skipped[waiting] = f"not started, because {id_} failed"

    def seconds_left() -> dict[str, float]:
        now = time.monotonic()
        costs = agenda.costs
        return {id_: remaining(costs[id_].seconds, now - at) for id_, at in begun.items()}

    for id_, error in broken.items():
        fail(id_, error)
    last_forecast = float("-inf")
    pool = ThreadPoolExecutor(room.workers)
    try:
        while True:
            for id_ in agenda.start(seconds_left(), room):
                begun[id_] = time.monotonic()
                running[pool.submit(start, id_)] = id_
                last_forecast = float("-inf")
            if not running:
                break
            if time.monotonic() - last_forecast >= _FORECAST:
                last_forecast = time.monotonic()
                forecast(makespan(simulate(agenda, seconds_left(), room)))
            done, _ = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)
            for future in done:
                id_ = running.pop(future)
                del begun[id_]
                try:
                    built = future.result()
                except InterruptedByUser:
                    raise
                except RootstockError as error:
                    fail(id_, error)
                else:
                    with lock:
                        artifacts[id_] = built
                    agenda.done(id_)
    except BaseException:
        process.end_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return BuildOutcome(artifacts=artifacts, failures=failures, skipped=skipped)
