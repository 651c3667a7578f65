"""The one program that uses py-rattler: solve (or take a lock) and install, in its own process.

A process of its own, because py-rattler may crash the interpreter at its end, goes on
working in threads after its caller was cancelled, and dies of a Rust panic that is no
`Exception`. A process can be ended as a whole, at any moment.

It is started by its path with the job (JSON) as standard input, imports of rootstock only what
imports nothing more of it, and prints one JSON object a line: `{"event": "solved" | "fetch" |
"fetched" | "linked" | "damaged" | "done" | "failed", ...}`. Whatever else is printed comes from
below it.
"""

import asyncio
import difflib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from rattler import (
    BuildString,
    Channel,
    Client,
    Gateway,
    MatchSpec,
    Override,
    PackageCache,
    PackageRecord,
    SourceConfig,
    VirtualPackage,
    VirtualPackageOverrides,
    install,
    solve,
)
from rattler.exceptions import (
    FetchRepoDataError,
    GatewayError,
    InvalidMatchSpecError,
    SolverError,
)
from rattler.install import InstallerReporter
from rattler.package_streaming import PackageArchive
from rattler.platform import Subdir
from rattler.repo_data import RepoDataRecord

from rootstock import seal

INDEX = Path("info/index.json")
_EVERY = 0.1  # seconds between two reports of one download


