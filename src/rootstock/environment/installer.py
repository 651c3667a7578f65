"""The only program that uses py-rattler: solves (or takes a lock) and installs.

It has its own process for three reasons. py-rattler may crash the interpreter at its end. It works
on in threads after its caller was cancelled. A Rust panic, which is no `Exception`, may kill it. A
process can be ended as a whole, at any moment.

spawn.py starts it and sends its job (JSON, one line) to its standard input. It imports from
rootstock only modules that import nothing more of it. It prints one JSON object a line:
`{"event": "solved" | "fetch" | "fetched" | "linked" | "damaged" | "again" | "done" | "failed",
...}`. All other output comes from the libraries that it uses. It ends when its standard input ends.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import unquote, urlsplit

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

from rootstock.core import seal
from rootstock.environment import package_cache, requirements
from rootstock.environment.package_cache import INDEX, tree_of
from rootstock.environment.requirements import Failed

_EVERY = 0.1  # seconds between two reports of one download


def report(event: str, **values: Any) -> None:
    """Print one event, with one write a line, because several threads call this."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


class Reporter(InstallerReporter):
    """Reports fetched and linked packages as they come."""

    def __init__(self, trees: Mapping[str, Path]) -> None:
        self._trees = trees
        self._names: list[str] = []
        self._reported = 0.0

    def _token(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """The search for a package in the cache begins."""
        return self._token(package_name)

    def on_download_start(self, cache_entry: int) -> int:
        """The cache lacks it."""
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """A part of it has arrived."""
        if time.monotonic() - self._reported > _EVERY:
            self._reported = time.monotonic()
            report("fetch", name=self._names[download_idx], done=progress)

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        """It is in the cache, unpacked, but not yet linked."""
        name = self._names[cache_entry]
        tree = self._trees[name]
        if not seal.place_of(tree).exists():  # else it was checked before
            self._require_inside(tree)
        report("fetched", name=name)

    def _require_inside(self, tree: Path) -> None:
        try:
            path = package_cache.leaving(tree)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return  # rattler reads the same and reports it
        if path:  # an exception would not prevent rattler from linking it
            report("failed", kind="install", reason=f"{tree.name} would write to {path!r}")
            leave(1)

    def on_link_start(self, operation: int, package_name: str) -> int:
        """The installation of a package into the prefix begins."""
        return self._token(package_name)

    def on_link_complete(self, index: int) -> None:
        """It is installed."""
        report("linked", name=self._names[index])


async def work(job: dict[str, Any]) -> None:
    """Install the packages of the job: those for its specs, or those in its lock."""
    started = time.monotonic()
    cache, prefix = Path(job["cache"]), Path(job["prefix"])
    specs: list[MatchSpec] = []
    texts: dict[str, bytes] = {}
    if "lock" in job:
        records, texts = await locked(job["lock"], cache)
    else:
        records, specs = await find(job)
    solved = time.monotonic()
    report("solved", sizes={record.name.normalized: record.size or 0 for record in records})
    there = await PackageCache(cache).index()
    held = [tree_of(record, cache) for record in records if there.contains_record(record)]
    new = [record for record in records if not there.contains_record(record)]
    for record in new:
        requirements.on_file(record)
    # Check the cache while it is linked: linking waits for the disk.
    looking = asyncio.create_task(asyncio.to_thread(package_cache.look, held))
    try:
        await link(records, specs, job)
    finally:
        looked = await looking
        for tree in looked.damaged:
            report("damaged", path=str(tree))
            package_cache.put_aside(tree)
        if looked.damaged:
            report("again")
            leave(0)  # whatever the result of linking
    size = looked.size + sum(seal.put(tree_of(record, cache)).size for record in new)
    for record in records if texts else ():
        # It was read before the package's hash was checked.
        if (tree_of(record, cache) / INDEX).read_bytes() != texts[record.url]:
            raise Failed("install", f"{record.url} does not match the metadata from its server")
    make_readable(prefix / "conda-meta")
    report(
        "done",
        solve=solved - started,
        install=time.monotonic() - solved,
        size=size,
        scripts=[
            r.name.normalized for r in records if package_cache.has_scripts(tree_of(r, cache))
        ],
        pure=[f"{r.file_name.removesuffix('.conda')}.json" for r in records if r.noarch.python],
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


async def link(records: list[RepoDataRecord], specs: list[MatchSpec], job: dict[str, Any]) -> None:
    """Fetch packages into the cache, and link them into the prefix."""
    trees = {record.name.normalized: tree_of(record, Path(job["cache"])) for record in records}
    await install(
        records,
        target_prefix=job["prefix"],
        cache_dir=Path(job["cache"]),
        show_progress=False,
        # Declared as a list of `MatchSpec`, but handed to Rust as they are.
        requested_specs=cast(list[MatchSpec], [spec._match_spec for spec in specs]),
        reporter=Reporter(trees),  # type: ignore[abstract]  # methods that it lacks do nothing
    )


def make_readable(records: Path) -> None:
    """Give the records of an environment the mode of other new files."""
    os.umask(mask := os.umask(0))
    for path in records.iterdir():
        path.chmod(0o666 & ~mask)


async def find(job: dict[str, Any]) -> tuple[list[RepoDataRecord], list[MatchSpec]]:
    """Return the packages of the channel that satisfy the job's specs."""
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
                import difflib  # here, because it takes a while

                near = difflib.get_close_matches(name, known, n=3) or sorted(known)[:10]
                raise Failed("unknown", f"no package {name}", name=name, near=near)
        ask = partial(solve, sources=[channel], specs=specs, gateway=gateway, platforms=platforms)
        try:
            records = await ask(virtual_packages=VirtualPackage.detect(overrides=overrides))
        except SolverError as error:
            await requirements.on_glibc(ask, overrides)
            raise Failed("unsatisfiable", str(error)) from error
    except (GatewayError, FetchRepoDataError) as error:
        raise Failed("channel", str(error)) from error
    return records, specs


async def read(
    channel: Channel, platforms: list[Subdir], cache: Path
) -> tuple[Gateway, frozenset[str]]:
    """Return a gateway to the channel's index, and the names of its packages."""
    gateway = Gateway(cache_dir=cache)
    try:
        names = await gateway.names([channel], platforms)
    except GatewayError as error:
        if "304 Not Modified" not in str(error):
            raise
        # Simple servers (for example Python's) answer this without the headers that rattler needs:
        # https://github.com/conda/rattler/issues/2719
        gateway = Gateway(cache_dir=cache, default_config=SourceConfig(cache_action="no-cache"))
        names = await gateway.names([channel], platforms)
    return gateway, frozenset(name.normalized for name in names)


async def locked(
    lock: list[dict[str, Any]], cache: Path
) -> tuple[list[RepoDataRecord], dict[str, bytes]]:
    """Return the records of a lock's packages, and by URL the metadata they are made of."""
    import tempfile  # here, because it takes a while

    there = await PackageCache(cache).index()
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
        here = there.contains_record(RepoDataRecord(probe, filename, url, channel))
        if here and package_cache.look([tree]).damaged == ():
            text = (tree / INDEX).read_bytes()
        else:
            text = await metadata(url, client)
        if (found := named(text)) != (name, version, build):
            raise Failed("install", f"{url} contains the package {' '.join(found)}")
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
    requirements.on_system(records)
    requirements.on_all(records)
    return records, {record.url: text for record, text in pairs}


async def metadata(url: str, client: Client) -> bytes:
    """Read the metadata of a package from its file or URL.

    A server that knows ranges sends a part of it; from others the package comes twice.
    """
    parts = urlsplit(url)
    path = requirements.path_of(url) if parts.scheme == "file" else None
    try:
        if path:
            archive = await PackageArchive.from_path(path)
        else:
            archive = await PackageArchive.from_url(client, url)
        text = await archive.read_file(str(INDEX))
    except Exception as error:  # of many kinds, which all mean that it cannot be read
        raise Failed("install", f"{url} cannot be read: {error}") from error
    if text is None:
        raise Failed("install", f"{url} has no {INDEX}")
    return text


def named(index: bytes) -> tuple[str, str, str]:
    """Return the name, version and build in a package's metadata."""
    value = json.loads(index)
    return value["name"], value["version"], value["build"]


def end_with_caller() -> None:
    """End when standard input ends: the parent is gone, or no longer needs this."""
    sys.stdin.read()
    os._exit(1)


def leave(code: int) -> NoReturn:
    """End at once: py-rattler's threads crash the interpreter while it shuts down."""
    sys.stdout.flush()
    os._exit(code)


def run() -> NoReturn:
    """Run the job from standard input, if one comes; the exit code is 1 if it failed."""
    given = sys.stdin.readline()
    if not given:
        leave(0)
    threading.Thread(target=end_with_caller, daemon=True).start()
    try:
        asyncio.run(work(json.loads(given)))
    except Failed as error:
        report("failed", **error.values)
        leave(1)
    except Exception as error:
        report("failed", kind="install", reason=f"{type(error).__name__}: {error}")
        leave(1)
    leave(0)
