"""Selects cells of one release, by glob, from a channel's folder or URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Package, Release
from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.release import check


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Cells of a release, and its channel."""

    channel: Channel
    release: Release
    cells: tuple[str, ...]

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages of the cells, each once."""
        found = {p.filename: p for cell in self.cells for p in self.release.of(cell)}
        return tuple(found.values())

    @property
    def size(self) -> int:
        """The bytes of their files."""
        return sum(package.size for package in self.packages)

    @property
    def cell(self) -> str:
        """The only cell.

        Raises `UsageError` when there are several.
        """
        if len(self.cells) > 1:
            raise UsageError(
                f"release {self.release.release} has {len(self.cells)} such cells",
                f"Choose one with --only: {listed(self.cells)}.",
            )
        return self.cells[0]


def choose(channel: str, word: str, only: Sequence[str]) -> Selection:
    """Select the cells of a release (its number, or `latest`) that match one of the globs.

    Without globs it selects all. Raises `UsageError` when there is no such release or cell.
    """
    where = Channel.at(channel)
    number = where.release_named(word)
    release = where.release(number)
    shown = check.cells_of(where, release)
    cells = tuple(c for c in shown if not only or any(fnmatchcase(c, glob) for glob in only))
    if not cells:
        raise UsageError(
            f"release {number} has no cell like {listed(only)}", f"It has {listed(shown)}."
        )
    return Selection(channel=where, release=release, cells=cells)
