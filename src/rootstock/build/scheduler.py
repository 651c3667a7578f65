"""Build a graph: every node as soon as its dependencies are there, longest chain first."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from rootstock import process
from rootstock.build.artifact import Artifact
from rootstock.errors import InterruptedByUser, RootstockError
from rootstock.plan.graph import Graph

_POLL = 0.2  # seconds between looks for Ctrl-C
_GUESS = 20.0  # seconds, for a package that was never built here


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of each node: its artifact, its failure, or the failure it waited for."""

    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, RootstockError]
    skipped: Mapping[str, str]


def run(
    graph: Graph,
    wanted: Mapping[str, frozenset[str]],
    one: Callable[[str, Mapping[str, Artifact]], Artifact],
    *,
    have: Mapping[str, Artifact],
    durations: Mapping[str, float],
    workers: int,
    keep_going: bool,
) -> Outcome:
    """Build the nodes of `wanted` (node id -> ids that must be there first) with `one`.

    `one` is called in a thread with a node's id and the artifacts there are. `durations`, in
    seconds by package name, decide which of several ready nodes goes first: the one at the
    head of the longest chain. After a failure no new build begins, unless `keep_going`; what
    depends on it is skipped either way.

    Raises `InterruptedByUser` on Ctrl-C, when every build has ended.
    """
    artifacts = dict(have)
    failures: dict[str, RootstockError] = {}
    skipped: dict[str, str] = {}
    rank = _ranks(graph, wanted, durations)
    waiting = set(wanted)
    running: dict[Future[Artifact], str] = {}
    lock = threading.Lock()

    def start(id_: str) -> Artifact:
        with lock:
            there = dict(artifacts)
        return one(id_, there)

    pool = ThreadPoolExecutor(workers)
    try:
        while waiting or running:
            for id_ in sorted(waiting, key=lambda node: -rank[node]):
                broken = next((d for d in wanted[id_] if d in failures or d in skipped), None)
                if broken is not None or (failures and not keep_going):
                    skipped[id_] = skipped.get(broken or "", broken or next(iter(failures)))
                    waiting.discard(id_)
                elif len(running) < workers and all(d in artifacts for d in wanted[id_]):
                    waiting.discard(id_)
                    running[pool.submit(start, id_)] = id_
            done, _ = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)
            for future in done:
                id_ = running.pop(future)
                try:
                    built = future.result()
                except RootstockError as error:
                    if isinstance(error, InterruptedByUser):
                        raise
                    failures[id_] = error
                else:
                    with lock:
                        artifacts[id_] = built
    except BaseException:
        process.end_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return Outcome(artifacts=artifacts, failures=failures, skipped=skipped)


def _ranks(
    graph: Graph, wanted: Mapping[str, frozenset[str]], durations: Mapping[str, float]
) -> dict[str, float]:
    """The length in seconds of the longest chain of builds that begins at each node."""
    followers: dict[str, list[str]] = {id_: [] for id_ in wanted}
    for id_, needs in wanted.items():
        for need in needs:
            if need in followers:
                followers[need].append(id_)
    rank: dict[str, float] = {}
    for id_ in reversed([node for node in graph.nodes if node in wanted]):
        own = durations.get(graph.nodes[id_].output.name, _GUESS)
        rank[id_] = own + max((rank[follower] for follower in followers[id_]), default=0.0)
    return rank
