from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rootstock.acceptance.compare import ChangedNumber, changed, compare
from rootstock.acceptance.model import AcceptanceTest, Accepted, Tolerance


def oak(*accepted: Accepted, **tolerance: Tolerance) -> AcceptanceTest:
    return AcceptanceTest(
        name="oak",
        title="",
        folder=Path(),
        program="run.py",
        tolerance=tolerance,
        accepted=accepted,
    )


def test_a_number_must_not_change_at_all_by_default() -> None:
    assert compare(oak(), {"a": 1.0}, {"a": 1.0}) == ()
    [found] = compare(oak(), {"a": 1.0, "b": 2}, {"a": 1.0000000000000002, "b": 2})
    assert found == ChangedNumber(number="a", before=1.0, now=1.0000000000000002, allowed=0)
    assert str(found) == "a: 1.0 -> 1.0000000000000002 (it must not change)"


@pytest.mark.parametrize(
    ("tolerance", "now", "differs"),
    [
        (Tolerance(absolute=0.5), 10.5, False),
        (Tolerance(absolute=0.5), 9.5, False),
        (Tolerance(absolute=0.5), 10.75, True),
        (Tolerance(relative=0.5), 15, False),
        (Tolerance(relative=0.5), 4.5, True),
        (Tolerance(absolute=6, relative=0.5), 4.5, False),
    ],
)
def test_a_tolerance_is_around_the_number_before(
    tolerance: Tolerance, now: float, differs: bool
) -> None:
    found = compare(oak(a=tolerance), {"a": 10}, {"a": now})
    assert bool(found) is differs
    if found:
        assert f"allowed: {found[0].allowed:g}" in str(found[0])


def test_a_new_number_differs_from_nothing_but_a_lost_one_does() -> None:
    assert compare(oak(), {}, {"a": 1}) == ()
    [lost] = compare(oak(a=Tolerance(absolute=9)), {"a": 1}, {"b": 1})
    assert lost.now is None and not lost.why
    assert str(lost) == "a: 1 -> not written (allowed: 9)"


def test_only_the_accepted_value_is_accepted() -> None:
    test = oak(Accepted(number="a", value=12, why="Grown"), a=Tolerance(absolute=0.5))
    for now, why in ((12, "Grown"), (12.5, "Grown"), (13, ""), (8, "")):
        [found] = compare(test, {"a": 10}, {"a": now})
        assert found.why == why
    [lost] = compare(test, {"a": 10}, {})
    assert not lost.why
    [other] = compare(test, {"b": 10}, {"b": 12})
    assert not other.why
    assert str(compare(test, {"a": 10}, {"a": 12})[0]) == "a: 10 -> 12 (accepted: Grown)"


def test_a_lost_number_can_be_accepted_and_then_not_a_value() -> None:
    test = oak(Accepted(number="a", value=None, why="Felled"))
    [lost] = compare(test, {"a": 10}, {})
    assert lost.why == "Felled"
    [there] = compare(test, {"a": 10}, {"a": 11})
    assert not there.why


def package(name: str, version: str, build: str = "0") -> Any:
    return SimpleNamespace(name=name, version=version, build=build)


def test_packages_that_changed_are_named_with_both_versions() -> None:
    before = [package("oak", "1"), package("elm", "1"), package("ash", "1"), package("fir", "1")]
    now = [package("oak", "1"), package("elm", "2"), package("ash", "1", "1"), package("yew", "3")]
    assert changed(before, now) == (
        "ash 1-0 -> 1-1",
        "elm 1-0 -> 2-0",
        "fir 1-0 -> not there",
        "yew not there -> 3-0",
    )
