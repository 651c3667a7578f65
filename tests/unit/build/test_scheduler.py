import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rootstock.build.artifact import Artifact
from rootstock.build.scheduler import run
from rootstock.errors import BuildFailed, InterruptedByUser
from rootstock.plan.graph import Graph

# a <- b <- c, and d alone
NEEDS = {
    "a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"}), "d": frozenset[str](),
}  # fmt: skip
GRAPH = cast(Graph, SimpleNamespace(
    nodes={id_: SimpleNamespace(output=SimpleNamespace(name=id_)) for id_ in "abcd"}
))  # fmt: skip


def artifact(name: str) -> Artifact:
    return Artifact(
        path=Path(name), key="", name=name, version="1", build="0", subdir="linux-64",
        sha256="", size=0, seconds=0, scope="channel",
    )  # fmt: skip


def go(one: Any, **options: Any) -> Any:
    settings = {"have": {}, "durations": {}, "workers": 2, "keep_going": False, **options}
    return run(GRAPH, NEEDS, one, **settings)


def test_dependencies_are_there_before_a_build_begins() -> None:
    seen: dict[str, set[str]] = {}

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        seen[id_] = set(there)
        return artifact(id_)

    outcome = go(one)
    assert set(outcome.artifacts) == set("abcd")
    assert all(seen[id_] >= NEEDS[id_] for id_ in NEEDS)


def test_the_head_of_the_longest_chain_goes_first() -> None:
    order: list[str] = []

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        order.append(id_)
        return artifact(id_)

    go(one, workers=1, durations={"a": 1, "b": 1, "c": 1, "d": 2.5})
    assert order == ["a", "d", "b", "c"]


def test_two_builds_run_at_a_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        if id_ in "ad":
            both.wait()
        return artifact(id_)

    assert set(go(one).artifacts) == set("abcd")


def fails_at(broken: str) -> Any:
    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        if id_ == broken:
            raise BuildFailed(id_, Path("log"), ["oh"])
        return artifact(id_)

    return one


def test_after_a_failure_what_depends_on_it_is_skipped_and_named() -> None:
    outcome = go(fails_at("a"), keep_going=True)
    assert set(outcome.failures) == {"a"}
    assert outcome.skipped == {"b": "a", "c": "a"}
    assert set(outcome.artifacts) == {"d"}


def test_after_a_failure_nothing_new_begins() -> None:
    outcome = go(fails_at("a"), workers=1, durations={"a": 100})
    assert set(outcome.failures) == {"a"}
    assert set(outcome.skipped) == {"b", "c", "d"}


def test_an_interruption_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr("rootstock.process.end_all", lambda: ended.append(True))

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        raise InterruptedByUser("interrupted")

    with pytest.raises(InterruptedByUser):
        go(one)
    assert ended
