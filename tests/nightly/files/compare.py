"""Compare what the readers have of each column."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reading.page import numbers, same

Column = tuple[str, str]  # a file, and what it has
Came = Mapping[str, Any]
Found = dict[str, dict[Column, Came]]  # by reader
FILE = "the file"
NO_TWO = "other values: no two readers agree"
NOT_COMPARED = "NoNumbers"  # the error where the test cannot ask a reader


@dataclass(frozen=True, order=True)
class Finding:
    """A reader that has no values of a column, or others than most readers have."""

    reader: str
    seen: str
    file: str
    column: str

    def __str__(self) -> str:
        return f"{self.file} {self.column}: {self.reader}: {self.seen}"


def load(path: Path) -> dict[Column, Came]:
    """What a reader wrote of each column."""
    with path.open() as lines:
        written = [json.loads(line) for line in lines]
    return {(one["file"], one["column"]): one for one in written}


def columns(found: Found) -> list[Column]:
    """The columns of which any reader wrote a line, without trees and files."""
    named = {column for came in found.values() for column in came}
    trees = {(file, name.partition(":")[0]) for file, name in named if ":" in name}
    return sorted(one for one in named - trees if one[1] != FILE)


def findings(found: Found) -> Iterator[Finding]:
    """The differences of all columns, and the files that a reader has nothing of."""
    for column in columns(found):
        came = {r: _of(column, lines) for r, lines in found.items() if reads(r, column, lines)}
        for reader, seen in _seen(came).items():
            yield Finding(reader, seen, *column)


def reads(reader: str, column: Column, lines: Mapping[Column, Came]) -> bool:
    """Whether a reader, which wrote these lines, is asked for a column.

    Only PyROOT and uproot are asked for histograms, and root_numpy not for members of objects or
    for single leaves: it has other names for these. PyROOT is not asked for members that are no
    plain numbers, because the test does not know how.
    """
    _, _, branch = column[1].partition(":")
    if not branch:
        return reader in ("pyroot", "uproot")
    if _of(column, lines).get("error") == NOT_COMPARED:
        return False
    return reader != "root_numpy" or not {"/", ":"} & {*branch}


def refused(seen: str) -> bool:
    """Whether a reader has no values at all, by what is seen of it."""
    return not seen.startswith(("another ", "other ", "type "))


def _of(column: Column, lines: Mapping[Column, Came]) -> Came:
    """What a reader has of a column, or the error that it has of its tree or its file."""
    file, name = column
    above = (column, (file, name.partition(":")[0]), (file, FILE))
    return next(
        (lines[one] for one in above if one in lines), {"error": "not listed", "message": ""}
    )


def _seen(came: Mapping[str, Came]) -> dict[str, str]:
    """What is seen of the readers that differ, by their names."""
    seen = {
        reader: f"{one['error']}: {brief(one['message'])}".removesuffix(": ")
        for reader, one in came.items()
        if "error" in one
    }
    read = {reader: one for reader, one in came.items() if "error" not in one}
    if not read:
        return seen
    most = read[_most(read, _equal)]
    other = {r: _difference(one, most) for r, one in read.items() if not _equal(one, most)}
    if 0 < len(other) == len(read) - 1:
        other = dict.fromkeys(read, NO_TWO)
    seen |= other
    # PyROOT has Python's own numbers, and an object of C++ does not say what it has.
    typed = {r: one for r, one in read.items() if not {"int", "float"} & {*one["kinds"]}}
    typed = {r: one for r, one in typed.items() if one["kinds"] and r != "pyroot"}
    if typed:
        kind = typed[_most(typed, lambda a, b: a["kinds"] == b["kinds"])]["kinds"]
        for reader, one in typed.items():
            if one["kinds"] != kind:
                seen.setdefault(reader, f"type {' '.join(one['kinds'])} for {' '.join(kind)}")
    return seen


def _most(read: Mapping[str, Came], equal: Callable[[Came, Came], bool]) -> str:
    """The first of the readers that most others agree with, if possible one that keeps shapes."""

    def agree(reader: str) -> tuple[int, bool]:
        agreeing = sum(equal(read[reader], one) for one in read.values())
        return agreeing, not read[reader].get("flat")

    return max(read, key=agree)


def _equal(one: Came, other: Came) -> bool:
    if one["values"] == other["values"]:
        return True
    if one.get("flat") or other.get("flat"):
        return same(_numbers(one), _numbers(other))
    return same(_merged(one["values"]), _merged(other["values"]))


def _numbers(one: Came) -> list[Any]:
    return [numbers(value) for value in _merged(one["values"])]


def _merged(value: Any) -> Any:
    """A value in which a record has the members of those in it: readers nest base classes."""
    if isinstance(value, list):
        return [_merged(item) for item in value]
    if not isinstance(value, dict):
        return value
    merged: dict[str, Any] = {}
    for name, item in value.items():
        merged |= _merged(item) if isinstance(item, dict) else {name: _merged(item)}
    return merged


def _difference(one: Came, other: Came) -> str:
    if len(one["values"]) != len(other["values"]):
        return "another number of entries"
    return "another shape" if same(_numbers(one), _numbers(other)) else "other values"


def brief(message: str) -> str:
    """What a message says: without ROOT's chain of calls, a path, or addresses of one run."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    say = next((line for line in lines if not line.endswith("=>")), "")
    return re.sub(r"0x[0-9a-f]+", "0x", say)[:160]
