"""The content of a channel's page, as values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from rootstock.channel import release_model
from rootstock.channel.generation import Kind
from rootstock.channel.layout import NOARCH
from rootstock.channel.release_model import ReleasedCheck


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A package file. `python` is empty when it is for all, `release` 0 when it is unknown.

    `floor` is the minimum glibc it declares, `proven` the one its files need; empty when none.
    `size` is in bytes. `path` and `attestation` are their paths from the channel's folder.
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
class PackageRow:
    """All builds of one name, the newest first."""

    name: str
    builds: tuple[FileRow, ...]

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions, the newest first."""
        return tuple(dict.fromkeys(build.version for build in self.builds))

    @cached_property
    def newest(self) -> tuple[FileRow, ...]:
        """The builds of the newest version."""
        return tuple(build for build in self.builds if build.version == self.versions[0])

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons of the builds, the oldest first; none when a build is for all."""
        return ordered({build.python for build in self.builds if build.python})

    @cached_property
    def floor(self) -> str:
        """The minimum glibc for all builds of the newest version; empty for any."""
        return highest(build.floor for build in self.newest)


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """The results of a release for a ROOT and a Python, on a system."""

    id: str
    root: str
    python: str
    release: int
    system: str
    glibc: str
    checks: tuple[ReleasedCheck, ...]
    packages: int
    audited: int
    files: Mapping[str, str]

    @cached_property
    def seconds(self) -> float:
        """The seconds that the checks took."""
        return sum(check.seconds for check in self.checks)

    @cached_property
    def results(self) -> Mapping[str, ReleasedCheck]:
        """The checks by name."""
        return {check.name: check for check in self.checks}

    @cached_property
    def passed(self) -> bool:
        """Whether there were checks, and all passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class GenerationRow:
    """A generation of the channel: its changes, and their records.

    `kind` and `base` are the generation's. `visible` is whether its additions are still offered.
    `folder` is the path of its files from the channel's folder, empty when there are none; `files`
    are their names in it. `url`, `product`, `axes` and `packages` are from release.json: the public
    address of the channel then, the product with its axes, and each package.
    """

    number: int
    time: str
    kind: Kind
    base: int
    added: tuple[str, ...]
    hidden: tuple[str, ...]
    visible: bool
    folder: str
    commit: str
    files: frozenset[str]
    url: str
    product: str
    axes: tuple[str, ...]
    packages: Mapping[str, release_model.Package]
    cells: tuple[CellRow, ...]

    @cached_property
    def signature(self) -> str:
        """The path of release.json's own signature, empty when it is not signed."""
        signed = any(name.startswith(f"{release_model.ATTESTATIONS}/") for name in self.files)
        return f"{self.folder}/{release_model.ATTESTATION}" if signed else ""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A channel at one time. `number` and `time` are the generation's, 0 and empty without.

    `origin` is the generation that made the content: another one after a rollback. `titles` are the
    words for the product and for its other axes, `headline` the packages that users install.
    """

    name: str
    number: int
    origin: int
    time: str
    subdirs: tuple[str, ...]
    packages: tuple[PackageRow, ...]
    releases: tuple[GenerationRow, ...]
    titles: tuple[str, str]
    headline: tuple[str, ...]

    @cached_property
    def builds(self) -> tuple[FileRow, ...]:
        """Every package file."""
        return tuple(build for package in self.packages for build in package.builds)

    @cached_property
    def latest(self) -> Mapping[tuple[str, str], CellRow]:
        """The latest results of each ROOT for a Python."""
        return {
            (cell.root, cell.python): cell
            for release in self.releases
            if release.visible
            for cell in release.cells
        }

    @cached_property
    def cells(self) -> tuple[CellRow, ...]:
        """The latest results: the newest ROOT first, each with the oldest Python first."""
        pairs = [(root, python) for root in self.roots for python in self.pythons]
        return tuple(self.latest[pair] for pair in pairs if pair in self.latest)

    @cached_property
    def offered(self) -> frozenset[tuple[str, str]]:
        """Each ROOT and Python that can be installed together."""
        return frozenset(
            (build.version, build.python)
            for build in self.builds
            if build.name in self.headline and build.python
        ) | frozenset(self.latest)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The ROOT versions, the newest first."""
        return ordered({root for root, _ in self.offered})[::-1]

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons with a ROOT, the oldest first."""
        return ordered({python for _, python in self.offered})

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """The platforms of its packages, beside noarch."""
        return tuple(subdir for subdir in self.subdirs if subdir != NOARCH)

    @cached_property
    def size(self) -> int:
        """The bytes of all packages."""
        return sum(build.size for build in self.builds)

    @cached_property
    def url(self) -> str:
        """The public address of the channel in the last visible release that has one."""
        public = [one.url for one in self.releases if one.visible and one.url.startswith("http")]
        return public[-1] if public else ""

    @cached_property
    def floor(self) -> str:
        """The minimum glibc of all packages."""
        return highest(build.floor for build in self.builds)


def order(version: str) -> list[tuple[int, str]]:
    """The key to sort versions by: numbers as numbers.

    >>> sorted(["3.13", "3.9", "3.13a1", "2026f", "2026e"], key=order)
    ['3.9', '3.13a1', '3.13', '2026e', '2026f']
    """
    parts = re.findall(r"[0-9]{1,18}|[a-z]+", version.lower())
    return [*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), (0, "")]


def ordered(versions: Iterable[str]) -> tuple[str, ...]:
    """Sort versions, the oldest first."""
    return tuple(sorted(versions, key=order))


def highest(versions: Iterable[str]) -> str:
    """The newest of some versions; empty when there are none."""
    return max((version for version in versions if version), key=order, default="")
