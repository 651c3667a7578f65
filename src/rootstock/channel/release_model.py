"""The content of a release, as values: release.json contains these, with sorted keys.

```
releases/0002/
  release.json                       all of it: cells, packages, the hashes of the files below
  <cell>.txt                         lock in conda's @EXPLICIT format
  <cell>.lock                        lock in pixi's format
  <cell>.conda-lock.yml              lock in conda-lock's format
  <cell>.cdx.json                    CycloneDX SBOM
  <cell>.acceptance.json             the numbers of its acceptance tests, where there are any
  keys/<key id>.pub                  the public key of the signer
  attestations/<file name>.json      a signed statement for each package
  attestations/release.json.json     and for release.json itself
  builders/<sha256>.json             signed statements of other builders, by the sha256 of the file
```
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rootstock.core import names, shape
from rootstock.core.shape import OtherFormat, fields, items, made, mapping

RECORD = "release.json"
FORMAT = 1
# The product of a release that names none, and its axes.
PRODUCT, AXES = "root", ("root", "python")
KEYS, ATTESTATIONS, BUILDERS = "keys", "attestations", "builders"
ATTESTATION = f"{ATTESTATIONS}/{RECORD}.json"
_KINDS = ("explicit", "pixi", "sbom")  # kinds of files that every cell has


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The minimum glibc that a package declares, and the newest that its files need."""

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
        """Its path in a channel."""
        return f"{self.subdir}/{self.filename}"


@dataclass(frozen=True, kw_only=True)
class ReleasedCheck:
    """A smoke test that ran, and the seconds it took."""

    name: str
    seconds: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The smoke tests of a cell; `not_run` has the reason for each that does not apply."""

    system: str
    glibc: str
    checks: tuple[ReleasedCheck, ...]
    not_run: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ReleasedCell:
    """A cell of a release: `packages` are the file names of the tested set, dependencies first.

    `axes` are its values by the names of the product's axes, such as `root` and `python`; in
    release.json each is a field of the cell. `specs` are the specs it was solved for. `files` are
    the names of its files in the release's folder, by kind: `explicit`, `pixi`, `sbom`; newer
    releases also have `conda-lock`, and `acceptance` where the checkout has such tests.
    """

    axes: Mapping[str, str]
    specs: tuple[str, ...]
    packages: tuple[str, ...]
    smoke: Smoke
    files: Mapping[str, str]
    product: str = PRODUCT

    @property
    def version(self) -> str:
        """The version of the product: the value of its first axis."""
        return next(iter(self.axes.values()))

    @property
    def python(self) -> str:
        """The version of Python; empty where the product has no such axis."""
        return self.axes.get("python", "")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release. `time` is in UTC, by ISO 8601; `commit` the revision of the checkout, if known.

    `channel` is the URL of the channel, without a slash at its end: the public one, or that of its
    folder. `packages` are by file name; `files` are the sha256 of all other files of the release
    but the attestation of release.json.
    """

    release: int
    time: str
    rootstock: str
    commit: str
    platform: str
    channel: str
    product: str = PRODUCT
    cells: Mapping[str, ReleasedCell]
    packages: Mapping[str, Package]
    files: Mapping[str, str]

    @property
    def signed(self) -> bool:
        """Whether its list of files says that it was signed; then `ATTESTATION` exists as well."""
        return any(name.startswith((f"{KEYS}/", f"{ATTESTATIONS}/")) for name in self.files)

    def of(self, cell: str) -> tuple[Package, ...]:
        """Return the packages of a cell, dependencies first."""
        return tuple(self.packages[name] for name in self.cells[cell].packages)

    def text(self) -> str:
        """The text of release.json."""
        value = {**asdict(self), "format": FORMAT}
        for cell in value["cells"].values():
            cell |= cell.pop("axes")
            del cell["product"]  # the release says it once
        if self.product == PRODUCT:  # as it was when there was no other
            del value["product"]
        else:
            value["axes"] = list(next(iter(self.cells.values())).axes) if self.cells else []
        for package in self.packages.values():
            value["packages"][package.filename]["url"] = package.url
        return json.dumps(value, indent=1, sort_keys=True) + "\n"


def parse(text: str | bytes) -> Release:
    """Parse a release.json, in which every value must be as rootstock writes it.

    The files that it names are below its folder or its channel: each name is one that `text` could
    have written. Raises `ValueError` when it is no such record, and `OtherFormat` when another
    version of rootstock wrote it.
    """
    try:
        value = shape.document(text)
        shape.require_format(value, FORMAT)
        release = Release(**_release(value))
        _require(release)
    except OtherFormat:
        raise
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from error
    return release


