"""What is taken offline: cells of one release, chosen by glob, from a channel's folder or URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.release import check
from rootstock.release.contents import Package, Release
from rootstock.release.place import Place, place


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Cells of a release, and the channel that it is in."""

    place: Place
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
        """The one cell.

        Raises `UsageError` when there are several.
        """
        if len(self.cells) > 1:
            raise UsageError(
                f"release {self.release.release} has {len(self.cells)} such cells",
                f"Choose one with --only: {listed(self.cells)}.",
            )
        return self.cells[0]


def choose(channel: str, word: str, only: Sequence[str]) -> Selection:
    """The cells of a release (its number, or `latest`) that one of the globs matches.

    Without globs it is all of them. Raises `UsageError` when there is no such release or cell.
    """
    where = place(channel)
    number = check.number_of(word, where)
    release = check.load(where, number)
    shown = check.cells_of(where, release)
    cells = tuple(c for c in shown if not only or any(fnmatchcase(c, glob) for glob in only))
    if not cells:
        raise UsageError(
            f"release {number} has no cell like {listed(only)}", f"It has {listed(shown)}."
        )
    return Selection(place=where, release=release, cells=cells)
