"""What a release holds, as values: release.json is these, with sorted keys.

```
releases/0002/
  release.json                       all of it: cells, packages, the hashes of the files below
  <cell>.txt                         lock in conda's @EXPLICIT format
  <cell>.lock                        lock in pixi's format
  <cell>.conda-lock.yml              lock in conda-lock's format
  <cell>.cdx.json                    CycloneDX SBOM
  keys/<key id>.pub                  the public key of whoever signed
  attestations/<file name>.json      a signed statement for each package
  attestations/release.json.json     and for release.json itself
```
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

RECORD = "release.json"
FORMAT = 1
KEYS, ATTESTATIONS = "keys", "attestations"
ATTESTATION = f"{ATTESTATIONS}/{RECORD}.json"


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The glibc that a package declares, and the newest that its files were proven to ask for."""

    declared: str
    proven: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of a release. `size` is in bytes, `key` its build key; `audit` is `passed`."""

    name: str
    version: str
    build: str
    subdir: str
    sha256: str
    md5: str
    size: int
    key: str
    license: str
    floor: Floor
    audit: str

    @property
    def filename(self) -> str:
        """Its file name in a channel."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def url(self) -> str:
        """Where it is in a channel."""
        return f"{self.subdir}/{self.filename}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A smoke test that was run, and the seconds it took."""

    name: str
    seconds: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The smoke tests of a cell; `not_run` has the reason for each that does not apply."""

    system: str
    glibc: str
    checks: tuple[Check, ...]
    not_run: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a release: `packages` are the file names of the tested set, dependencies first.

    `specs` are what it was solved for. `files` are the names of its files in the release's
    folder, by what they are: `explicit`, `pixi`, `sbom`; since there are such, also `conda-lock`.
    """

    root: str
    python: str
    specs: tuple[str, ...]
    packages: tuple[str, ...]
    smoke: Smoke
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release. `time` is in UTC, by ISO 8601; `commit` the revision of the checkout, if known.

    `channel` is the URL of the channel, without a slash at its end: the public one, or that of
    its folder. `packages` are by file name; `files` are the sha256 of all other files of the
    release but the attestation of release.json.
    """

    release: int
    time: str
    rootstock: str
    commit: str
    platform: str
    channel: str
    cells: Mapping[str, Cell]
    packages: Mapping[str, Package]
    files: Mapping[str, str]

    def of(self, cell: str) -> tuple[Package, ...]:
        """The packages of a cell, dependencies first."""
        return tuple(self.packages[name] for name in self.cells[cell].packages)

    def text(self) -> str:
        """The text of release.json."""
        value = {**asdict(self), "format": FORMAT}
        for package in self.packages.values():
            value["packages"][package.filename]["url"] = package.url
        return json.dumps(value, indent=1, sort_keys=True) + "\n"


def parse(text: str | bytes) -> Release:
    """The release of a release.json; raises `ValueError` when it is none."""
    try:
        value: dict[str, Any] = json.loads(text)
        if value.pop("format") != FORMAT:
            raise ValueError("it was written by another version of rootstock")
        cells = {name: _cell(cell) for name, cell in value.pop("cells").items()}
        packages = {name: _package(entry) for name, entry in value.pop("packages").items()}
        release = Release(**value, cells=cells, packages=packages)
        if any(name != package.filename for name, package in packages.items()):
            raise ValueError("a package is not what its file name says")
        if not packages.keys() >= {name for cell in cells.values() for name in cell.packages}:
            raise ValueError("a cell has a package that the release does not have")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    return release


def _cell(value: dict[str, Any]) -> Cell:
    smoke = value.pop("smoke")
    checks = tuple(Check(**check) for check in smoke.pop("checks"))
    specs, packages = tuple(value.pop("specs")), tuple(value.pop("packages"))
    return Cell(**value, specs=specs, packages=packages, smoke=Smoke(**smoke, checks=checks))


def _package(value: dict[str, Any]) -> Package:
    url, floor = value.pop("url"), Floor(**value.pop("floor"))
    package = Package(**value, floor=floor)
    if url != package.url:
        raise ValueError(f"{package.filename} is said to be at {url}")
    return package


def folder(number: int) -> str:
    """Where a release is in its channel."""
    return f"releases/{number:04d}"
