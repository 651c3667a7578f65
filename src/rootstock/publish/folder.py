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

from rootstock.channel import files, generation, index, switch, write_lock
from rootstock.channel.generation import META_DIR
from rootstock.channel.stage import NOARCH, partial
from rootstock.core import names, process, regular, store
from rootstock.core.errors import RefusedError, UsageError, unwritable_told
from rootstock.core.seal import sha256_of
from rootstock.publish import web
from rootstock.publish.snapshot import ChannelSnapshot, Package
from rootstock.publish.target import RemoteFile, RemoteState, Told

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
        return f"{self.shown_url}/{META_DIR}/{STAGING}"

    def url_of(self, package: Package) -> str:
        """Where a package is, which is its place already."""
        return web.join(self.shown_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Compare with what is in the folder; files that nobody sees are read.

        Raises `RefusedError` when the folder is another channel, ahead of this one, damaged, or
        one for other things; `UsageError` when it cannot be read.
        """
        try:
            return self._look(snapshot)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"an index cannot be read ({error})") from error
        except OSError as error:
            place = error.filename or self.path
            raise UsageError(f"{place} cannot be read: {error.strerror}") from error

    def _look(self, snapshot: ChannelSnapshot) -> RemoteState:
        self._require_room(snapshot)
        now = generation.current_number(self.path)
        self._require_a_copy(snapshot, now)
        seen = {f"{p.name}/{name}" for p in self._indexes() for name in index.read(p)}
        files = {}
        for package in snapshot.packages:
            place = self.path / package.path
            if not place.is_file():
                continue
            shown = package.path in seen
            # What was shown was read back once; what a copy left that was cut off may be anything.
            same = shown and place.stat().st_size == package.size
            sha256 = package.sha256 if same else sha256_of(place)
            files[package.path] = RemoteFile(sha256=sha256, staged=True, shown=shown)
        return RemoteState(files=files, settled=now == snapshot.number)

    def put(self, snapshot: ChannelSnapshot, look: RemoteState, told: Told) -> None:
        """Copy what is missing to its place, and write the indexes to test it by."""
        with self._writing():
            for package in look.missing(snapshot):
                files.make(self.path / package.subdir, self.path)
                _copy(package, self.path / package.path, told)
            _write_staged(snapshot, self.path / META_DIR / STAGING)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Copy the generations, the shards and the releases; then switch."""
        with self._writing():
            self._copy_rest(snapshot)
            os.sync()  # so that the switch is never on the disk before it
            link = self.path / META_DIR / "current"
            following = link.with_name("current.new")
            following.unlink(missing_ok=True)
            os.symlink(f"generations/{snapshot.number:04d}", following)
            os.rename(following, link)
            store.remove(self.path / META_DIR / STAGING)

    def _copy_rest(self, snapshot: ChannelSnapshot) -> None:
        source = snapshot.channel
        for number in range(1, snapshot.number + 1):
            there = generation.folder_of(source, number)
            _tree(there, generation.folder_of(self.path, number), self.path)
        for number in snapshot.releases:
            there = generation.release_of(source, number)
            _tree(there, generation.release_of(self.path, number), self.path)
        for subdir in sorted(p.name for p in _subdirs(source, snapshot.number)):
            files.make(self.path / subdir / index.SHARDS, self.path)
            for shard in (source / subdir / index.SHARDS).iterdir():
                target = self.path / subdir / index.SHARDS / shard.name
                if not target.exists():
                    _file(shard, target)
            for path in (generation.folder_of(source, snapshot.number) / subdir).iterdir():
                _link(self.path / subdir / path.name, f"../{META_DIR}/current/{subdir}/{path.name}")
        for name in tables(source):
            _link(self.path / name, f"{META_DIR}/current/{name}")

    def _require_room(self, snapshot: ChannelSnapshot) -> None:
        """Raise `RefusedError` where a copy of the channel would be among other things."""
        own, source = self.path.resolve(), snapshot.channel.resolve()
        if own == source or own in source.parents or source in own.parents:
            raise RefusedError(
                f"{self.path} and the channel {snapshot.channel} are in one another",
                "Publish into a folder beside the channel, or on another disk.",
            )
        if (self.path / META_DIR).exists() or not self.path.exists():
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

    def _require_a_copy(self, snapshot: ChannelSnapshot, now: int) -> None:
        if now > snapshot.number:
            raise RefusedError(
                f"{self.path} shows generation {now}, and this would be {snapshot.number}",
                "It only goes forward. To go back: rootstock rollback, then publish what it made.",
            )
        for number in range(1, now + 1):
            own, other = (
                generation.folder_of(p, number) / generation.RECORD
                for p in (self.path, snapshot.channel)
            )
            if not own.is_file():
                raise self._damaged(f"{own} is not there")
            if regular.read(own) != regular.read(other):
                raise RefusedError(
                    f"{self.path} is no copy of {snapshot.channel}: their generations {number} "
                    "are two others",
                    _EMPTY,
                )

    def _indexes(self) -> list[Path]:
        current = self.path / META_DIR / "current"
        return [path.parent for path in current.glob(f"*/{index.TABLE}")]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        # What a copy that was cut off has left is completed, and not removed.
        with unwritable_told(self.path):
            switch.create(self.path)
            with write_lock.writer(self.path / META_DIR / "lock"):
                yield


def _write_staged(snapshot: ChannelSnapshot, folder: Path) -> None:
    if folder.exists():
        store.remove(folder)
    for subdir, text in staged_indexes(snapshot).items():
        (folder / subdir).mkdir(parents=True)
        (folder / subdir / index.TABLE).write_text(text)


def tables(channel: Path) -> list[str]:
    """What a channel shows beside its subdirs, each of a generation: its releases, its page."""
    links = (path for path in channel.iterdir() if path.is_symlink())
    return sorted(p.name for p in links if str(p.readlink()) == f"{META_DIR}/current/{p.name}")


def staged_indexes(snapshot: ChannelSnapshot) -> dict[str, str]:
    """By subdir, an index of the parcel's packages for a folder two below the channel.

    It says by `base_url` (CEP 15) that the packages are in the channel itself.
    """
    texts = {}
    for subdir in sorted({NOARCH, *(package.subdir for package in snapshot.packages)}):
        records = {p.filename: p.record for p in snapshot.packages if p.subdir == subdir}
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
            process.raise_if_interrupted()
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
