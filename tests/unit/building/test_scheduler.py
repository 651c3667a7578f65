import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import Artifact
from rootstock.building.costs import Cost
from rootstock.building.order import Capacity, ReadyQueue
from rootstock.building.scheduler import BuildOutcome, run
from rootstock.core.errors import BuildFailed, InterruptedByUser, MachineError

# a <- b <- c, and d alone
NEEDS = {
    "a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"}), "d": frozenset[str](),
}  # fmt: skip
COSTS = {"a": 1, "b": 1, "c": 1, "d": 2.5}


def artifact(name: str) -> Artifact:
    return Artifact(
        path=Path(name), key="", name=name, version="1", build="0", subdir="linux-64",
        sha256="", size=0, seconds=0, scope="channel",
    )  # fmt: skip


def go(one: Any, workers: int = 2, **options: Any) -> BuildOutcome:
    queue = ReadyQueue(NEEDS, {id_: Cost(seconds=seconds) for id_, seconds in COSTS.items()})
    settings = {"broken": {}, "keep_going": False, "forecast": lambda seconds: None, **options}
    return run(queue, one, have={}, capacity=Capacity(workers=workers, memory=1e9), **settings)


def make(id_: str, there: Mapping[str, Artifact]) -> Artifact:
    return artifact(id_)


def test_dependencies_are_there_before_a_build_begins() -> None:
    seen: dict[str, set[str]] = {}

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        seen[id_] = set(there)
        return artifact(id_)

    outcome = go(one)
    assert set(outcome.artifacts) == set("abcd")
    assert all(seen[id_] >= NEEDS[id_] for id_ in NEEDS)


def test_two_builds_run_at_a_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        if id_ in "ad":
            both.wait()
        return artifact(id_)

    assert set(go(one).artifacts) == set("abcd")


def fails_at(broken: str, error: type[MachineError] | None = None) -> Any:
    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        if id_ == broken:
            raise error("oh") if error else BuildFailed(id_, Path("log"), ["oh"])
        return artifact(id_)

    return one


def test_after_a_failure_what_depends_on_it_is_skipped_and_named() -> None:
    outcome = go(fails_at("a"), keep_going=True)
    assert set(outcome.failures) == {"a"}
    assert outcome.skipped == {"b": "needs a", "c": "needs a"}
    assert set(outcome.artifacts) == {"d"}


def test_after_a_failure_nothing_new_begins() -> None:
    outcome = go(fails_at("a"), workers=1)
    assert set(outcome.failures) == {"a"}
    assert outcome.skipped == {
        "b": "needs a",
        "c": "needs a",
        "d": "not started, because a failed",
    }


def test_a_failure_of_the_machine_is_one_of_all() -> None:
    outcome = go(fails_at("a", MachineError), workers=1, keep_going=True)
    assert outcome.skipped["d"] == "not started, because a failed"


def test_what_is_known_to_fail_is_not_tried() -> None:
    known = BuildFailed("b", Path("log"), ["oh"])
    tried: list[str] = []

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        tried.append(id_)
        return artifact(id_)

    outcome = go(one, broken={"b": known}, keep_going=True)
    assert sorted(tried) == ["a", "d"]
    assert outcome.failures == {"b": known}
    assert outcome.skipped == {"c": "needs b"}


def test_the_end_is_forecast_whenever_something_begins() -> None:
    said: list[float] = []
    go(make, workers=1, forecast=said.append)
    assert len(said) == 4
    assert said == sorted(said, reverse=True)
    assert said[0] == pytest.approx(sum(COSTS.values()), abs=0.1)
    assert said[-1] == pytest.approx(COSTS["c"], abs=0.1)


def test_an_interruption_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr("rootstock.core.process.end_all", lambda: ended.append(True))

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        raise InterruptedByUser("interrupted")

    with pytest.raises(InterruptedByUser):
        go(one)
    assert ended
