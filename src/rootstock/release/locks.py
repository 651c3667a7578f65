"""Locks: every package of an environment with where it is and its sha256.

Two formats say the same. Conda's @EXPLICIT (CEP 23) takes absolute URLs; a hash has its prefix
`sha256:`, because older mambas take one without for an md5. Pixi's is written in version 6, which
readers of version 7 take as well; it may name packages by paths from where the lock itself is.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import yaml

from rootstock.channel.environment import Locked
from rootstock.channel.index import Record
from rootstock.errors import SourceError, UsageError
from rootstock.release import contents
from rootstock.release.contents import Package
from rootstock.release.place import Place, place

EXPLICIT, PIXI = "explicit", "pixi"
UP = "../.."  # from a release's folder to its channel
_MARK = "@EXPLICIT"
_FILE = re.compile(r"(?:.*/)?[^/]+-[^-/]+-[^-/]+\.conda")
_LINE = re.compile(rf"(?P<url>{_FILE.pattern})#(?:sha256:)?(?P<sha256>[0-9a-f]{{64}})$")
# What an index says of a package that a lock of pixi's has too.
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
    """A lock in conda's format, in the order of the packages."""
    lines = [f"# platform: {platform}", _MARK]
    lines += [f"{Place(channel).at(p.url)}#sha256:{p.sha256}" for p in packages]
    return "".join(f"{line}\n" for line in lines)


def explicit_md5(packages: Sequence[Package], platform: str, channel: str) -> str:
    """The same with md5 in the place of sha256, for a conda that is older than CEP 23."""
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
    """A lock in pixi's format.

    `records` are what the channel's index says of the packages, by file name. They are named by
    URLs in the channel, or by paths under `base`.
    """
    entries = []
    for package in packages:
        record = records[package.filename]
        where = f"{base}/{package.url}" if base else Place(channel).at(package.url)
        kept = {name: record[name] for name in _COPIED if record.get(name) not in (None, [], "")}
        entries.append({"conda": where, **kept, "md5": package.md5, "channel": f"{channel}/"})
    return _pixi(entries, platform, channel)


def _pixi(entries: Sequence[Mapping[str, Any]], platform: str, channel: str) -> str:
    named = [{"conda": entry["conda"]} for entry in entries]
    environment = {"channels": [{"url": f"{channel}/"}], "packages": {platform: named}}
    lock = {"version": 6, "environments": {"default": environment}, "packages": list(entries)}
    # Everything once: pixi's own reader takes no aliases.
    plain = json.loads(json.dumps(lock))
    return yaml.safe_dump(plain, sort_keys=False, default_flow_style=False, width=1000)


def moved(text: str, packages: Sequence[Package], platform: str, channel: str) -> str:
    """A release's lock, as its packages are named in a copy of the channel at another URL."""
    if _MARK in text.split():
        return explicit(packages, platform, channel)
    where = {package.filename: Place(channel).at(package.url) for package in packages}
    entries = [
        {**entry, "conda": where[filename(entry["conda"])], "channel": f"{channel}/"}
        for entry in yaml.safe_load(text)["packages"]
    ]
    return _pixi(entries, platform, channel)


def read(named: str, platform: str, channel: str = "") -> tuple[Locked, ...]:
    """The packages of a lock in a file or at a URL, in either format.

    Those of a release are taken from the channel that the lock was found in, wherever that is,
    or else from `channel` if that is given: a folder or a URL. Others are where the lock says.

    Raises `UsageError` when there is no such lock or a package has no sha256, and `SourceError`
    when it cannot be fetched.
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
        release = contents.parse(beside.read(contents.RECORD))
        ours = {package.sha256: package for package in release.packages.values()}
        source = place(channel) if channel else Place(beside.url.rsplit("/", 2)[0])
    except (FileNotFoundError, SourceError, ValueError):  # some servers forbid what is not there
        if not channel:
            return locked
        ours, source = {}, place(channel)
    return tuple(_found(entry, ours.get(entry.sha256), source, channel) for entry in locked)


def _found(entry: Locked, package: Package | None, source: Place, channel: str) -> Locked:
    if package:
        path = package.url
    elif channel:
        path = "/".join(entry.url.rsplit("/", 2)[1:])
    else:
        return entry
    return Locked(url=source.at(path), sha256=entry.sha256, md5=entry.md5, size=entry.size)


def parse(text: str, platform: str, whole: str) -> tuple[Locked, ...]:
    """The packages of a lock's text, found at the URL `whole`.

    Raises `ValueError` when it is no lock, or not one of conda packages with their sha256.
    """
    if _MARK in text.split():
        return tuple(_explicit(line.strip()) for line in text.splitlines() if _counts(line))
    try:
        lock = yaml.safe_load(text)
        environments = lock["environments"]
        chosen = environments.get("default") or next(iter(environments.values()))
        wanted = [one["conda"] for one in chosen["packages"][platform]]
        known = {entry["conda"]: entry for entry in lock["packages"] if "conda" in entry}
        entries = [known[name] for name in wanted if _FILE.fullmatch(name)]
        if len(entries) < len(wanted):
            raise ValueError("has a package that is no .conda file")
        return tuple(
            Locked(
                url=urljoin(whole, entry["conda"]),
                sha256=entry["sha256"],
                md5=entry.get("md5", ""),
                size=entry.get("size", 0),
            )
            for entry in entries
        )
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise ValueError("is neither conda's @EXPLICIT nor pixi's lock") from error
    except (KeyError, StopIteration) as error:
        raise ValueError(f"is no lock of conda packages for {platform}: {error}") from error


def _counts(line: str) -> bool:
    line = line.strip()
    return bool(line) and not line.startswith("#") and line != _MARK


def _explicit(line: str) -> Locked:
    found = _LINE.match(line)
    if not found:
        raise ValueError(f"has a line that is no .conda file with its sha256: {line}")
    url = found["url"]
    # CEP 23: a path is one from the working directory.
    where = url if "://" in url else Path(url).absolute().as_uri()
    return Locked(url=where, sha256=found["sha256"])


def filename(location: str) -> str:
    """The file name at the end of a URL or a path, in which a URL has some signs quoted."""
    return unquote(location.rpartition("/")[2])
