"""Generations: what a channel shows now, what it showed before, and all that it ever published.

```
channel/
  linux-64/
    root-6.40.00-h0_0.conda        packages: each file once, never overwritten, never removed
    shards/<sha256>.msgpack.zst    as are the shards, which their content names
    repodata.json                  -> ../.rootstock/current/linux-64/repodata.json
    repodata.json.zst              -> (likewise, repodata_shards.msgpack.zst, run_exports.json and
                                   run_exports.json.zst)
  noarch/                          the same
  releases/0002/                   what belongs to the release of generation 2; never changed
  releases.json                    -> .rootstock/current/releases.json
  .rootstock/
    lock                           who writes
    current                        -> generations/0002
    generations/0002/              generation.json, releases.json, linux-64/repodata.json, ...
```
A package that no index names is invisible, and so is a release that releases.json does not name.

Numbers only grow: going back is a new generation with an older index. generation.json has only
what its generation changed: which one it started from (`base`), the packages it placed, those
that it showed again, those that it hid. What a generation shows follows from its bases; what the
channel ever published, from all generations. So a small change writes a small record, and a
name that was hidden is still known, with its bytes.
"""

import os
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rootstock.core import names, regular, shape
from rootstock.core.errors import RefusedError
from rootstock.core.shape import OtherFormat

META_DIR = ".rootstock"
RECORD = "generation.json"
RELEASES = "releases"
RELEASES_TABLE = "releases.json"
FORMAT = 2
_CURRENT = re.compile(r"generations/(?:[0-9]{4}|[1-9][0-9]{4,8})")

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


def history(channel: Path) -> History:
    """All generations up to the one that readers see.

    Raises `RefusedError` when one of their records cannot be read, or they contradict each other.
    """
    now = current_number(channel)
    generations = (NOTHING, *(_read(channel, number) for number in range(1, now + 1)))
    _require(channel, generations)
    return History(generations)


def current(channel: Path) -> Generation:
    """The generation that readers see; number 0 when there is none.

    Raises `RefusedError` when its record cannot be read.
    """
    now = current_number(channel)
    return _read(channel, now) if now else NOTHING


def current_number(channel: Path) -> int:
    """The number of the generation that readers see, 0 when there is none.

    Raises `RefusedError` when the link that tells it is not one.
    """
    link = channel / META_DIR / "current"
    try:
        target = os.readlink(link)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except (OSError, ValueError) as error:
        raise _not_ours(channel, link) from error
    name = target.rpartition("/")[2]
    # As the switch writes it: a link that leads elsewhere would show something else.
    if not _CURRENT.fullmatch(target):
        raise _not_ours(channel, link)
    return int(name)


def _not_ours(channel: Path, link: Path) -> RefusedError:
    return RefusedError(
        f"{channel} can be installed from, but not be worked on: {link} is not its own link",
        "Copy a channel with its links as they are (cp -a, rsync -a), or use the original.",
    )


def keys(channel: Path) -> Mapping[str, tuple[str, str]]:
    """By file name, the build key and the sha256 of all that was ever visible, oldest first.

    What is hidden is among it: its name is taken for good.
    """
    published = history(channel).published
    return {name: (entry.key, entry.sha256) for name, entry in published.items()}


def folder_of(channel: Path, number: int) -> Path:
    """Where a generation's record and indexes are."""
    return channel / META_DIR / "generations" / f"{number:04d}"


def release_of(channel: Path, number: int) -> Path:
    """Where the files of a generation's release are."""
    return channel / RELEASES / f"{number:04d}"


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


def begun(channel: Path, number: int) -> Mapping[str, Published]:
    """The packages of a generation whose writer died; none if its record was not yet written.

    Raises `RefusedError` when another rootstock wrote it.
    """
    path = folder_of(channel, number) / RECORD
    try:
        return _parsed(regular.read(path), number).packages
    except OtherFormat as error:
        raise RefusedError(f"{path} {error}", error.remedy) from error
    except (FileNotFoundError, ValueError):
        return {}


def _read(channel: Path, number: int) -> Generation:
    path = folder_of(channel, number) / RECORD
    try:
        return _parsed(regular.read(path), number)
    except OtherFormat as error:
        raise RefusedError(f"{path} {error}", error.remedy) from error
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"{channel} is damaged: {path} cannot be read ({error})",
            "Restore the file from a copy of the channel, or build into another folder.",
        ) from error


def _parsed(text: bytes, number: int) -> Generation:
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


def _require(channel: Path, generations: Iterable[Generation]) -> None:
    """Raise `RefusedError` where generations contradict each other."""
    published: set[str] = set()
    for one in generations:
        again = published.intersection(one.packages)
        published.update(one.packages)
        named = {*one.shown, *one.hidden}.union(*one.cells.values())
        if wrong := again or named - published:
            told = "places again what was there" if again else "names what was never published"
            raise RefusedError(
                f"{channel} is damaged: generation {one.number} {told}: {names.listed(wrong)}",
                "Restore its record from a copy of the channel, or build into another folder.",
            )


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
