"""JSON from outside has the shape that its reader expects, or is a `ValueError`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.core import names, shape
from rootstock.core.shape import OtherFormat

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
CHECKS: list[shape.Check[Any]] = [
    shape.fields(a=shape.count, b=names.line),
    shape.mapping(names.cell, shape.items(shape.seconds)),
    shape.items(shape.yes_or_no),
    shape.one_of("x", "y"),
    shape.count,
    shape.seconds,
    shape.anything_named,
]


@given(JSON)
def test_any_value_is_taken_or_refused_on_one_line(value: Any) -> None:
    for check in CHECKS:
        try:
            check(value)
        except ValueError as error:
            said = str(error)
            assert said.isprintable() and len(said) < 300


def test_what_is_allowed_comes_back() -> None:
    check = shape.fields(
        sizes=shape.mapping(names.cell, shape.count),
        seen=shape.items(shape.yes_or_no),
        took=shape.seconds,
        kind=shape.one_of("x", "y"),
    )
    value = {"sizes": {"a": 1}, "seen": [True, False], "took": 1, "kind": "y"}
    assert check(value) == {**value, "seen": (True, False)}


def test_what_is_seldom_there_may_be_missing_and_is_checked() -> None:
    check = shape.fields({"b": shape.count}, a=shape.count)
    assert check({"a": 1}) == {"a": 1}
    assert check({"b": 2, "a": 1}) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="'b': -1"):
        check({"a": 1, "b": -1})


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (shape.fields(a=shape.count), {"a": 1, "b": 2}, "unknown field 'b'"),
        (shape.fields(a=shape.count), {}, "lacks the field 'a'"),
        (shape.fields(a=shape.count), {"a": -1}, "'a': -1"),
        (shape.fields(a=shape.count), [], "is not an object"),
        (shape.items(shape.count), {"a": 1}, "is not a list"),
        (shape.count, True, "True"),
        (shape.count, 1.0, "1.0"),
        (shape.count, 2**63, "not a count"),
        (shape.seconds, float("inf"), "inf"),
        (shape.seconds, -0.1, "not a number of seconds"),
        (shape.yes_or_no, 1, "neither true nor false"),
        (shape.one_of("x"), ["x"], "is not one of x"),
        (shape.one_of("x"), {}, "is not one of x"),
    ],
)
def test_what_is_not_is_reported(check: shape.Check[Any], value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(value)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"a":' * 100_000, "NaN", "-Infinity", b"\xff", "9" * 10_000]
)
def test_what_is_no_json_is_reported(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        shape.document(text)


@given(JSON)
def test_what_is_json_is_read(value: Any) -> None:
    text = json.dumps(value)
    if "NaN" not in text and "Infinity" not in text:
        assert shape.document(text) == value


def test_another_format_is_reported_as_such() -> None:
    with pytest.raises(
        OtherFormat, match=r"has format 7, and rootstock \S+ reads format 2"
    ) as said:
        shape.require_format({"format": 7}, 2)
    assert "Nothing is broken" in said.value.remedy
    values: list[object] = [{"format": 2}, {"format": "7"}, [], None, 7]
    for value in values:
        shape.require_format(value, 2)
