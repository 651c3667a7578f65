"""What a channel has, and what is known of it: all that its page shows, read from its records.

Everything is read below one generation's folder, so that it belongs together, whatever is
promoted meanwhile. A channel without releases, and one that rootstock did not make, has its
packages and says of the rest what it knows: nothing.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rootstock.channel import generation, index
from rootstock.channel.generation import Generation, History
from rootstock.channel.stage import NOARCH
from rootstock.errors import RefusedError, UsageError

_RELEASE = "release.json"
_ROOTS = ("root", "pyroot")  # what a user installs; pyroot is there once for each Python
_PYTHON = re.compile(r"(?:python_abi|python) (?:==?|~=)?(3\.\d+)(?:\.\*|[ ]|$)")
_FLOOR = re.compile(r"__glibc >=\s*(\d+(?:\.\d+)+)")


@dataclass(frozen=True, kw_only=True)
class Build:
    """A package file. `python` is empty when it is for all, `release` 0 when it is not known.

    `floor` is the glibc it asks for, `proven` the one it was seen to need; empty when none.
    `size` is in bytes. `path` and `attestation` lead to them from the channel's folder.
    """

    filename: str
    path: str
    name: str
    version: str
    build: str
    python: str
    floor: str
    proven: str
    size: int
    sha256: str
    license: str
    release: int
    audited: bool
    attestation: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """All builds of one name, the newest first."""

    name: str
    builds: tuple[Build, ...]

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions there are, the newest first."""
        return tuple(dict.fromkeys(build.version for build in self.builds))

    @cached_property
    def newest(self) -> tuple[Build, ...]:
        """The builds of the newest version."""
        return tuple(build for build in self.builds if build.version == self.versions[0])

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons that a build is for, the oldest first; none when it is for all."""
        return ordered({build.python for build in self.builds if build.python})

    @cached_property
    def floor(self) -> str:
        """The oldest glibc that all builds of the newest version run on; empty for any."""
        return highest(build.floor for build in self.newest)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A smoke test that was run, and the seconds it took."""

    name: str
    seconds: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a release proved of a ROOT for a Python, and on what system."""

    id: str
    root: str
    python: str
    release: int
    system: str
    glibc: str
    checks: tuple[Check, ...]
    packages: int
    audited: int
    files: Mapping[str, str]

    @cached_property
    def seconds(self) -> float:
        """How long the checks took."""
        return sum(check.seconds for check in self.checks)

    @cached_property
    def results(self) -> Mapping[str, Check]:
        """The checks by name."""
        return {check.name: check for check in self.checks}

    @cached_property
    def passed(self) -> bool:
        """Whether there were checks, and all passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class Release:
    """A generation of the channel: what it changed, and what is recorded of that.

    `kind` and `base` are the generation's. `visible` is whether what it added is still offered.
    `folder` is where its files are, from the channel's folder, empty when there are none;
    `files` are their names in it. `url` and `packages` are what release.json says of where the
    channel was public then, and of each package.
    """

    number: int
    time: str
    kind: generation.Kind
    base: int
    added: tuple[str, ...]
    hidden: tuple[str, ...]
    visible: bool
    folder: str
    commit: str
    files: frozenset[str]
    url: str
    packages: Mapping[str, Any]
    cells: tuple[Cell, ...]

    @cached_property
    def signature(self) -> str:
        """Where release.json's own signature is, empty when it is not signed."""
        signed = any(name.startswith("attestations/") for name in self.files)
        return f"{self.folder}/attestations/{_RELEASE}.json" if signed else ""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A channel at one time. `number` and `time` are the generation's, 0 and empty without.

    `origin` is the generation that made what is shown: another one after a rollback.
    """

    name: str
    number: int
    origin: int
    time: str
    subdirs: tuple[str, ...]
    packages: tuple[Package, ...]
    releases: tuple[Release, ...]

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """Every package file."""
        return tuple(build for package in self.packages for build in package.builds)

    @cached_property
    def proofs(self) -> Mapping[tuple[str, str], Cell]:
        """The latest proof of each ROOT for a Python."""
        return {
            (cell.root, cell.python): cell
            for release in self.releases
            if release.visible
            for cell in release.cells
        }

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The latest proofs: the newest ROOT first, each with the oldest Python first."""
        pairs = [(root, python) for root in self.roots for python in self.pythons]
        return tuple(self.proofs[pair] for pair in pairs if pair in self.proofs)

    @cached_property
    def offered(self) -> frozenset[tuple[str, str]]:
        """Each ROOT and Python that can be installed together."""
        return frozenset(
            (build.version, build.python)
            for build in self.builds
            if build.name in _ROOTS and build.python
        )

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The ROOT versions, the newest first."""
        return ordered({root for root, _ in self.offered})[::-1]

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons that there is a ROOT for, the oldest first."""
        return ordered({python for _, python in self.offered})

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """The platforms it has packages for, beside those for all."""
        return tuple(subdir for subdir in self.subdirs if subdir != NOARCH)

    @cached_property
    def size(self) -> int:
        """The bytes of all packages."""
        return sum(build.size for build in self.builds)

    @cached_property
    def url(self) -> str:
        """The address at which the last visible release made the channel public, if any did."""
        public = [one.url for one in self.releases if one.visible and one.url.startswith("http")]
        return public[-1] if public else ""

    @cached_property
    def floor(self) -> str:
        """The oldest glibc that everything runs on."""
        return highest(build.floor for build in self.builds)


