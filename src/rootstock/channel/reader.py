"""Reads a channel from its folder, or from its public URL.

`Channel.at` takes either. Generations and settings can be read where the channel is a folder of
this machine; releases, wherever it is.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock.channel import generation, index, release_model, settings
from rootstock.channel.generation import NOTHING, Generation, History, Published
from rootstock.channel.layout import RELEASES_TABLE, SETTINGS, Layout, release_dir
from rootstock.channel.place import Place, place
from rootstock.channel.release_model import Release, ReleaseEntry
from rootstock.channel.settings import Settings
from rootstock.core import names, regular
from rootstock.core.errors import RefusedError, SourceError, UsageError
from rootstock.core.shape import OtherFormat

if TYPE_CHECKING:
    from rootstock.channel.writer import Change

LATEST = "latest"
_NUMBER = re.compile(r"[0-9]{1,9}")
_GENERATION = re.compile(r"generations/([0-9]{4}|[1-9][0-9]{4,8})")
_COPY = "Restore the file from a copy of the channel, or build into another folder."


@dataclass(frozen=True)
class Channel:
    """A channel. `named` is the user's name for it: a folder's path, or a URL."""

    named: str
    place: Place

    @classmethod
    def at(cls, named: str | Path) -> "Channel":
        """The channel in a folder or at a URL, whether it exists or not.

        Raises `UsageError` for a folder without an absolute path.
        """
        return cls(str(named), place(named))

    def __str__(self) -> str:
        return self.named

    @property
    def layout(self) -> Layout:
        """Its paths, if it is a folder of this machine.

        Raises `UsageError` otherwise.
        """
        if self.place.folder is None:
            raise UsageError(
                f"{self} is not a folder of this machine", "Name the channel's folder."
            )
        return Layout(Path(self.named) if "://" not in self.named else self.place.folder)

    def number(self) -> int:
        """Return the number of the generation that readers see, 0 when there is none.

        Raises `RefusedError` when rootstock did not make the link `current`.
        """
        link = self.layout.current
        try:
            target = os.readlink(link)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except (OSError, ValueError) as error:
            raise self._foreign(link) from error
        # A link that leads elsewhere would show something else.
        if not (found := _GENERATION.fullmatch(target)):
            raise self._foreign(link)
        return int(found[1])

    def history(self) -> History:
        """Read all generations up to the one that readers see.

        Raises `RefusedError` when a record cannot be read, or two contradict each other.
        """
        now = self.number()
        generations = (NOTHING, *(self._generation(number) for number in range(1, now + 1)))
        if wrong := generation.contradiction(generations):
            raise RefusedError(
                f"{self} is damaged: {wrong}",
                "Restore its record from a copy of the channel, or build into another folder.",
            )
        return History(generations)

    def current(self) -> Generation:
        """Read the generation that readers see; number 0 when there is none.

        Raises `RefusedError` when its record cannot be read.
        """
        now = self.number()
        return self._generation(now) if now else NOTHING

    def unfinished(self, number: int) -> Mapping[str, Published]:
        """Return the packages of a generation whose writer died; none without a record.

        Raises `RefusedError` when another version of rootstock wrote it.
        """
        path = self.layout.record(number)
        try:
            return generation.parse(regular.read(path), number).packages
        except OtherFormat as error:
            raise RefusedError(f"{path} {error}", error.remedy) from error
        except (FileNotFoundError, ValueError):
            return {}

    def keys(self) -> Mapping[str, tuple[str, str]]:
        """Return the build key and the sha256 of every file ever visible, oldest first.

        It includes hidden files, whose names stay taken. Raises as `history` does.
        """
        published = self.history().published
        return {name: (entry.key, entry.sha256) for name, entry in published.items()}

    def records(self, number: int) -> dict[str, index.Record]:
        """Read a generation's index records, by subdir and file name.

        Raises `RefusedError` when an index cannot be read.
        """
        return {
            f"{folder.name}/{name}": record
            for folder in self.indexed(number)
            for name, record in index.read(folder).items()
        }

    def indexed(self, number: int) -> list[Path]:
        """Return the folders of a generation with an index, one for each subdir, sorted."""
        tables = self.layout.generation(number).glob(f"*/{index.TABLE}")
        return sorted(path.parent for path in tables)

    def settings(self) -> Settings:
        """Read its channel.yaml; raises `UsageError` when that cannot be read."""
        return settings.read(self.layout.root / SETTINGS)

    def releases(self) -> tuple[ReleaseEntry, ...]:
        """Return the releases that readers see, in the order of releases.json.

        Raises `FileNotFoundError` when there is no such list, `ValueError` when it cannot be read,
        and `SourceError` when the channel does not answer.
        """
        return release_model.parse_table(self.place.read(RELEASES_TABLE))

    def release(self, number: int) -> Release:
        """Read the record of a release, visible or not, without comparing anything.

        Raises `UsageError` when it cannot be read, `SourceError` when the channel does not answer.
        """
        where = self.place.at(_record_of(number))
        try:
            return self._release(number)
        except FileNotFoundError as error:
            raise UsageError(f"{where} is missing") from error
        except OtherFormat as error:
            raise UsageError(f"{where} {error}", error.remedy) from error
        except ValueError as error:
            raise UsageError(f"{where} {error}", "Use an undamaged copy of the channel.") from error

    def own_release(self, number: int) -> Release | None:
        """Read the record of a release of this folder; None when it has no such file.

        Raises `RefusedError` when there is one that cannot be read.
        """
        path = self.layout.root / _record_of(number)
        try:
            return self._release(number)
        except FileNotFoundError:
            return None
        except OtherFormat as error:
            raise RefusedError(f"{path} {error}", error.remedy) from error
        except (SourceError, ValueError) as error:
            raise RefusedError(f"{self} is damaged: {path} {error}", _COPY) from error

    def _has_release(self, number: int) -> bool:
        """Whether a release exists that the channel may no longer show."""
        try:
            return bool(self.place.read(_record_of(number)))
        except FileNotFoundError:
            return False

    def release_named(self, word: str) -> int:
        """Return the release that a word means: a number, or the latest that the channel shows.

        Raises `UsageError` when the channel has no such release.
        """
        try:
            numbers = [one.release for one in self.releases()]
        except FileNotFoundError as error:
            raise UsageError(
                f"{self.place.url} has no releases",
                "Name the folder or the URL of a channel that has releases.",
            ) from error
        except ValueError as error:
            raise UsageError(f"{self.place.at(RELEASES_TABLE)} cannot be read: {error}") from error
        if word == LATEST and numbers:
            return numbers[-1]
        number = int(word) if _NUMBER.fullmatch(word) else 0
        if number and (number in numbers or self._has_release(number)):
            return number
        raise UsageError(
            f"{self.place.url} has no release {names.plain(word)}",
            f"It shows {names.listed(numbers) or 'none'}.",
        )

    def write(
        self,
        *,
        create: bool = False,
        wait: float = 0.0,
        waiting: Callable[[str], None] | None = None,
    ) -> "AbstractContextManager[Change]":
        """Become the channel's only writer, as in `writer.write`."""
        from rootstock.channel import writer  # readers do not need it

        return writer.write(self, create=create, wait=wait, waiting=waiting)

    def _release(self, number: int) -> Release:
        record = release_model.parse(self.place.read(_record_of(number)))
        if record.release != number:
            raise ValueError(f"belongs to release {record.release}")
        return record

    def _generation(self, number: int) -> Generation:
        path = self.layout.record(number)
        try:
            return generation.parse(regular.read(path), number)
        except OtherFormat as error:
            raise RefusedError(f"{path} {error}", error.remedy) from error
        except (OSError, ValueError) as error:
            raise RefusedError(
                f"{self} is damaged: {path} cannot be read ({error})", _COPY
            ) from error

    def _foreign(self, link: Path) -> RefusedError:
        return RefusedError(
            f"{self} is a channel to install from, but rootstock cannot change it: {link} is not "
            "its own link",
            "Copy a channel with its links as they are (cp -a, rsync -a), or use the original.",
        )


def _record_of(number: int) -> str:
    return f"{release_dir(number)}/{release_model.RECORD}"
