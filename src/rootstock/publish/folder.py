"""A folder: another disk, a web server's space, whatever is mounted.

It becomes a copy of the channel as of a generation, releases and all, and switches as the
channel itself does: by one rename of a link. Until then nothing names what was copied.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rootstock import names, process, regular, store
from rootstock.channel import files, generation, index, lock, switch
from rootstock.channel.generation import ROOM
from rootstock.channel.stage import NOARCH, partial
from rootstock.errors import RefusedError, UsageError, unwritable_told
from rootstock.publish import web
from rootstock.publish.parcel import Package, Parcel
from rootstock.publish.target import Look, There, Told
from rootstock.seal import sha256_of

STAGING = "staging"
_EMPTY = "Publish into an empty folder, or a new one."
_OF_A_DISK = "lost+found"  # what an empty disk has
_CHUNK = 1 << 20
_FILE = 0o644  # whatever the umask: a web server runs under another name


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A channel's copy in a folder."""

    path: Path

    @property
    def name(self) -> str:
        """What to call it."""
        return f"folder:{self.path}"

    @property
    def shown_url(self) -> str:
        """The copy itself."""
        return self.path.absolute().as_uri()

    @property
    def staged_url(self) -> str:
        """Indexes that name what is not shown yet, in the folder that nobody looks into."""
        return f"{self.shown_url}/{ROOM}/{STAGING}"

    def url_of(self, package: Package) -> str:
        """Where a package is, which is its place already."""
        return web.join(self.shown_url, package.path)

    def look(self, parcel: Parcel) -> Look:
        """Compare with what is in the folder; files that nobody sees are read.

        Raises `RefusedError` when the folder is another channel, ahead of this one, damaged, or
        one for other things; `UsageError` when it cannot be read.
        """
        try:
            return self._look(parcel)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"an index cannot be read ({error})") from error
        except OSError as error:
            place = error.filename or self.path
            raise UsageError(f"{place} cannot be read: {error.strerror}") from error

    def _look(self, parcel: Parcel) -> Look:
        self._insist_on_room(parcel)
        now = generation.current_number(self.path)
        self._insist_on_a_copy(parcel, now)
        seen = {f"{p.name}/{name}" for p in self._indexes() for name in index.read(p)}
        files = {}
        for package in parcel.packages:
            place = self.path / package.path
            if not place.is_file():
                continue
            shown = package.path in seen
            # What was shown was read back once; what a copy left that was cut off may be anything.
            same = shown and place.stat().st_size == package.size
            sha256 = package.sha256 if same else sha256_of(place)
            files[package.path] = There(sha256=sha256, staged=True, shown=shown)
        return Look(files=files, settled=now == parcel.number)

    def put(self, parcel: Parcel, look: Look, told: Told) -> None:
        """Copy what is missing to its place, and write the indexes to test it by."""
        with self._writing():
            for package in look.missing(parcel):
                files.make(self.path / package.subdir, self.path)
                _copy(package, self.path / package.path, told)
            _write_staged(parcel, self.path / ROOM / STAGING)

    def show(self, parcel: Parcel) -> None:
        """Copy the generations, the shards and the releases; then switch."""
        with self._writing():
            self._copy_rest(parcel)
            os.sync()  # so that the switch is never on the disk before it
            link = self.path / ROOM / "current"
            following = link.with_name("current.new")
            following.unlink(missing_ok=True)
            os.symlink(f"generations/{parcel.number:04d}", following)
            os.rename(following, link)
            store.remove(self.path / ROOM / STAGING)

    def _copy_rest(self, parcel: Parcel) -> None:
        source = parcel.channel
        for number in range(1, parcel.number + 1):
            there = generation.folder_of(source, number)
            _tree(there, generation.folder_of(self.path, number), self.path)
        for number in parcel.releases:
            there = generation.release_of(source, number)
            _tree(there, generation.release_of(self.path, number), self.path)
        for subdir in sorted(p.name for p in _subdirs(source, parcel.number)):
            files.make(self.path / subdir / index.SHARDS, self.path)
            for shard in (source / subdir / index.SHARDS).iterdir():
                target = self.path / subdir / index.SHARDS / shard.name
                if not target.exists():
                    _file(shard, target)
            for path in (generation.folder_of(source, parcel.number) / subdir).iterdir():
                _link(self.path / subdir / path.name, f"../{ROOM}/current/{subdir}/{path.name}")
        for name in tables(source):
            _link(self.path / name, f"{ROOM}/current/{name}")

    def _insist_on_room(self, parcel: Parcel) -> None:
        """Raise `RefusedError` where a copy of the channel would be among other things."""
        own, source = self.path.resolve(), parcel.channel.resolve()
        if own == source or own in source.parents or source in own.parents:
            raise RefusedError(
                f"{self.path} and the channel {parcel.channel} are in one another",
                "Publish into a folder beside the channel, or on another disk.",
            )
        if (self.path / ROOM).exists() or not self.path.exists():
            return
        if any(self.path.glob(f"*/{index.TABLE}")):
            raise RefusedError(f"{self.path} is a channel that rootstock did not make", _EMPTY)
        if others := sorted({path.name for path in self.path.iterdir()} - {_OF_A_DISK}):
            raise RefusedError(
                f"{self.path} has other things in it, such as {names.shown(others[0])}", _EMPTY
            )

    def _damaged(self, what: str) -> RefusedError:
        return RefusedError(
            f"{self.path} is damaged: {what}",
            "Restore it from a copy, or publish into an empty folder.",
        )

    def _insist_on_a_copy(self, parcel: Parcel, now: int) -> None:
        if now > parcel.number:
            raise RefusedError(
                f"{self.path} shows generation {now}, and this would be {parcel.number}",
                "It only goes forward. To go back: rootstock rollback, then publish what it made.",
            )
        for number in range(1, now + 1):
            own, other = (
                generation.folder_of(p, number) / generation.RECORD
                for p in (self.path, parcel.channel)
            )
            if not own.is_file():
                raise self._damaged(f"{own} is not there")
            if regular.read(own) != regular.read(other):
                raise RefusedError(
                    f"{self.path} is no copy of {parcel.channel}: their generations {number} "
                    "are two others",
                    _EMPTY,
                )

    def _indexes(self) -> list[Path]:
        current = self.path / ROOM / "current"
        return [path.parent for path in current.glob(f"*/{index.TABLE}")]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        # What a copy that was cut off has left is completed, and not removed.
        with unwritable_told(self.path):
            switch.create(self.path)
            with lock.writer(self.path / ROOM / "lock"):
                yield