def read(channel: Path, past: History | None = None) -> Contents:
    """All about a channel, at its current generation or at the last one of a history.

    Raises `UsageError` when the folder is no channel, `RefusedError` when a record of it cannot
    be read.
    """
    past = past or generation.history(channel)
    now = past.current.number
    here = generation.folder_of(channel, now) if now else channel
    tables = sorted(here.glob(f"*/{index.TABLE}"))
    if not tables:
        raise UsageError(
            f"{channel} is not a channel" if channel.is_dir() else f"There is no channel {channel}",
            "Build one (scripts/build.py), or name one with --channel.",
        )
    try:
        return _read(channel, past, tables)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(
            f"{channel} is damaged: its records cannot be read ({error!r})",
            "Restore the files from a copy of the channel, or build into another folder.",
        ) from error


def order(version: str) -> list[tuple[int, str]]:
    """What versions are sorted by: numbers as numbers.

    >>> sorted(["3.13", "3.9", "3.13a1", "2026f", "2026e"], key=order)
    ['3.9', '3.13a1', '3.13', '2026e', '2026f']
    """
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower())
    return [*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), (0, "")]


def ordered(versions: Iterable[str]) -> tuple[str, ...]:
    """Versions, the oldest first."""
    return tuple(sorted(versions, key=order))


def highest(versions: Iterable[str]) -> str:
    """The newest of some versions; empty when there are none."""
    return max((version for version in versions if version), key=order, default="")


def _read(channel: Path, past: History, tables: Sequence[Path]) -> Contents:
    releases = _releases(channel, past)
    told: dict[str, tuple[Release, Any]] = {}
    for release in releases:
        if release.visible:
            told.update({name: (release, entry) for name, entry in release.packages.items()})
    since = {name: entry.generation for name, entry in past.published.items()}
    builds = [
        _build(table.parent.name, name, entry, since.get(name, 0), *told.get(name, (None, {})))
        for table in tables
        for name, entry in _entries(table).items()
    ]
    builds.sort(key=lambda one: (order(one.version), one.release, order(one.python)), reverse=True)
    by_name: dict[str, list[Build]] = defaultdict(list)
    for build in builds:
        by_name[build.name].append(build)
    return Contents(
        name=channel.resolve().name,
        number=past.current.number,
        origin=past.origin(past.current.number).number,
        time=past.current.time,
        subdirs=tuple(sorted(table.parent.name for table in tables)),
        packages=tuple(Package(name=name, builds=tuple(by_name[name])) for name in sorted(by_name)),
        releases=releases,
    )


def _entries(table: Path) -> Mapping[str, Any]:
    read = _json(table)
    return {**read.get("packages", {}), **read.get("packages.conda", {})}


def _build(
    subdir: str, filename: str, entry: Any, since: int, release: Release | None, told: Any
) -> Build:
    depends = entry.get("depends", [])
    floors = [found[1] for depend in depends if (found := _FLOOR.match(depend))]
    signed = f"attestations/{filename}.json"
    return Build(
        filename=filename,
        path=f"{subdir}/{filename}",
        name=entry["name"],
        version=entry["version"],
        build=entry["build"],
        python=_python(entry["name"], entry["version"], depends),
        floor=highest(floors),
        proven=told.get("floor", {}).get("proven", ""),
        size=entry.get("size", 0),
        sha256=entry.get("sha256", ""),
        license=entry.get("license") or "",
        release=since,
        audited=told.get("audit") == "passed",
        attestation=f"{release.folder}/{signed}" if release and signed in release.files else "",
    )


def _python(name: str, version: str, depends: Iterable[str]) -> str:
    """The Python that a package is for, as in 3.11; empty when it is for any, or for none."""
    if name in ("python", "python_abi"):
        return ".".join(version.split(".")[:2])
    pinned = [found[1] for depend in depends if (found := _PYTHON.match(depend))]
    return pinned[0] if pinned else ""


def _releases(channel: Path, past: History) -> tuple[Release, ...]:
    """All generations, the oldest first."""
    now = past.current.number
    shown = {one.number for one in past.releases(now, past.visible())}
    lineage = {one.number for one in past.lineage(now)}
    return tuple(
        _release(channel, one, one.number in (shown if one.cells else lineage))
        for one in past.generations
        if one.number
    )


def _release(channel: Path, one: Generation, visible: bool) -> Release:
    folder = generation.release_of(channel, one.number)
    record = folder / _RELEASE
    told = _json(record) if record.is_file() else {"cells": {}, "files": {}, "packages": {}}
    return Release(
        number=one.number,
        time=one.time,
        kind=one.kind,
        base=one.base,
        added=one.added,
        hidden=one.hidden,
        visible=visible,
        folder=str(folder.relative_to(channel)) if record.is_file() else "",
        commit=told.get("commit", ""),
        files=frozenset(told["files"]),
        url=told.get("channel", ""),
        packages=told["packages"],
        cells=tuple(_cell(id_, one.number, cell, told) for id_, cell in told["cells"].items()),
    )


def _cell(id_: str, number: int, cell: Any, release: Any) -> Cell:
    packages = [release["packages"].get(name, {}) for name in cell["packages"]]
    return Cell(
        id=id_,
        root=cell["root"],
        python=cell["python"],
        release=number,
        system=cell["smoke"]["system"],
        glibc=cell["smoke"]["glibc"],
        checks=tuple(
            Check(name=check["name"], seconds=check["seconds"], passed=check["passed"])
            for check in cell["smoke"]["checks"]
        ),
        packages=len(packages),
        audited=sum(package.get("audit") == "passed" for package in packages),
        files={
            kind: f"{generation.RELEASES}/{number:04d}/{file}"
            for kind, file in cell["files"].items()
        },
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text())
