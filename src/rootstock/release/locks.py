"""Locks: every package of an environment with its address and its sha256.

There are three formats. Conda's @EXPLICIT (CEP 23) has absolute URLs; a hash has its prefix
`sha256:`, because older mambas take one without for an md5. conda-lock's (CEP 37), which
`condalock` writes, has absolute URLs, too. Pixi's is written in version 6, which readers of version
7 accept as well; it may name packages by paths relative to the lock.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import yaml

from rootstock.channel import release_model
from rootstock.channel.index import Record
from rootstock.channel.place import Place, place
from rootstock.channel.release_model import Package
from rootstock.core import names, shape
from rootstock.core.errors import SourceError, UsageError
from rootstock.environment.creation import Locked
from rootstock.release import condalock

EXPLICIT, PIXI, CONDA_LOCK = "explicit", "pixi", "conda-lock"
UP = "../.."  # from a release's folder to its channel
_MARK = "@EXPLICIT"
# Fields of an index record that pixi's lock has as well.
_COPIED = (
    "build_number",
    "subdir",
    "noarch",
    "sha256",
    "md5",
    "depends",
    "constrains",
    "license",
    "license_family",
    "size",
    "timestamp",
    "track_features",
    "python_site_packages_path",
)


def explicit(packages: Sequence[Package], platform: str, channel: str) -> str:
    """Write a lock in conda's format, in the order of the packages."""
    lines = [f"# platform: {platform}", _MARK]
    lines += [f"{Place(channel).at(p.url)}#sha256:{p.sha256}" for p in packages]
    return "".join(f"{line}\n" for line in lines)


def explicit_md5(packages: Sequence[Package], platform: str, channel: str) -> str:
    """Write the same with md5 instead of sha256, for a conda older than CEP 23."""
    lines = [f"# platform: {platform}", _MARK]
    lines += [f"{Place(channel).at(p.url)}#{p.md5}" for p in packages]
    return "".join(f"{line}\n" for line in lines)


def pixi(
    packages: Sequence[Package],
    records: Mapping[str, Record],
    platform: str,
    channel: str,
    base: str = "",
) -> str:
    """Write a lock in pixi's format.

    `records` are the index records of the packages, by file name. The lock names them by URLs in
    the channel, or by paths under `base`.
    """
    entries = []
    for package in packages:
        record = records[package.filename]
        where = f"{base}/{package.url}" if base else Place(channel).at(package.url)
        kept = {name: record[name] for name in _COPIED if record.get(name) not in (None, [], "")}
        entries.append({"conda": where, **kept, "md5": package.md5, "channel": f"{channel}/"})
    return _pixi(entries, platform, channel)


def conda_lock(
    packages: Sequence[Package],
    records: Mapping[str, Record],
    platform: str,
    channel: str,
) -> str:
    """Write a lock in conda-lock's format; `records` as for `pixi`."""
    depends = {package.filename: records[package.filename]["depends"] for package in packages}
    return condalock.write(packages, depends, platform, channel)


def _pixi(entries: Sequence[Mapping[str, Any]], platform: str, channel: str) -> str:
    named = [{"conda": entry["conda"]} for entry in entries]
    environment = {"channels": [{"url": f"{channel}/"}], "packages": {platform: named}}
    lock = {"version": 6, "environments": {"default": environment}, "packages": list(entries)}
    # Without aliases, because pixi's own reader rejects them.
    plain = json.loads(json.dumps(lock))
    return yaml.safe_dump(plain, sort_keys=False, default_flow_style=False, width=1000)


def moved(text: str, packages: Sequence[Package], platform: str, channel: str) -> str:
    """Rewrite a release's lock for a copy of the channel at another URL."""
    if _MARK in text.split():
        return explicit(packages, platform, channel)
    where = {package.filename: Place(channel).at(package.url) for package in packages}
    entries = [
        {**entry, "conda": where[names.file_of(entry["conda"])], "channel": f"{channel}/"}
        for entry in yaml.safe_load(text)["packages"]
    ]
    return _pixi(entries, platform, channel)


def conda_lock_of(text: str, packages: Sequence[Package], platform: str, channel: str) -> str:
    """Convert a release's pixi lock to conda-lock's format, for a channel at any URL.

    Releases from before this format get one in this way.
    """
    entries = yaml.safe_load(text)["packages"]
    depends = {names.file_of(entry["conda"]): entry.get("depends", []) for entry in entries}
    return condalock.write(packages, depends, platform, channel)


