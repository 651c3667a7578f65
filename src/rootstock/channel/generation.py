"""Generations: what a channel shows now, what it showed before, and all that it ever published.

Numbers only grow: going back is a new generation with an older index. generation.json records only
what its generation changed: the one it started from (`base`), the packages it placed, those it
showed again, those it hid. What a generation shows follows from its bases; what the channel ever
published follows from all generations. So a small change writes a small record, and a name that
was hidden is still known, with its bytes.

These are values; reader.py reads them from a channel, writer.py adds to them.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from rootstock.core import names, shape

FORMAT = 2

Kind = Literal["promotion", "rollback", "hiding"]


class Published(NamedTuple):  # and no dataclass, of which 100,000 take five times as long
    """A package of a channel: where it is, what it was built from, since which generation."""

    subdir: str
    sha256: str
    size: int
    key: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A state of a channel, as what it changed of the state before it.

    `time` is in UTC, by ISO 8601. `base` is the generation it started from: of a rollback, the
    one it went back to; 0 is the empty channel. `packages` are those it placed, `shown` those
    of earlier generations that its base did not show, `hidden` those that its base did.
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
        """Its time in milliseconds since 1970, as records of an index have times."""
        return milliseconds(self.time)


def milliseconds(time: str) -> int:
    """A time by ISO 8601 in milliseconds since 1970 (CEP 34)."""
    return int(datetime.fromisoformat(time).timestamp() * 1000)


NOTHING = Generation(number=0, time="", base=0)


@dataclass(frozen=True)
class History:
    """All generations of a channel, by number, beginning with the empty one."""

    generations: tuple[Generation, ...]

    @property
    def current(self) -> Generation:
        """What readers see; number 0 when there is nothing yet."""
        return self.generations[-1]

    @cached_property
    def published(self) -> Mapping[str, Published]:
        """Every package that was ever visible, by file name, oldest generation first."""
        every: dict[str, Published] = {}
        for generation in self.generations:
            every.update(generation.packages)
        return every

    def lineage(self, number: int) -> list[Generation]:
        """A generation and those it builds on, oldest first."""
        found = []
        while number:
            found.append(self.generations[number])
            number = self.generations[number].base
        return found[::-1]

    def origin(self, number: int) -> Generation:
        """The generation that made what another one shows: itself, unless that is a rollback."""
        generation = self.generations[number]
        while generation.kind == "rollback":
            generation = self.generations[generation.base]
        return generation

    def visible(self, number: int | None = None) -> set[str]:
        """The file names that a generation shows; the current one's when none is given."""
        names: set[str] = set()
        for generation in self.lineage(self.current.number if number is None else number):
            names.update(generation.packages)
            names.update(generation.shown)
            names.difference_update(generation.hidden)
        return names

    def releases(self, number: int, visible: Set[str]) -> list[Generation]:
        """The releases that a generation shows, whose file names are `visible`, oldest first.

        They are those it builds on, but for those of which a package is hidden.
        """
        return [
            generation
            for generation in self.lineage(number)
            if generation.cells
            and all(visible >= set(names) for names in generation.cells.values())
        ]


def as_json(generation: Generation) -> dict[str, Any]:
    """The record of a generation as `json.dumps` takes it, and as its file has it."""
    packages = {}
    for name, entry in generation.packages.items():
        packages[name] = entry._asdict()
        del packages[name]["generation"]
    return {**vars(generation), "format": FORMAT, "packages": packages}


def releases_table(releases: Iterable[Generation]) -> dict[str, Any]:
    """What releases.json says: number, time and cells of each, and how many it added."""
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
    """The generation of a generation.json, which has to be of that number.

    Raises `ValueError` when it is no such record; that is an `OtherFormat` when another rootstock
    wrote it.
    """
    value = shape.document(text)
    shape.require_format(value, FORMAT)
    known = _FIELDS(value)
    del known["format"]
    entries = known.pop("packages")
    packages = {name: _package(name, entry, number) for name, entry in entries.items()}
    found = Generation(**known, packages=packages)
    if found.number != number or found.base >= number:
        raise ValueError(f"it is of generation {found.number}, on top of {found.base}")
    return found


def _package(name: str, value: object, number: int) -> Published:
    """A package as its generation has it: `shape.fields` would take twice as long for 100,000."""
    names.package_file(name)
    if not isinstance(value, dict) or value.keys() != _OF_PACKAGES:
        raise ValueError(f"{name}: has not just the fields {', '.join(sorted(_OF_PACKAGES))}")
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
    """In what generations contradict each other; empty where they do not."""
    published: set[str] = set()
    for one in generations:
        again = published.intersection(one.packages)
        published.update(one.packages)
        named = {*one.shown, *one.hidden}.union(*one.cells.values())
        if wrong := again or named - published:
            what = "places again what was there" if again else "names what was never published"
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
