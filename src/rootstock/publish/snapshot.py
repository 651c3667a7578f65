"""What is published: the packages of a channel's generation, and how to test them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel import consistency, index
from rootstock.channel import generation as generations
from rootstock.channel.generation import History
from rootstock.core import regular
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.shape import OtherFormat
from rootstock.release import contents
from rootstock.release.contents import Cell


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of a channel. `path` is where it is in any channel, `file` where it is here.

    `record` is what the channel's index says of it; the size is in bytes.
    """

    path: str
    file: Path
    sha256: str
    size: int
    record: index.Record

    @property
    def subdir(self) -> str:
        """The channel's folder that it is in."""
        return self.path.partition("/")[0]

    @property
    def filename(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]

    @property
    def name(self) -> str:
        """What users call it."""
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

    channel: Path
    number: int
    packages: tuple[Package, ...]
    releases: tuple[int, ...]
    cells: Mapping[str, Cell]

    def cells_with(self, packages: set[str]) -> Mapping[str, Cell]:
        """The cells that have one of these file names."""
        return {name: cell for name, cell in self.cells.items() if packages & {*cell.packages}}


def load(channel: Path, number: int | None = None) -> ChannelSnapshot:
    """What a channel shows, or showed in the generation of that number.

    Raises `UsageError` when there is no such channel or generation, `RefusedError` when one of
    its packages is not there.
    """
    history = generations.history(channel)
    last = history.current.number
    if not last:
        raise UsageError(f"{channel} is no channel with anything in it", "Build into it first.")
    number = last if number is None else number
    if not 1 <= number <= last:
        raise UsageError(f"{channel} has no release {number}", f"Its last generation is {last}.")
    visible = history.visible(number)
    packages = _packages(channel, number, history, visible)
    shown = [release.number for release in history.releases(number, visible)]
    cells: dict[str, Cell] = {}
    for release in shown:
        path = generations.release_of(channel, release) / contents.RECORD
        try:
            cells.update(contents.parse(regular.read(path)).cells)
        except FileNotFoundError as error:
            raise RefusedError(
                f"{channel} is damaged: {path} is not there",
                "Restore the file from a copy of the channel.",
            ) from error
        except OtherFormat as error:
            raise RefusedError(f"{path} {error}", error.remedy) from error
        except (OSError, ValueError) as error:
            raise RefusedError(
                f"{channel} is damaged: {path} {error}",
                "Restore the file from a copy of the channel.",
            ) from error
    return ChannelSnapshot(
        channel=channel,
        number=number,
        packages=packages,
        releases=tuple(shown),
        cells=cells,
    )


def _packages(
    channel: Path, number: int, history: History, visible: set[str]
) -> tuple[Package, ...]:
    folder = generations.folder_of(channel, number)
    records: dict[str, index.Record] = {}
    for place in (path for path in folder.iterdir() if path.is_dir()):
        records.update({f"{place.name}/{n}": entry for n, entry in index.read(place).items()})
    packages = []
    for name in visible:
        known = history.published[name]
        path = f"{known.subdir}/{name}"
        file = channel / path
        if not file.is_file() or file.stat().st_size != known.size:
            raise RefusedError(
                f"{channel} is damaged: {path} is not what its generation {number} says",
                "Build its cell again, which puts the file back.",
            )
        if path not in records or not consistency.is_of(records[path], name, known):
            raise RefusedError(
                f"{channel} is damaged: its index says of {path} other than generation {number}",
                "Build into the channel again, which makes its index anew from its packages.",
            )
        packages.append(
            Package(
                path=path, file=file, sha256=known.sha256, size=known.size, record=records[path]
            )
        )
    return tuple(sorted(packages, key=lambda package: package.path))