def read(named: str, platform: str, channel: str = "") -> tuple[Locked, ...]:
    """Read the packages of a lock in a file or at a URL, in any of the formats.

    Packages of a release come from the channel that contains the lock, or from `channel` if that is
    given: a folder or a URL. Others come from the addresses in the lock.

    Raises `UsageError` when there is no such lock, or no environment can be made from it (`parse`),
    and `SourceError` when it cannot be fetched.
    """
    whole = place(named).url
    beside = Place(whole.rpartition("/")[0])
    try:
        text = beside.read(whole.rpartition("/")[2]).decode()
        locked = parse(text, platform, whole)
    except FileNotFoundError as error:
        raise UsageError(f"there is no lock {named}") from error
    except ValueError as error:
        raise UsageError(f"{named} {error}", "A release has locks: docs/releases.md.") from error
    try:
        release = release_model.parse(beside.read(release_model.RECORD))
        ours = {package.sha256: package for package in release.packages.values()}
        source = place(channel) if channel else Place(beside.url.rsplit("/", 2)[0])
    except (FileNotFoundError, SourceError, ValueError):
        # Among them servers that answer "forbidden" for missing files.
        if not channel:
            return locked
        ours, source = {}, place(channel)
    return tuple(_found(entry, ours.get(entry.sha256), source, channel) for entry in locked)


def _found(entry: Locked, package: Package | None, source: Place, channel: str) -> Locked:
    if package:
        path = package.url
    elif channel:
        path = unquote("/".join(entry.url.rsplit("/", 2)[1:]))
    else:
        return entry
    return Locked(url=source.at(path), sha256=entry.sha256, md5=entry.md5, size=entry.size)


def parse(text: str, platform: str, whole: str) -> tuple[Locked, ...]:
    """Parse a lock's text, found at the URL `whole`.

    Raises `ValueError` when it is no lock, or no environment can be made from it. The latter means:
    no package, two of one name, or one without an address of a `.conda` file and its sha256.
    """
    if _MARK in text.split():
        entries = [_explicit(line.strip()) for line in text.splitlines() if _counts(line)]
    else:
        entries = _listed(text, platform)
    locked = tuple(_locked(entry, whole) for entry in entries)
    if not locked:
        raise ValueError("has no package")
    known: dict[str, str] = {}
    for one in locked:
        name = names.distribution(names.file_of(one.url)).name
        if name in known:
            raise ValueError(f"has two packages of the name {name}: {known[name]} and {one.url}")
        known[name] = one.url
    return locked


def _listed(text: str, platform: str) -> list[dict[str, Any]]:
    """Return the packages of a YAML lock, with `url`, `sha256`, and `md5` and `size` if any."""
    try:
        lock = yaml.safe_load(text)
        if condalock.is_one(lock):
            return condalock.entries(lock, platform)
        environments = lock["environments"]
        chosen = environments.get("default") or next(iter(environments.values()))
        wanted = [one["conda"] for one in chosen["packages"][platform]]
        known = {entry["conda"]: entry for entry in lock["packages"] if "conda" in entry}
        return [{**known[name], "url": name} for name in wanted]
    except (yaml.YAMLError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            "is not a lock in conda's @EXPLICIT, pixi's or conda-lock's format"
        ) from error
    except (KeyError, StopIteration) as error:
        raise ValueError(f"is not a lock of conda packages for {platform}: {error}") from error


def _locked(entry: Mapping[str, Any], whole: str) -> Locked:
    """Check a package of a lock; raises `ValueError` when one of its values is not allowed."""
    url, md5, size = entry["url"], entry.get("md5") or "", entry.get("size") or 0
    try:
        return Locked(
            url=names.package_url(urljoin(whole, url) if isinstance(url, str) else url),
            sha256=names.sha256(entry.get("sha256")),
            md5=names.md5(md5) if md5 else "",
            size=shape.count(size),
        )
    except ValueError as error:
        raise ValueError(f"has a package that cannot be installed from it: {error}") from error


def _counts(line: str) -> bool:
    line = line.strip()
    return bool(line) and not line.startswith("#") and line != _MARK


def _explicit(line: str) -> dict[str, str]:
    url, _, sha256 = line.partition("#")
    # CEP 23: a path is relative to the working directory.
    where = url if "://" in url else Path(url).absolute().as_uri()
    return {"url": where, "sha256": sha256.removeprefix("sha256:")}