def _require(release: Release) -> None:
    """Raise `ValueError` where parts of a release contradict each other."""
    subdirs = ("noarch", release.platform)
    for name, package in release.packages.items():
        if name != package.filename:
            raise ValueError(f"{name} does not match its file name")
        if package.subdir not in subdirs:
            raise ValueError(f"{name} is in {package.subdir}, not in {' or '.join(subdirs)}")
    for id_, cell in release.cells.items():
        if strange := sorted(set(cell.packages) - release.packages.keys()):
            raise ValueError(f"{id_} has a package that the release lacks: {strange[0]}")
        if len(set(cell.packages)) < len(cell.packages):
            raise ValueError(f"{id_} has a package twice")
        if missing := sorted(set(_KINDS) - cell.files.keys()):
            raise ValueError(f"{id_} lacks the file {missing[0]!r}")
        if strange := sorted(set(cell.files.values()) - release.files.keys()):
            raise ValueError(f"{id_} has a file that the release lacks: {strange[0]}")


def _positive(value: object) -> int:
    if not (number := shape.count(value)):
        raise ValueError("0 is not the number of a release")
    return number


def _path(value: object) -> str:
    """Check the path of a file of a release: at its top, or in one of its three folders."""
    if value in (RECORD, KEYS, ATTESTATIONS, BUILDERS, ATTESTATION):
        raise ValueError(f"{names.quoted(value)} is not a file that a release lists")
    path = names.relative_path(value)
    folder, _, name = path.rpartition("/")
    if folder == KEYS and name.endswith(".pub"):
        names.sha256(name.removesuffix(".pub"))
    elif folder == ATTESTATIONS and name.endswith(".json"):
        names.package_file(name.removesuffix(".json"))
    elif folder == BUILDERS and name.endswith(".json"):
        names.sha256(name.removesuffix(".json"))
    else:
        names.cell(path)  # the files of cells have the names of cells
    return path


def _package(value: object) -> Package:
    known = _PACKAGE(value)
    url = known.pop("url")
    package = Package(**known)
    if url != package.url:
        raise ValueError(f"{package.filename} has the wrong url {names.quoted(url)}")
    return package


_PACKAGE = fields(
    name=names.package_name,
    version=names.version,
    build=names.build_string,
    subdir=names.subdir,
    sha256=names.sha256,
    md5=names.md5,
    size=shape.count,
    key=names.line,
    license=names.line,
    floor=made(Floor, fields(declared=names.line, proven=names.line)),
    audit=shape.one_of("passed"),
    url=names.relative_path,
)
_CHECK = made(ReleasedCheck, fields(name=names.line, seconds=shape.seconds, passed=shape.yes_or_no))
_SMOKE = fields(
    system=names.line,
    glibc=names.line,
    checks=items(_CHECK),
    not_run=mapping(names.line, names.line),
)
_CELL = {
    "specs": items(names.line),
    "packages": items(names.package_file),
    "smoke": made(Smoke, _SMOKE),
    "files": mapping(names.cell, names.cell),
}


def _cell_of(product: str, axes: Sequence[str]) -> Callable[[object], ReleasedCell]:
    """What reads a cell of a product with these axes."""
    read = fields(**dict.fromkeys(axes, names.version), **_CELL)

    def cell(value: object) -> ReleasedCell:
        known = read(value)
        return ReleasedCell(product=product, axes={axis: known.pop(axis) for axis in axes}, **known)

    return cell


def _release(value: object) -> dict[str, Any]:
    axes: tuple[str, ...] = AXES
    product = PRODUCT
    if isinstance(value, dict) and "product" in value:
        product = names.package_name(value["product"])
        axes = items(_axis)(value.get("axes"))
        value = {key: one for key, one in value.items() if key not in ("product", "axes")}
    known = fields(**_RELEASE, cells=mapping(names.cell, _cell_of(product, axes)))(value)
    del known["format"]
    return {**known, "product": product}


def _axis(value: object) -> str:
    """The name of an axis: one that is no other field of a cell."""
    name = names.package_name(value)
    if name in _CELL:
        raise ValueError(f"{name} is another field of a cell")
    return name


_RELEASE: dict[str, Callable[[object], Any]] = {
    "format": shape.count,
    "release": _positive,
    "time": names.utc_time,
    "rootstock": names.line,
    "commit": names.line,
    "platform": names.subdir,
    "channel": names.place_url,
    "packages": mapping(names.package_file, _package),
    "files": mapping(_path, names.sha256),
}


@dataclass(frozen=True, kw_only=True)
class ReleaseEntry:
    """A release in releases.json, with its time and cells.

    `part` are its cells in a bundle; empty where it is no bundle.
    """

    release: int
    time: str
    cells: tuple[str, ...]
    part: tuple[str, ...]


def parse_table(text: str | bytes) -> tuple[ReleaseEntry, ...]:
    """Parse a releases.json, in its order; raises `ValueError` when it is invalid."""
    known = shape.document(text)
    if not isinstance(known, dict):
        raise ValueError(f"{names.quoted(known)} is not an object")
    return items(_table_entry)(known.get("releases"))


def _table_entry(value: object) -> ReleaseEntry:
    """Parse a release of the list, and ignore its other fields."""
    known = value if isinstance(value, dict) else {}
    return ReleaseEntry(
        release=shape.count(known.get("release")),
        time=names.utc_time(known.get("time")),
        cells=items(names.cell)(known.get("cells")),
        part=items(names.cell)(known.get("part", [])),
    )