class Failed(Exception):
    """A failure that is told by its kind, its reason and what else is known of it."""

    def __init__(self, kind: str, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.values = {"kind": kind, "reason": reason, **details}


def tell(event: str, **values: Any) -> None:
    """Print one event; one write a line, as several threads come here."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


class Reporter(InstallerReporter):
    """Tells of fetched and linked packages as they come."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._told = 0.0

    def _token(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """A package is looked for in the cache."""
        return self._token(package_name)

    def on_download_start(self, cache_entry: int) -> int:
        """It was not there."""
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Some of it has come."""
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            tell("fetch", name=self._names[download_idx], done=progress)

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        """It is in the cache, unpacked."""
        tell("fetched", name=self._names[cache_entry])

    def on_link_start(self, operation: int, package_name: str) -> int:
        """A package is being put into the prefix."""
        return self._token(package_name)

    def on_link_complete(self, index: int) -> None:
        """It is there."""
        tell("linked", name=self._names[index])


async def work(job: dict[str, Any]) -> None:
    """Install what the job asks for: what its specs come to, or what its lock says."""
    started = time.monotonic()
    specs: list[MatchSpec] = []
    texts: dict[str, bytes] = {}
    if "lock" in job:
        records, texts = await locked(job["lock"], Path(job["cache"]))
    else:
        records, specs = await find(job)
    solved = time.monotonic()
    tell("solved", sizes={record.name.normalized: record.size or 0 for record in records})
    new = await verify(records, Path(job["cache"]))
    await install(
        records,
        target_prefix=job["prefix"],
        cache_dir=Path(job["cache"]),
        show_progress=False,
        # Declared as a list of `MatchSpec`, but handed to Rust as they are.
        requested_specs=cast(list[MatchSpec], [spec._match_spec for spec in specs]),
        reporter=Reporter(),  # type: ignore[abstract]  # what it does not have does nothing
    )
    for tree in new:
        seal.put(tree)
    for record in records if texts else ():
        # It was read before the package's hash was checked.
        if (tree_of(record, Path(job["cache"])) / INDEX).read_bytes() != texts[record.url]:
            raise Failed("install", f"{record.url} is not what its server told of it")
    tell(
        "done",
        solve=solved - started,
        install=time.monotonic() - solved,
        records=[
            {
                "name": record.name.normalized,
                "version": str(record.version),
                "build": str(record.build),
                "sha256": record.sha256.hex() if record.sha256 else "",
                "size": record.size or 0,
            }
            for record in records
        ],
    )


async def find(job: dict[str, Any]) -> tuple[list[RepoDataRecord], list[MatchSpec]]:
    """The packages that satisfy the specs of the job, from its channel."""
    try:
        specs = [MatchSpec(spec) for spec in job["specs"]]
    except InvalidMatchSpecError as error:
        raise Failed("usage", str(error)) from error
    overrides = VirtualPackageOverrides.from_env()
    if job["glibc"]:
        overrides.libc = Override.string(job["glibc"])
    channel, platforms = Channel(job["channel"]), [Subdir.current(), Subdir("noarch")]
    try:
        gateway, known = await read(channel, platforms, Path(job["cache"]) / "cache")
        for spec in specs:
            name = spec.name.normalized if spec.name else ""
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3) or sorted(known)[:10]
                raise Failed("unknown", f"no package {name}", name=name, near=near)
        records = await solve(
            sources=[channel],
            specs=specs,
            gateway=gateway,
            platforms=platforms,
            virtual_packages=VirtualPackage.detect(overrides=overrides),
        )
    except (GatewayError, FetchRepoDataError) as error:
        raise Failed("channel", str(error)) from error
    except SolverError as error:
        raise Failed("unsatisfiable", str(error)) from error
    return records, specs


async def read(
    channel: Channel, platforms: list[Subdir], cache: Path
) -> tuple[Gateway, frozenset[str]]:
    """The way to the channel's index, and the names of the packages in it."""
    gateway = Gateway(cache_dir=cache)
    try:
        names = await gateway.names([channel], platforms)
    except GatewayError as error:
        if "304 Not Modified" not in str(error):
            raise
        # Simple servers (Python's, for one) say so without the headers that rattler needs:
        # https://github.com/conda/rattler/issues/2719
        gateway = Gateway(cache_dir=cache, default_config=SourceConfig(cache_action="no-cache"))
        names = await gateway.names([channel], platforms)
    return gateway, frozenset(name.normalized for name in names)


async def locked(
    lock: list[dict[str, Any]], cache: Path
) -> tuple[list[RepoDataRecord], dict[str, bytes]]:
    """The records of the packages of a lock, and by URL the metadata that they are made of."""
    cached = await PackageCache(cache).index()
    client = Client()

    async def read(entry: dict[str, Any]) -> tuple[RepoDataRecord, bytes]:
        url, digest = entry["url"], entry["sha256"]
        above, _, filename = unquote(url).rpartition("/")
        name, version, build = filename.removesuffix(".conda").rsplit("-", 2)
        probe = PackageRecord(
            name, version, BuildString(build), 0, "", sha256=bytes.fromhex(digest)
        )
        channel = above.rpartition("/")[0]
        tree = tree_of(probe, cache)
        if cached.contains_record(RepoDataRecord(probe, filename, url, channel)) and is_whole(tree):
            text = (tree / INDEX).read_bytes()
        else:
            text = await metadata(url, client)
        if (found := named(text)) != (name, version, build):
            raise Failed("install", f"{url} has the package {' '.join(found)} in it")
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(text)
            file.flush()
            record = PackageRecord.from_index_json(
                file.name,  # type: ignore[arg-type]  # a path as text will do
                entry["size"] or None,
                digest,
                entry["md5"] or None,
            )
        return RepoDataRecord(record, filename, url, channel), text

    pairs = await asyncio.gather(*(read(entry) for entry in lock))
    records = [record for record, _ in pairs]
    insist_on_system(records)
    return records, {record.url: text for record, text in pairs}


async def metadata(url: str, client: Client) -> bytes:
    """What a package says of itself, read from it where it is.

    Of a server that knows ranges, a part of it; from others the package comes twice.
    """
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            archive = await PackageArchive.from_path(url2pathname(parts.path))
        else:
            archive = await PackageArchive.from_url(client, url)
        text = await archive.read_file(str(INDEX))
    except Exception as error:  # of many kinds, and all of them mean that it cannot be had
        raise Failed("install", f"{url} cannot be read: {error}") from error
    if text is None:
        raise Failed("install", f"{url} has no {INDEX}")
    return text


def named(index: bytes) -> tuple[str, str, str]:
    """The name, version and build in a package's metadata."""
    value = json.loads(index)
    return value["name"], value["version"], value["build"]


def insist_on_system(records: list[RepoDataRecord]) -> None:
    """Raise `Failed` where this system is not what a package needs, as a solver would."""
    detected = VirtualPackage.detect(overrides=VirtualPackageOverrides.from_env())
    generic = [package.into_generic() for package in detected]
    system = {
        package.name.normalized: PackageRecord(
            package.name, str(package.version), package.build_string, 0, ""
        )
        for package in generic
    }
    for record in records:
        for spec in record.depends:
            there = system.get(spec.split()[0])
            if spec.startswith("__") and not (there and there.matches(MatchSpec(spec))):
                has = f"{there.version}" if there else "none"
                raise Failed("unsatisfiable", f"{record.file_name} needs {spec}; there is {has}")


def tree_of(record: PackageRecord, cache: Path) -> Path:
    """Where a package is unpacked in the cache."""
    return cache / f"{record.name.normalized}-{record.version}-{record.build}"


async def verify(records: list[RepoDataRecord], cache: Path) -> list[Path]:
    """Check what rattler does not: what it has unpacked before, and the hashes of local files.

    Returns the folders of the packages that are to be unpacked. A damaged one is put aside;
    others may be using it, and who has the cache alone sweeps it out.
    """
    cached = await PackageCache(cache).index()
    new = []
    for record in records:
        tree = tree_of(record, cache)
        if cached.contains_record(record):
            if is_whole(tree):
                continue
            tell("damaged", path=str(tree))
            tree.rename(tree.with_name(f".{tree.name}.{os.getpid()}"))
        new.append(tree)
        url = urlsplit(record.url)
        if url.scheme == "file" and record.sha256:
            path = Path(url2pathname(url.path))
            found = seal.sha256_of(path)
            if found != record.sha256.hex():
                raise Failed("install", f"{path} is damaged: its sha256 is {found}")
    return new


def is_whole(tree: Path) -> bool:
    """Whether an unpacked package is as it was left; one without a seal is read as a whole.

    (Another installer may be about to seal it, or was killed before it could.)
    """
    if seal.place_of(tree).exists():
        return seal.holds(tree)
    try:
        entries = json.loads((tree / "info" / "paths.json").read_text())["paths"]
        whole = all(is_right(tree / entry["_path"], entry) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError):
        return False
    if whole:
        seal.put(tree)
    return whole


def is_right(path: Path, entry: dict[str, Any]) -> bool:
    """Whether a file is what its entry in paths.json says (CEP 34)."""
    if entry["path_type"] == "softlink":
        return path.is_symlink()
    return "sha256" not in entry or seal.sha256_of(path) == entry["sha256"]


def main() -> int:
    """Run the job on standard input; the exit code is 1 when it failed."""
    try:
        asyncio.run(work(json.load(sys.stdin)))
    except Failed as error:
        tell("failed", **error.values)
        return 1
    except Exception as error:
        tell("failed", kind="install", reason=f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Not `sys.exit`: py-rattler's threads crash the interpreter while it is taken down.
    os._exit(code)
