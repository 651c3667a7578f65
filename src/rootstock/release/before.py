"""Finds what the acceptance tests of a cell wrote for an earlier release of its channel."""

from collections.abc import Mapping
from typing import NamedTuple

from rootstock.acceptance import record
from rootstock.acceptance.numbers import Number
from rootstock.acceptance.record import Record
from rootstock.channel.layout import release_dir
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Release
from rootstock.core.errors import SourceError
from rootstock.release.compare import SEE, read


class Before(NamedTuple):
    """A release with the numbers of a cell, by test and name."""

    release: Release
    numbers: Mapping[str, Mapping[str, Number]]


def find(channel: Channel, cell: str) -> Before | None:
    """Return the newest shown release that has numbers of a cell, None without any.

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
        if cell not in entry.cells:
            continue
        release = channel.release(entry.release)
        known = release.cells.get(cell)
        if known and (name := known.files.get(record.KIND)):
            tests = _record(channel, release, name).tests
            return Before(release, {name: one.numbers for name, one in tests.items()})
    return None


def _record(channel: Channel, release: Release, name: str) -> Record:
    text = read(channel.place, release, name)
    try:
        return record.parse(text)
    except ValueError as error:
        where = channel.place.at(f"{release_dir(release.release)}/{name}")
        raise SourceError(f"{where} cannot be read: {error}", SEE) from error