def _write_staged(parcel: Parcel, folder: Path) -> None:
    if folder.exists():
        store.remove(folder)
    for subdir, text in staged_indexes(parcel).items():
        (folder / subdir).mkdir(parents=True)
        (folder / subdir / index.TABLE).write_text(text)


def tables(channel: Path) -> list[str]:
    """What a channel shows beside its subdirs, each of a generation: its releases, its page."""
    links = (path for path in channel.iterdir() if path.is_symlink())
    return sorted(p.name for p in links if str(p.readlink()) == f"{ROOM}/current/{p.name}")


def staged_indexes(parcel: Parcel) -> dict[str, str]:
    """By subdir, an index of the parcel's packages for a folder two below the channel.

    It says by `base_url` (CEP 15) that the packages are in the channel itself.
    """
    texts = {}
    for subdir in sorted({NOARCH, *(package.subdir for package in parcel.packages)}):
        records = {p.filename: p.record for p in parcel.packages if p.subdir == subdir}
        table = {
            "info": {"subdir": subdir, "base_url": f"../../../{subdir}/"},
            "packages": {},
            "packages.conda": records,
            "removed": [],
            "repodata_version": 2,
        }
        texts[subdir] = json.dumps(table, sort_keys=True)
    return texts


def _subdirs(channel: Path, number: int) -> list[Path]:
    return [path for path in generation.folder_of(channel, number).iterdir() if path.is_dir()]


def _copy(package: Package, target: Path, told: Told) -> None:
    part = partial(target)
    sent = 0
    with package.file.open("rb") as file, part.open("wb") as out:
        while chunk := file.read(_CHUNK):
            process.check()
            sent += out.write(chunk)
            told(package, sent)
    part.chmod(_FILE)
    os.rename(part, target)


def _file(source: Path, target: Path) -> None:
    """Copy a small file with its time, by which caches tell whether it is another."""
    part = partial(target)
    shutil.copyfile(source, part)
    part.chmod(_FILE)
    status = source.stat()
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.rename(part, target)


def _tree(source: Path, target: Path, channel: Path) -> None:
    """Copy a folder that never changes; it gets its name when it is whole."""
    if target.exists():
        return
    part = partial(target)
    if part.exists():
        store.remove(part)
    files.make(target.parent, channel)
    files.make(part, channel)
    for path in sorted(source.rglob("*")):
        place = part / path.relative_to(source)
        if path.is_dir():
            files.make(place, channel)
        else:
            _file(path, place)
    os.rename(part, target)


def _link(path: Path, target: str) -> None:
    if not os.path.lexists(path):
        os.symlink(target, path)
