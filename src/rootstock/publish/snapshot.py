"""The packages of a channel's generation that are published, and how to test them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel import consistency, index, release_model
from rootstock.channel.generation import History
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import ReleasedCell
from rootstock.core.errors import RefusedError, UsageError


@dataclass(frozen=True, kw_only=True)
class SnapshotPackage:
    """A package of a channel. `path` is its place in any channel, `file` its place here.

    `record` is its index record; the size is in bytes.
    """

    path: str
    file: Path
    sha256: str
    size: int
    record: index.Record

    @property
    def subdir(self) -> str:
        """The folder of the channel that contains it."""
        return self.path.partition("/")[0]

    @property
    def filename(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The name for users."""
        return str(self.record["name"])

    @property
    def version(self) -> str:
        """Its version."""
        return str(self.record["version"])


@dataclass(frozen=True, kw_only=True)
class ChannelSnapshot:
    """The packages that a generation of a channel shows, sorted by path.

    `releases` are the numbers of the releases it shows, `cells` the newest of each cell in them.
    """

    channel: Channel
    number: int
    packages: tuple[SnapshotPackage, ...]
    releases: tuple[int, ...]
    cells: Mapping[str, ReleasedCell]

    def cells_with(self, packages: set[str]) -> Mapping[str, ReleasedCell]:
        """Return the cells that have one of these file names."""
        return {name: cell for name, cell in self.cells.items() if packages & {*cell.packages}}


def load(channel: Channel, number: int | None = None) -> ChannelSnapshot:
    """Read what a channel shows, or showed in the generation of that number.

    Raises `UsageError` when there is no such channel or generation, `RefusedError` when one of its
    packages is missing.
    """
    history = channel.history()
    last = history.current.number
    if not last:
        raise UsageError(f"{channel} is not a channel with packages", "Build into it first.")
    number = last if number is None else number
    if not 1 <= number <= last:
        raise UsageError(f"{channel} has no generation {number}", f"Its last generation is {last}.")
    visible = history.visible(number)
    packages = _packages(channel, number, history, visible)
    shown = [release.number for release in history.releases(number, visible)]
    cells: dict[str, ReleasedCell] = {}
    for release in shown:
        if not (record := channel.own_release(release)):
            path = channel.layout.release(release) / release_model.RECORD
            raise RefusedError(
                f"{channel} is damaged: {path} is missing",
                "Restore the file from a copy of the channel.",
            )
        cells.update(record.cells)
    return ChannelSnapshot(
        channel=channel,
        number=number,
        packages=packages,
        releases=tuple(shown),
        cells=cells,
    )


def _packages(
    channel: Channel, number: int, history: History, visible: set[str]
) -> tuple[SnapshotPackage, ...]:
    records = channel.records(number)
    packages = []
    for name in visible:
        known = history.published[name]
        path = f"{known.subdir}/{name}"
        file = channel.layout.package(known.subdir, name)
        if not file.is_file() or file.stat().st_size != known.size:
            raise RefusedError(
                f"{channel} is damaged: {path} differs from its generation {number}",
                "Build its cell again, which restores the file.",
            )
        if path not in records or not consistency.is_of(records[path], name, known):
            raise RefusedError(
                f"{channel} is damaged: its index and generation {number} differ for {path}",
                "Build into the channel again, which makes its index again from its packages.",
            )
        packages.append(
            SnapshotPackage(
                path=path, file=file, sha256=known.sha256, size=known.size, record=records[path]
            )
        )
    return tuple(sorted(packages, key=lambda package: package.path))
