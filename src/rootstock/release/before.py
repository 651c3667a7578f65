"""Finds what the acceptance tests of a cell wrote for an earlier release of its channel."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from rootstock.acceptance import record
from rootstock.acceptance.numbers import Number
from rootstock.acceptance.record import Record
from rootstock.channel.layout import release_dir
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Release
from rootstock.core.errors import SourceError
from rootstock.plan.matrix import Cell
from rootstock.release.compare import SEE, read


class Before(NamedTuple):
    """A release with the numbers of its cell `cell`, by test and name."""

    release: Release
    cell: str
    numbers: Mapping[str, Mapping[str, Number]]


def find(channel: Channel, cell: Cell) -> Before | None:
    """Return the newest shown release that has numbers of a cell, None without any.

    Where none has, take the newest that has numbers of a cell with another value of one axis: of
    another ROOT, or else of another Python. Of several such cells, take the one with the highest
    value.

    Raises `SourceError` when they are missing or damaged, `UsageError` when a release cannot be
    read.
    """
    try:
        shown = channel.releases()
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SourceError(
            f"{channel}: its list of releases cannot be read: {error}", SEE
        ) from error
    for entry in reversed(shown):
        if cell.id in entry.cells:
            release = channel.release(entry.release)
            if found := _numbers(channel, release, cell.id):
                return found
    releases = [channel.release(entry.release) for entry in reversed(shown)]
    for axis in range(len(cell.values)):
        for release in releases:
            for other in _like(cell, axis, release):
                if found := _numbers(channel, release, other):
                    return found
    return None


def _like(cell: Cell, axis: int, release: Release) -> list[str]:
    """Return a release's cells that differ from `cell` in one axis only, the highest first."""
    found = {}
    for id_, known in release.cells.items():
        values = tuple(known.axes.get(name, "") for name in cell.axes)
        if replace(cell, values=values).id != id_:
            continue  # of another product, platform or set
        others = [n for n, value in enumerate(values) if value != cell.values[n]]
        if others == [axis]:
            found[id_] = [int(part) if part.isdigit() else 0 for part in values[axis].split(".")]
    return sorted(found, key=lambda id_: found[id_], reverse=True)


def _numbers(channel: Channel, release: Release, cell: str) -> Before | None:
    known = release.cells.get(cell)
    if not known or not (name := known.files.get(record.KIND)):
        return None
    tests = _record(channel, release, name).tests
    return Before(release, cell, {name: one.numbers for name, one in tests.items()})


def _record(channel: Channel, release: Release, name: str) -> Record:
    text = read(channel.place, release, name)
    try:
        return record.parse(text)
    except ValueError as error:
        where = channel.place.at(f"{release_dir(release.release)}/{name}")
        raise SourceError(f"{where} cannot be read: {error}", SEE) from error
