"""Publishes to S3: a bucket, or a folder of it, that users read over HTTP.

It becomes a copy of the channel as of a generation. S3 has no rename, and so no single step:
packages and shards are written first, then the indexes one by one, each complete. Whatever an index
names exists for good. The generation's record is written last, which shows that all indexes belong
to it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootstock.channel import index
from rootstock.channel.layout import META_DIR, NOARCH, RECORD, STAGING
from rootstock.channel.mirror import tables
from rootstock.core.errors import RefusedError, UsageError
from rootstock.publish import client, web
from rootstock.publish.folder import staged_indexes
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import Missing, Notify, RemoteFile, RemoteState

# repodata.json comes last: a client that reads only this sees everything at once.
_INDEXES = (*(name for name in index.FILES if name != index.TABLE), index.TABLE)
_NOW = f"{META_DIR}/{RECORD}"


@dataclass(frozen=True, kw_only=True)
class S3:
    """A channel at a prefix of a bucket (empty: the bucket itself; else with a slash at its end).

    `server` is the store's endpoint, Amazon's when empty; `url` is the address for readers. `keys`
    are the variables that boto3 reads, as far as they are set.
    """

    bucket: str
    prefix: str
    environment: Path
    keys: Mapping[str, str]
    timeout: float
    server: str = ""
    url: str = ""

    def __repr__(self) -> str:
        """Leave out the keys."""
        return f"S3({self.name})"

    @property
    def name(self) -> str:
        """The name for people."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def shown_url(self) -> str:
        """The address for users."""
        whole = self.url or (
            f"{self.server}/{self.bucket}/{self.prefix}"
            if self.server
            else f"https://{self.bucket}.s3.amazonaws.com/{self.prefix}"
        )
        return whole.rstrip("/")

    @property
    def staged_url(self) -> str:
        """Indexes of files that are not shown yet, in a folder that readers do not see."""
        return f"{self.shown_url}/{META_DIR}/{STAGING}"

    def url_of(self, package: SnapshotPackage) -> str:
        """The URL of a package, which is in its final place already."""
        return web.join(self.shown_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Compare with the existing objects, and the indexes that users read.

        Raises `RefusedError` when there is another channel, or a later state of this one.
        """
        subdirs = sorted({NOARCH, *(package.subdir for package in snapshot.packages)})
        tables = [f"{subdir}/{index.TABLE}" for subdir in subdirs]
        paths = [package.path for package in snapshot.packages]
        sha256s: dict[str, str] = {}
        shown: set[str] = set()
        now = ""
        for event in self._run("look", paths=paths, texts=[*tables, _NOW]):
            if event["event"] == "file":
                sha256s[event["path"]] = event["sha256"]
            elif event["path"] == _NOW:
                now = event["text"]
            else:
                subdir = event["path"].partition("/")[0]
                names = json.loads(event["text"])["packages.conda"]
                shown |= {f"{subdir}/{name}" for name in names}
        files = {
            path: RemoteFile(sha256=sha256, staged=True, shown=path in shown)
            for path, sha256 in sha256s.items()
        }
        return RemoteState(files=files, settled=self._settled(snapshot, now, shown))

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        """Write the missing packages, never over others, and the indexes to test them."""
        by_path = {package.path: package for package in remote.missing(snapshot)}
        files = [
            {"path": path, "file": str(package.file.absolute()), "sha256": package.sha256}
            for path, package in by_path.items()
        ]
        staged = [
            {"path": f"{META_DIR}/{STAGING}/{subdir}/{index.TABLE}", "text": text, "lasting": False}
            for subdir, text in staged_indexes(snapshot).items()
        ]

        def report(event: client.Event) -> None:
            if event["event"] == "put":
                notify(by_path[event["path"]], by_path[event["path"]].size)

        self._run("put", report, files=files, objects=staged)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Write shards and releases, then the indexes, then the generation's record."""
        layout = snapshot.channel.layout
        folder = layout.generation(snapshot.number)
        lasting = sorted(layout.root.glob(f"*/{index.SHARDS}/*"))
        for number in snapshot.releases:
            place = layout.release(number)
            lasting += sorted(path for path in place.rglob("*") if path.is_file())
        objects = [
            _object(path, str(path.relative_to(layout.root)), lasting=True) for path in lasting
        ]
        for subdir in sorted(path.name for path in folder.iterdir() if path.is_dir()):
            there = (n for n in _INDEXES if (folder / subdir / n).is_file())
            objects += [_object(folder / subdir / n, f"{subdir}/{n}") for n in there]
        shown = (name for name in tables(layout) if (folder / name).is_file())
        objects += [_object(folder / name, name) for name in shown]
        objects.append(_object(folder / RECORD, _NOW))
        self._run("show", objects=objects)

    def _settled(self, snapshot: ChannelSnapshot, now: str, shown: set[str]) -> bool:
        """Whether the bucket is a copy of the snapshot's generation, by its record there."""
        if not now:
            if shown:
                raise RefusedError(f"{self.name} is a channel from another program")
            return False
        try:
            number = int(json.loads(now)["number"])
        except (ValueError, TypeError, KeyError) as error:
            raise RefusedError(f"{self.name}: {_NOW} cannot be read: {error}") from error
        if number > snapshot.number:
            raise RefusedError(
                f"{self.name} shows generation {number}, but this is {snapshot.number}",
                "Targets only move forward. To go back: rootstock rollback, then publish that.",
            )
        if now != snapshot.channel.layout.record(number).read_text():
            raise RefusedError(
                f"{self.name} is not a copy of {snapshot.channel}: their generations {number} "
                "differ",
                "Publish to another prefix.",
            )
        return number == snapshot.number

    def _run(
        self, do: str, report: Callable[[client.Event], None] | None = None, **job: Any
    ) -> list[client.Event]:
        where = {"bucket": self.bucket, "prefix": self.prefix, "server": self.server}
        try:
            return client.run(
                "s3",
                self.environment,
                {**where, **job, "do": do, "timeout": self.timeout},
                secrets=self.keys,
                server=self.name,
                report=report,
            )
        except Missing as error:
            raise UsageError(f"there is no bucket {self.bucket}, or not for these keys") from error


def _object(file: Path, path: str, *, lasting: bool = False) -> dict[str, Any]:
    return {"path": path, "file": str(file.absolute()), "lasting": lasting}
