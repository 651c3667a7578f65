"""Generations: what a channel shows now, what it showed before, and all it ever published.

Numbers only grow: a rollback is a new generation with an older index. generation.json records only
what its generation changed: its base, the packages it added, those it showed again, those it hid. A
generation's bases determine what it shows, and all generations what the channel ever published. So
a small change writes a small record, and a hidden name is still known, with its bytes.

This module has values; reader.py reads them from a channel, writer.py adds to them.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from rootstock.core import names, shape

FORMAT = 2

Kind = Literal["promotion", "rollback", "hiding"]


class Published(NamedTuple):  # not a dataclass: 100,000 of these would take five times as long
    """A package of a channel: its place, its origin, and its first generation."""

    subdir: str
    sha256: str
    size: int
    key: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A state of a channel, as the changes to the state before it.

    `time` is in UTC, by ISO 8601. `base` is the generation it started from; for a rollback it is
    the one to which it returned; 0 is the empty channel. `packages` are those it added, `shown`
    those of earlier generations that its base did not show, `hidden` those that its base did.
    `cells` are the file names of each cell of its release; without cells it has no release.
    """

    number: int
    time: str
    kind: Kind = "promotion"
    base: int
    packages: Mapping[str, Published] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    cells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def added(self) -> tuple[str, ...]:
        """The file names that it shows and its base did not, sorted."""
        return tuple(sorted((*self.packages, *self.shown)))

    @property
    def milliseconds(self) -> int:
        """Its time in milliseconds since 1970, as in records of an index."""
        return milliseconds(self.time)


def milliseconds(time: str) -> int:
    """Convert a time by ISO 8601 to milliseconds since 1970 (CEP 34)."""
    return int(datetime.fromisoformat(time).timestamp() * 1000)


NOTHING = Generation(number=0, time="", base=0)


@dataclass(frozen=True)
class History:
    """All generations of a channel, by number, beginning with the empty one."""

    generations: tuple[Generation, ...]

    @property
    def current(self) -> Generation:
        """The generation that readers see; number 0 when there is none."""
        return self.generations[-1]

    @cached_property
    def published(self) -> Mapping[str, Published]:
        """Every package that was ever visible, by file name, oldest generation first."""
        every: dict[str, Published] = {}
        for generation in self.generations:
            every.update(generation.packages)
        return every

    def lineage(self, number: int) -> list[Generation]:
        """Return a generation and its bases, oldest first."""
        found = []
        while number:
            found.append(self.generations[number])
            number = self.generations[number].base
        return found[::-1]

    def origin(self, number: int) -> Generation:
        """Return the generation with the original content: itself, unless it is a rollback."""
        generation = self.generations[number]
        while generation.kind == "rollback":
            generation = self.generations[generation.base]
        return generation

    def visible(self, number: int | None = None) -> set[str]:
        """Return the file names that a generation shows; by default the current one's."""
        names: set[str] = set()
        for generation in self.lineage(self.current.number if number is None else number):
            names.update(generation.packages)
            names.update(generation.shown)
            names.difference_update(generation.hidden)
        return names

    def releases(self, number: int, visible: Set[str]) -> list[Generation]:
        """Return the releases that a generation shows, with file names `visible`, oldest first.

        They are those of its bases, without those that have a hidden package.
        """
        return [
            generation
            for generation in self.lineage(number)
            if generation.cells
            and all(visible >= set(names) for names in generation.cells.values())
        ]


def as_json(generation: Generation) -> dict[str, Any]:
    """The record of a generation as a JSON object, as in its file."""
    packages = {}
    for name, entry in generation.packages.items():
        packages[name] = entry._asdict()
        del packages[name]["generation"]
    return {**vars(generation), "format": FORMAT, "packages": packages}


def releases_table(releases: Iterable[Generation]) -> dict[str, Any]:
    """The content of releases.json: number, time, cells and count of added files of each."""
    return {
        "releases": [
            {
                "release": one.number,
                "time": one.time,
                "cells": sorted(one.cells),
                "added": len(one.added),
            }
            for one in releases
        ]
    }


def parse(text: bytes, number: int) -> Generation:
    """Parse a generation.json, which must have that number.

    Raises `ValueError` when it is no such record, and `OtherFormat` when another version of
    rootstock wrote it.
    """
    value = shape.document(text)
    shape.require_format(value, FORMAT)
    known = _FIELDS(value)
    del known["format"]
    entries = known.pop("packages")
    packages = {name: _package(name, entry, number) for name, entry in entries.items()}
    found = Generation(**known, packages=packages)
    if found.number != number or found.base >= number:
        raise ValueError(f"it belongs to generation {found.number}, with base {found.base}")
    return found


def _package(name: str, value: object, number: int) -> Published:
    """Parse a package of a generation: `shape.fields` would take twice as long for 100,000."""
    names.package_file(name)
    if not isinstance(value, dict) or value.keys() != _OF_PACKAGES:
        raise ValueError(f"{name}: must have exactly the fields {', '.join(sorted(_OF_PACKAGES))}")
    try:
        return Published(
            names.subdir(value["subdir"]),
            names.sha256(value["sha256"]),
            shape.count(value["size"]),
            names.line(value["key"]),
            number,
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def contradiction(generations: Iterable[Generation]) -> str:
    """Return how generations contradict each other, or an empty text."""
    published: set[str] = set()
    for one in generations:
        again = published.intersection(one.packages)
        published.update(one.packages)
        named = {*one.shown, *one.hidden}.union(*one.cells.values())
        if wrong := again or named - published:
            what = "adds files again" if again else "names unknown files"
            return f"generation {one.number} {what}: {names.listed(wrong)}"
    return ""


_OF_PACKAGES = {"subdir", "sha256", "size", "key"}
_FIELDS = shape.fields(
    format=shape.count,
    number=shape.count,
    time=names.utc_time,
    kind=shape.one_of("promotion", "rollback", "hiding"),
    base=shape.count,
    packages=shape.anything_named,
    shown=shape.items(names.package_file),
    hidden=shape.items(names.package_file),
    cells=shape.mapping(names.cell, shape.items(names.package_file)),
)
