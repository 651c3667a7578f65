"""Compare what the readers have of each column."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reading.page import numbers, same

Column = tuple[str, str]  # a file, and what it has
Came = Mapping[str, Any]
Found = dict[str, dict[Column, Came]]  # by reader
FILE = "the file"


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
    """What a reader has told, by column."""
    with path.open() as lines:
        told = [json.loads(line) for line in lines]
    return {(one["file"], one["column"]): one for one in told}


def columns(found: Found) -> list[Column]:
    """The columns that any reader has told of, without trees and files."""
    named = {column for came in found.values() for column in came}
    trees = {(file, name.partition(":")[0]) for file, name in named if ":" in name}
    return sorted(one for one in named - trees if one[1] != FILE)


def findings(found: Found) -> Iterator[Finding]:
    """The differences of all columns, and the files that a reader has nothing of."""
    for column in columns(found):
        came = {r: _of(column, told) for r, told in found.items() if reads(r, column)}
        for reader, seen in _seen(came).items():
            yield Finding(reader, seen, *column)


def reads(reader: str, column: Column) -> bool:
    """Whether a reader is for columns of this kind: for histograms, two are."""
    return ":" in column[1] or reader in ("pyroot", "uproot")


def refused(one: Finding) -> bool:
    """Whether a reader has no values at all."""
    return not one.seen.startswith(("another ", "other ", "type "))


def _of(column: Column, told: Mapping[Column, Came]) -> Came:
    """What a reader has of a column, or the error that it has of its tree or its file."""
    file, name = column
    above = (column, (file, name.partition(":")[0]), (file, FILE))
    return next((told[one] for one in above if one in told), {"error": "not listed", "message": ""})


def _seen(came: Mapping[str, Came]) -> dict[str, str]:
    """What is to be told of readers, by their names."""
    seen = {
        reader: f"{one['error']}: {brief(one['message'])}".removesuffix(": ")
        for reader, one in came.items()
        if "error" in one
    }
    read = {reader: one for reader, one in came.items() if "error" not in one}
    if not read:
        return seen
    most = _most(read, lambda a, b: same(a["values"], b["values"]))
    seen |= {
        reader: _difference(one, read[most])
        for reader, one in read.items()
        if not same(one["values"], read[most]["values"])
    }
    typed = {reader: one for reader, one in read.items() if reader != "pyroot"}
    if typed and (kind := _most(typed, lambda a, b: a["kinds"] == b["kinds"])):
        for reader, one in typed.items():
            if one["kinds"] != typed[kind]["kinds"] and one["kinds"] and typed[kind]["kinds"]:
                told = f"type {' '.join(one['kinds'])} for {' '.join(typed[kind]['kinds'])}"
                seen.setdefault(reader, told)
    return seen


def _most(read: Mapping[str, Came], equal: Any) -> str:
    """The first of the readers that most others agree with."""
    return max(read, key=lambda reader: sum(equal(read[reader], one) for one in read.values()))


def _difference(one: Came, other: Came) -> str:
    if same(list(map(numbers, one["values"])), list(map(numbers, other["values"]))):
        return "another shape"
    if len(one["values"]) != len(other["values"]):
        return "another number of entries"
    return "other values"


def brief(message: str) -> str:
    """The line of a message that says most, without addresses and numbers of one run."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return re.sub(r"0x[0-9a-f]+", "0x", lines[0])[:160] if lines else ""
