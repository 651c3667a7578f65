"""Checks of JSON from outside: a reader names the shape it expects, or gets a `ValueError`.

A check is a function that takes any value and returns it, or something made of it, when it is
allowed; otherwise it raises `ValueError`. The functions of names.py are checks of texts. This
module has checks of numbers, and combines checks into checks of lists and objects.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from rootstock import __version__
from rootstock.core.names import quoted

T = TypeVar("T")
K = TypeVar("K")
Check = Callable[[object], T]

_LARGEST = 2**63 - 1  # the largest size of a file system or of a program in C


class OtherFormat(ValueError):
    """A file of a format that this rootstock does not read; the file is not wrong."""

    remedy = "Nothing is broken or changed: use the version of rootstock that wrote it."


def document(text: str | bytes) -> object:
    """Parse a JSON text; raises `ValueError` when it is invalid or nested too deeply."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def require_format(value: object, wanted: int) -> None:
    """Raise `OtherFormat` when the field `format` of an object is another whole number."""
    found = value.get("format", 1) if isinstance(value, dict) else wanted
    if isinstance(found, int) and found != wanted:
        raise OtherFormat(
            f"has format {quoted(found)}, and rootstock {__version__} reads format {wanted}"
        )


def fields(
    seldom: Mapping[str, Check[Any]] = MappingProxyType({}), /, **checks: Check[Any]
) -> Check[dict[str, Any]]:
    """Make a check of objects with exactly these fields; those in `seldom` may be missing."""

    def check(value: object) -> dict[str, Any]:
        known = anything_named(value)
        if strange := known.keys() - checks.keys() - seldom.keys():
            raise ValueError(f"has the unknown field {quoted(min(strange))}")
        if missing := checks.keys() - known.keys():
            raise ValueError(f"lacks the field {min(missing)!r}")
        every = {**checks, **seldom}
        return {name: _at(name, every[name], known[name]) for name in every if name in known}

    return check


def made(kind: Callable[..., T], check: Check[dict[str, Any]]) -> Check[T]:
    """Make a check that builds a value of a kind from the fields that another check returns."""
    return lambda value: kind(**check(value))


def mapping(key: Check[K], value: Check[T]) -> Check[dict[K, T]]:
    """Make a check of objects with any number of fields, which checks their names as well."""

    def check(found: object) -> dict[K, T]:
        return {key(name): _at(name, value, one) for name, one in anything_named(found).items()}

    return check


def items(item: Check[T]) -> Check[tuple[T, ...]]:
    """Make a check of lists, which returns a tuple."""

    def check(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{quoted(value)} is not a list")
        return tuple(item(one) for one in value)

    return check


def one_of(*allowed: str) -> Check[Any]:
    """Make a check of texts that allows only these."""

    def check(value: object) -> object:
        if value not in allowed:
            raise ValueError(f"{quoted(value)} is not one of {', '.join(allowed)}")
        return value

    return check


def count(value: object) -> int:
    """A whole number that is neither negative nor larger than a file can be."""
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"{quoted(value)} is not a count")
    return value


def seconds(value: object) -> float:
    """A duration in seconds."""
    if type(value) not in (int, float) or not 0 <= value <= _LARGEST:  # type: ignore[operator]
        raise ValueError(f"{quoted(value)} is not a number of seconds")
    return value  # type: ignore[return-value]  # as it is: 1 and 1.0 are written differently


def yes_or_no(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is neither true nor false")
    return value


def anything_named(value: object) -> Mapping[str, object]:
    """An object whose reader checks the fields and their names."""
    if not isinstance(value, dict):
        raise ValueError(f"{quoted(value)} is not an object")
    return value


def _at(name: str, check: Check[T], value: object) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{quoted(name)}: {error}") from error


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not a JSON number")
