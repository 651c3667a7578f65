"""JSON from outside: a reader says which shape it expects, and gets that or a `ValueError`.

A check is a function that takes any value and returns it, or what is made of it, when it is
allowed; it raises `ValueError` otherwise. The functions of names.py are checks of texts. Those
here are checks of numbers, and make checks of lists and objects from checks of their parts.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from rootstock import __version__
from rootstock.core.names import shown

T = TypeVar("T")
K = TypeVar("K")
Check = Callable[[object], T]

_LARGEST = 2**63 - 1  # of what a file system or a program in C has as a size


class OtherFormat(ValueError):
    """A file of a format that this rootstock does not read; nothing is wrong with it."""

    remedy = "Nothing is broken, and nothing was changed: use the rootstock that wrote it."


def document(text: str | bytes) -> object:
    """The value of a JSON text; raises `ValueError` when it is none, or is nested too deeply."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def require_format(value: object, wanted: int) -> None:
    """Raise `OtherFormat` when the field `format` of an object is another whole number."""
    found = value.get("format", 1) if isinstance(value, dict) else wanted
    if isinstance(found, int) and found != wanted:
        raise OtherFormat(
            f"has format {shown(found)}, and rootstock {__version__} reads format {wanted}"
        )


def fields(
    seldom: Mapping[str, Check[Any]] = MappingProxyType({}), /, **checks: Check[Any]
) -> Check[dict[str, Any]]:
    """A check of objects with just these fields, of which those in `seldom` may be missing."""

    def check(value: object) -> dict[str, Any]:
        known = anything_named(value)
        if strange := known.keys() - checks.keys() - seldom.keys():
            raise ValueError(f"has the unknown field {shown(min(strange))}")
        if missing := checks.keys() - known.keys():
            raise ValueError(f"lacks the field {min(missing)!r}")
        every = {**checks, **seldom}
        return {name: _at(name, every[name], known[name]) for name in every if name in known}

    return check


def made(kind: Callable[..., T], check: Check[dict[str, Any]]) -> Check[T]:
    """A check that makes a value of some kind of the fields that another check gives."""
    return lambda value: kind(**check(value))


def mapping(key: Check[K], value: Check[T]) -> Check[dict[K, T]]:
    """A check of objects with any number of fields, whose names are checked as well."""

    def check(found: object) -> dict[K, T]:
        return {key(name): _at(name, value, one) for name, one in anything_named(found).items()}

    return check


def items(item: Check[T]) -> Check[tuple[T, ...]]:
    """A check of lists, which makes a tuple of one."""

    def check(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{shown(value)} is no list")
        return tuple(item(one) for one in value)

    return check


def one_of(*allowed: str) -> Check[Any]:
    """A check of texts that can only be these."""

    def check(value: object) -> object:
        if value not in allowed:
            raise ValueError(f"{shown(value)} is none of {', '.join(allowed)}")
        return value

    return check


def count(value: object) -> int:
    """A whole number that is not negative, and not larger than a file can be."""
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"{shown(value)} is no number of things")
    return value


def seconds(value: object) -> float:
    """A time that something took."""
    if type(value) not in (int, float) or not 0 <= value <= _LARGEST:  # type: ignore[operator]
        raise ValueError(f"{shown(value)} is no number of seconds")
    return value  # type: ignore[return-value]  # as it is: 1 and 1.0 are written differently


def yes_or_no(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false")
    return value


def anything_named(value: object) -> Mapping[str, object]:
    """An object whose reader checks the fields, and their names."""
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is no object")
    return value


def _at(name: str, check: Check[T], value: object) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{shown(name)}: {error}") from error


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")
