"""S3: a bucket, or a folder of it, that is read over HTTP.

It becomes a copy of the channel as of a generation. S3 has no rename, so that there is no one
step: packages and shards are written first, then index after index, each whole. Whatever a
reader finds in an index is there for good. The generation's record is written last, and tells
that all indexes are of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootstock.channel import generation, index
from rootstock.channel.generation import META_DIR, RECORD
from rootstock.channel.stage import NOARCH
from rootstock.core.errors import RefusedError, UsageError
from rootstock.publish import client, web
from rootstock.publish.folder import STAGING, staged_indexes, tables
from rootstock.publish.snapshot import ChannelSnapshot, Package
from rootstock.publish.target import Missing, RemoteFile, RemoteState, Told

# repodata.json comes last: a client that reads no other sees all at once.
_INDEXES = (*(name for name in index.FILES if name != index.TABLE), index.TABLE)
_NOW = f"{META_DIR}/{RECORD}"


@dataclass(frozen=True, kw_only=True)
class S3:
    """A channel at a prefix of a bucket (empty: the bucket itself; else with a slash at its end).

    `server` is the store's endpoint, Amazon's when empty; `url` where the channel is read.
    `keys` are the variables that boto3 reads, those that are set.
    """

    bucket: str
    prefix: str
    environment: Path
    keys: Mapping[str, str]
    timeout: float
    server: str = ""
    url: str = ""

    def __repr__(self) -> str:
        """Without the keys."""
        return f"S3({self.name})"

    @property
    def name(self) -> str:
        """What to call it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def shown_url(self) -> str:
        """Where users read it."""
        whole = self.url or (
            f"{self.server}/{self.bucket}/{self.prefix}"
            if self.server
            else f"https://{self.bucket}.s3.amazonaws.com/{self.prefix}"
        )
        return whole.rstrip("/")

    @property
    def staged_url(self) -> str:
        """Indexes that name what is not shown yet, where nobody looks."""
        return f"{self.shown_url}/{META_DIR}/{STAGING}"

    def url_of(self, package: Package) -> str:
        """Where a package is, which is its place already."""
        return web.join(self.shown_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Compare with the objects that are there, and the indexes that users read.

        Raises `RefusedError` when there is another channel, or a later state of this one.
        """
        subdirs = sorted({NOARCH, *(package.subdir for package in snapshot.packages)})
        tables = [f"{subdir}/{index.TABLE}" for subdir in subdirs]
        paths = [package.path for package in snapshot.packages]
        sha256s: dict[str, str] = {}
        shown: set[str] = set()
        now = ""
        for told in self._run("look", paths=paths, texts=[*tables, _NOW]):
            if told["event"] == "file":
                sha256s[told["path"]] = told["sha256"]
            elif told["path"] == _NOW:
                now = told["text"]
            else:
                subdir = told["path"].partition("/")[0]
                names = json.loads(told["text"])["packages.conda"]
                shown |= {f"{subdir}/{name}" for name in names}
        files = {
            path: RemoteFile(sha256=sha256, staged=True, shown=path in shown)
            for path, sha256 in sha256s.items()
        }
        return RemoteState(files=files, settled=self._settled(snapshot, now, shown))

    def put(self, snapshot: ChannelSnapshot, look: RemoteState, told: Told) -> None:
        """Write the missing packages, never over others, and the indexes to test them by."""
        by_path = {package.path: package for package in look.missing(snapshot)}
        files = [
            {"path": path, "file": str(package.file.absolute()), "sha256": package.sha256}
            for path, package in by_path.items()
        ]
        staged = [
            {"path": f"{META_DIR}/{STAGING}/{subdir}/{index.TABLE}", "text": text, "lasting": False}
            for subdir, text in staged_indexes(snapshot).items()
        ]

        def tell(event: client.Told) -> None:
            if event["event"] == "put":
                told(by_path[event["path"]], by_path[event["path"]].size)

        self._run("put", tell, files=files, objects=staged)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Write shards and releases, then the indexes, then which generation it is."""
        channel, folder = snapshot.channel, generation.folder_of(snapshot.channel, snapshot.number)
        lasting = sorted(channel.glob(f"*/{index.SHARDS}/*"))
        for number in snapshot.releases:
            place = generation.release_of(channel, number)
            lasting += sorted(path for path in place.rglob("*") if path.is_file())
        objects = [_object(path, str(path.relative_to(channel)), lasting=True) for path in lasting]
        for subdir in sorted(path.name for path in folder.iterdir() if path.is_dir()):
            there = (n for n in _INDEXES if (folder / subdir / n).is_file())
            objects += [_object(folder / subdir / n, f"{subdir}/{n}") for n in there]
        shown = (name for name in tables(channel) if (folder / name).is_file())
        objects += [_object(folder / name, name) for name in shown]
        objects.append(_object(folder / RECORD, _NOW))
        self._run("show", objects=objects)

    def _settled(self, snapshot: ChannelSnapshot, now: str, shown: set[str]) -> bool:
        """Whether the bucket is a copy of the parcel's generation, by its record there."""
        if not now:
            if shown:
                raise RefusedError(f"{self.name} is a channel that rootstock did not put there")
            return False
        try:
            number = int(json.loads(now)["number"])
        except (ValueError, TypeError, KeyError) as error:
            raise RefusedError(f"{self.name}: {_NOW} cannot be read: {error}") from error
        if number > snapshot.number:
            raise RefusedError(
                f"{self.name} shows generation {number}, and this would be {snapshot.number}",
                "It only goes forward. To go back: rootstock rollback, then publish what it made.",
            )
        if now != (generation.folder_of(snapshot.channel, number) / RECORD).read_text():
            raise RefusedError(
                f"{self.name} is no copy of {snapshot.channel}: their generations {number} are "
                "two others",
                "Publish to another prefix.",
            )
        return number == snapshot.number

    def _run(
        self, do: str, tell: Callable[[client.Told], None] | None = None, **job: Any
    ) -> list[client.Told]:
        where = {"bucket": self.bucket, "prefix": self.prefix, "server": self.server}
        try:
            return client.run(
                "s3",
                self.environment,
                {**where, **job, "do": do, "timeout": self.timeout},
                secrets=self.keys,
                server=self.name,
                tell=tell,
            )
        except Missing as error:
            raise UsageError(f"there is no bucket {self.bucket}, or not for these keys") from error


def _object(file: Path, path: str, *, lasting: bool = False) -> dict[str, Any]:
    return {"path": path, "file": str(file.absolute()), "lasting": lasting}
