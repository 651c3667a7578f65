"""Publishes to a folder: another disk, a web server's space, any mounted file system.

The folder becomes a copy of the channel as of a generation, with all releases, and switches like
the channel itself: by one rename of a link. Until then nothing names the copied files.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel import files, index
from rootstock.channel.layout import META_DIR, NOARCH, STAGING
from rootstock.channel.mirror import Mirror
from rootstock.channel.reader import Channel
from rootstock.channel.stage import partial
from rootstock.core import names, process, store
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.seal import sha256_of
from rootstock.publish import web
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import Notify, RemoteFile, RemoteState

_EMPTY = "Publish into an empty folder, or a new one."
_OF_A_DISK = "lost+found"  # in every empty disk
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A channel's copy in a folder."""

    path: Path

    @property
    def name(self) -> str:
        """The name for people."""
        return f"folder:{self.path}"

    @property
    def shown_url(self) -> str:
        """The copy itself."""
        return self.path.absolute().as_uri()

    @property
    def staged_url(self) -> str:
        """Indexes of files that are not shown yet, in a folder that readers do not see."""
        return f"{self.shown_url}/{META_DIR}/{STAGING}"

    def url_of(self, package: SnapshotPackage) -> str:
        """The URL of a package, which is in its final place already."""
        return web.join(self.shown_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Compare with the files in the folder, and read those that are not shown.

        Raises `RefusedError` when the folder has another channel, a newer state of this one,
        damage, or other things; `UsageError` when it cannot be read.
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
        now = self.channel.number()
        if now > snapshot.number:
            raise RefusedError(
                f"{self.path} shows generation {now}, but this is {snapshot.number}",
                "Targets only move forward. To go back: rootstock rollback, then publish that.",
            )
        self._mirror(snapshot).require_copy(now)
        seen = self.channel.records(now)
        files = {}
        for package in snapshot.packages:
            place = self.path / package.path
            if not place.is_file():
                continue
            shown = package.path in seen
            # Shown files were read back once; an interrupted copy may have left anything.
            same = shown and place.stat().st_size == package.size
            sha256 = package.sha256 if same else sha256_of(place)
            files[package.path] = RemoteFile(sha256=sha256, staged=True, shown=shown)
        return RemoteState(files=files, settled=now == snapshot.number)

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        """Copy missing files to their places, and write the indexes to test them."""
        mirror = self._mirror(snapshot)
        with mirror.writing():
            for package in remote.missing(snapshot):
                files.make(self.path / package.subdir, self.path)
                _copy(package, self.path / package.path, notify)
            _write_staged(snapshot, mirror.staging)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Copy the generations, the shards and the releases; then switch."""
        mirror = self._mirror(snapshot)
        with mirror.writing():
            mirror.commit()

    @property
    def channel(self) -> Channel:
        """The copy."""
        return Channel.at(self.path)

    def _mirror(self, snapshot: ChannelSnapshot) -> Mirror:
        return Mirror(
            source=snapshot.channel.layout,
            target=self.channel.layout,
            number=snapshot.number,
            releases=snapshot.releases,
        )

    def _require_room(self, snapshot: ChannelSnapshot) -> None:
        """Raise `RefusedError` where a copy of the channel would be among other things."""
        own, source = self.path.resolve(), snapshot.channel.layout.root.resolve()
        if own == source or own in source.parents or source in own.parents:
            raise RefusedError(
                f"one of {self.path} and the channel {snapshot.channel} contains the other",
                "Publish into a folder beside the channel, or on another disk.",
            )
        if (self.path / META_DIR).exists() or not self.path.exists():
            return
        if any(self.path.glob(f"*/{index.TABLE}")):
            raise RefusedError(f"{self.path} is a channel that rootstock did not make", _EMPTY)
        if others := sorted({path.name for path in self.path.iterdir()} - {_OF_A_DISK}):
            raise RefusedError(
                f"{self.path} contains other things, such as {names.quoted(others[0])}", _EMPTY
            )

    def _damaged(self, what: str) -> RefusedError:
        return RefusedError(
            f"{self.path} is damaged: {what}",
            "Restore it from a copy, or publish into an empty folder.",
        )


def _write_staged(snapshot: ChannelSnapshot, folder: Path) -> None:
    if folder.exists():
        store.remove(folder)
    for subdir, text in staged_indexes(snapshot).items():
        (folder / subdir).mkdir(parents=True)
        (folder / subdir / index.TABLE).write_text(text)


def staged_indexes(snapshot: ChannelSnapshot) -> dict[str, str]:
    """Make an index of the snapshot's packages by subdir, for a folder two below the channel.

    Its `base_url` (CEP 15) means that the packages are in the channel itself.
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


def _copy(package: SnapshotPackage, target: Path, notify: Notify) -> None:
    part = partial(target)
    sent = 0
    with package.file.open("rb") as file, part.open("wb") as out:
        while chunk := file.read(_CHUNK):
            process.raise_if_interrupted()
            sent += out.write(chunk)
            notify(package, sent)
    part.chmod(files.FILE)
    os.rename(part, target)
