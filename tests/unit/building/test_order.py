from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.building.costs import Cost
from rootstock.building.order import Capacity, ReadyQueue, choose, makespan, remaining, simulate

# a <- b <- c, and d alone
NEEDS: Mapping[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ()}
COSTS = {id_: Cost(seconds=s) for id_, s in {"a": 1, "b": 1, "c": 1, "d": 2.5}.items()}
ONE, TWO = Capacity(workers=1, memory=100), Capacity(workers=2, memory=100)


def heavy(**memories: int) -> dict[str, Cost]:
    return {id_: Cost(seconds=10, memory=memory) for id_, memory in memories.items()}


def test_the_head_of_the_longest_chain_goes_first() -> None:
    order = [span.id for span in simulate(ReadyQueue(NEEDS, COSTS), {}, ONE)]
    assert order == ["a", "d", "b", "c"]


def test_what_fits_runs_together() -> None:
    assert choose("abc", {}, heavy(a=50, b=50, c=1), TWO) == ["a", "b"]


def test_what_does_not_fit_together_waits() -> None:
    assert choose("ab", {}, heavy(a=60, b=60), TWO) == ["a"]
    assert choose("b", {"a": 5.0}, heavy(a=60, b=60), TWO) == []


def test_what_fits_nowhere_runs_alone() -> None:
    assert choose("ab", {}, heavy(a=500, b=1), TWO) == ["a"]
    assert choose("a", {"b": 5.0}, heavy(a=500, b=1), TWO) == []


def test_who_goes_in_front_does_not_make_the_first_wait_longer() -> None:
    # "big" has room in 10 seconds, when "now" ends; it leaves 20 bytes then.
    capacity = Capacity(workers=9, memory=100)
    costs = heavy(now=70, big=80) | {
        "short": Cost(seconds=9, memory=25),
        "long": Cost(seconds=11, memory=25),
        "slim": Cost(seconds=11, memory=15),
    }
    running = {"now": 10.0}
    assert choose(["big", "short"], running, costs, capacity) == ["short"]
    assert choose(["big", "long"], running, costs, capacity) == []
    assert choose(["big", "slim"], running, costs, capacity) == ["slim"]


def test_what_depends_on_a_failure_is_given_up() -> None:
    queue = ReadyQueue(NEEDS, COSTS)
    assert queue.start({}, TWO) == ["a", "d"]
    assert queue.failed("a") == ["b", "c"]
    queue.done("d")
    assert queue.start({}, TWO) == []
    assert queue.left == []


def test_dependencies_that_are_there_are_not_waited_for() -> None:
    queue = ReadyQueue({"b": ("there",)}, COSTS)
    assert queue.start({}, ONE) == ["b"]


def test_the_longest_chain_of_what_is_left() -> None:
    queue = ReadyQueue(NEEDS, COSTS)
    assert queue.critical == 3.0
    queue.start({}, ONE)
    queue.done("a")
    assert queue.critical == 2.5


def test_a_build_that_takes_longer_is_never_thought_to_be_over() -> None:
    assert remaining(60.0, 20.0) == 40.0
    assert remaining(60.0, 60.0) == 6.0
    assert remaining(60.0, 600.0) == 60.0


def test_a_simulation_goes_on_from_what_runs_and_changes_nothing() -> None:
    queue = ReadyQueue(NEEDS, COSTS)
    assert queue.start({}, TWO) == ["a", "d"]
    for _ in range(2):
        assert makespan(simulate(queue, {"a": 0.5, "d": 2.0}, TWO)) == 2.5


@st.composite
def works(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, Cost]]:
    count = draw(st.integers(0, 12))
    ids = [str(number) for number in range(count)]
    needs = {
        id_: draw(st.lists(st.sampled_from(ids[:number]), unique=True)) if number else []
        for number, id_ in enumerate(ids)
    }
    seconds = st.integers(1, 50)
    costs = {id_: Cost(seconds=draw(seconds), memory=draw(st.integers(0, 120))) for id_ in ids}
    return needs, costs


@given(works(), st.integers(1, 4))
def test_every_run_keeps_the_rules(
    work: tuple[dict[str, list[str]], dict[str, Cost]], workers: int
) -> None:
    needs, costs = work
    queue = ReadyQueue(needs, costs)
    spans = simulate(queue, {}, Capacity(workers=workers, memory=100))
    ends = {span.id: span.end for span in spans}
    assert sorted(ends) == sorted(needs)  # each once, and none is forgotten
    for span in spans:
        assert span.end == span.start + costs[span.id].seconds
        assert all(ends[dep] <= span.start for dep in needs[span.id])
        beside = [other for other in spans if other.start <= span.start < other.end]
        assert len(beside) <= workers
        assert len(beside) == 1 or sum(costs[other.id].memory for other in beside) <= 100


@given(works(), st.integers(1, 4))
def test_no_run_is_shorter_than_its_bound_nor_longer_than_twice_it(
    work: tuple[dict[str, list[str]], dict[str, Cost]], workers: int
) -> None:
    needs, costs = work
    costs = {id_: Cost(seconds=cost.seconds) for id_, cost in costs.items()}
    queue = ReadyQueue(needs, costs)
    bound = max(queue.critical, sum(cost.seconds for cost in costs.values()) / workers)
    took = makespan(simulate(queue, {}, Capacity(workers=workers, memory=0)))
    assert bound <= took + 1e-9
    # Graham's bound for any order in which no worker is idle while something is ready.
    assert took <= (2 - 1 / workers) * bound + 1e-9


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_ten_thousand_builds_in_a_row_or_beside_each_other(workers: int) -> None:
    ids = [str(number) for number in range(10_000)]
    costs = dict.fromkeys(ids, Cost(seconds=1))
    row = {id_: ids[max(number - 1, 0) : number] for number, id_ in enumerate(ids)}
    capacity = Capacity(workers=workers, memory=0)
    assert makespan(simulate(ReadyQueue(row, costs), {}, capacity)) == 10_000
    beside = ReadyQueue(dict.fromkeys(ids, ()), costs)
    assert makespan(simulate(beside, {}, capacity)) == 10_000 / workers
