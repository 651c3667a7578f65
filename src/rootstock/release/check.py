"""Checks a release, from the channel or from any copy of it, without other information.

It compares everything that a release contains. Files and packages must match their hashes, locks
and SBOMs the record, the record and packages the signed statements. The channel's index records
must match the packages.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from rootstock.channel import release_model
from rootstock.channel.layout import RELEASES_TABLE, release_dir
from rootstock.channel.place import Place
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Package, Release
from rootstock.core import names
from rootstock.core.errors import SourceError, VerifyFailed
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener
from rootstock.release import attest, compare, indexed, keys
from rootstock.release.builders import Builders, published
from rootstock.release.keys import Public

_STAGE = "verify"


@dataclass(frozen=True, kw_only=True)
class ReleaseVerdict:
    """The result of checking a release.

    `differences` name each wrong file, and how it is wrong. `signer` is the id of the key that
    signed it, empty when it is unsigned; it is `trusted` when it is among the given keys.
    """

    release: int
    place: str
    cells: tuple[str, ...]
    packages: int
    signer: str
    trusted: bool
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The verdict as a JSON object."""
        return asdict(self)

    @property
    def lines(self) -> list[str]:
        """The verdict in words."""
        name = f"release {self.release} of {self.place}"
        if self.differences:
            return [f"{name}:", *(f"  {line}" for line in self.differences)]
        count = counted(self.packages, "package")
        summary = f"{name}: intact, {count}, {', '.join(self.cells)}"
        if not self.signer:
            return [
                summary,
                "  Not signed: this finds damage, but does not show who made it.",
            ]
        if self.trusted:
            return [summary, f"  Signed by {self.signer}, which you trust."]
        return [
            summary,
            f"  Signed by {self.signer}, which you did not name as trusted (--key FILE).",
        ]

    def raise_for_failure(self) -> None:
        """Raise `VerifyFailed` if anything differs."""
        if self.differences:
            count = counted(len(self.differences), "difference")
            raise VerifyFailed(
                f"release {self.release}: {count}, shown above",
                "Copy the named files again, from a source that you trust.",
            )


def _is_shown(channel: Channel, number: int) -> bool:
    try:
        return any(one.release == number for one in channel.releases())
    except (FileNotFoundError, ValueError):  # this is reported elsewhere
        return False


def cells_of(channel: Channel, record: Release) -> tuple[str, ...]:
    """Return the cells of a release whose packages exist: all, but in a partial bundle."""
    return _part(channel, record) or tuple(record.cells)


def _part(channel: Channel, record: Release) -> tuple[str, ...]:
    """Return the cells of a bundle, from releases.json; none where it is no bundle."""
    try:
        part = next(o.part for o in channel.releases() if o.release == record.release)
    except (FileNotFoundError, ValueError, StopIteration):
        part = ()
    return tuple(cell for cell in record.cells if cell in part)


def require_sound(channel: Channel, record: Release, cells: Iterable[str]) -> bytes:
    """Return the text of a release's record, after checking its signature and its locks.

    Raises `SourceError` when something is wrong with them, or with the SBOM of one of the cells.
    """
    where = channel.place.at(release_dir(record.release))
    opened = _open(Place(where), record.release, ())
    wrong = [*opened.faults]
    if opened.record and opened.record != record:
        wrong.append(f"{release_model.RECORD} changed while it was read")
    wrong += [line for cell in cells for line in compare.differences(Place(where), record, cell)]
    if wrong:
        raise SourceError(
            f"{where} is damaged: {names.listed(map(names.plain, wrong))}", compare.SEE
        )
    return opened.text


def check(
    channel: Channel,
    number: int,
    trusted: Sequence[Public],
    listen: Listener,
    builders: Builders | None = None,
) -> ReleaseVerdict:
    """Check a release, and that `builders` stand behind its packages.

    Raises `SourceError` when the place does not answer.
    """
    place = channel.place
    folder = Place(place.at(release_dir(number)))
    listen(Event(stage=_STAGE, state="start"))
    opened = _open(folder, number, trusted)
    record, signer, differences = opened.record, opened.signer, [*opened.faults]
    cells: tuple[str, ...] = ()
    packages: list[Package] = []
    if record:
        differences += _listed(channel, record)
        cells = cells_of(channel, record)
        packages = list(record.packages.values())
        if _part(channel, record):
            packages = list({p.filename: p for cell in cells for p in record.of(cell)}.values())
        visible = _is_shown(channel, number)
        parts = [_files(folder, record), _packages(place, packages, listen)]
        parts += [indexed.differences(channel, record, packages, visible=visible)]
        parts += [compare.differences(folder, record, cell) for cell in record.cells]
        parts += [_signed(folder, record, signer, trusted)] if signer else []
        parts += [_lacking(channel, record, packages, builders)] if builders else []
        differences += [line for part in parts for line in part]
    listen(Event(stage=_STAGE, state="failed" if differences else "done"))
    return ReleaseVerdict(
        release=number,
        place=place.url,
        cells=cells,
        packages=len(packages),
        signer=signer,
        trusted=signer in {key.id for key in trusted},
        differences=tuple(dict.fromkeys(map(names.plain, differences))),
    )


@dataclass(frozen=True, kw_only=True)
class _Signature:
    """The attestation of a record: its signer, its statement if it is valid, and its faults."""

    exists: bool
    signer: str = ""
    statement: Mapping[str, Any] | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A release's text, its record if it is readable, its signer, and the faults of both."""

    text: bytes = b""
    record: Release | None = None
    signer: str = ""
    faults: tuple[str, ...] = ()


def _open(folder: Place, number: int, trusted: Sequence[Public]) -> _Opened:
    name = release_model.RECORD
    try:
        text = folder.read(name)
    except FileNotFoundError:
        return _Opened(faults=(f"{name} is missing",))
    signature = _signature(folder, text, trusted)
    signer, faults = signature.signer, [*signature.faults]
    if trusted and signer not in {key.id for key in trusted}:
        by = f"signed by {signer}" if signer else "not signed"
        faults.append(f"{name} is {by}, but you trust {names.listed(key.id for key in trusted)}")
    record = None
    try:
        record = release_model.parse(text)
    except ValueError as error:
        faults.append(f"{name} {error}")
    else:
        faults += _contradictions(record, number, signature)
    return _Opened(text=text, record=record, signer=signer, faults=tuple(faults))


def _signature(folder: Place, text: bytes, trusted: Sequence[Public]) -> _Signature:
    """Read the attestation of a record, and check that it is one of this text."""
    name, path, signer = release_model.RECORD, release_model.ATTESTATION, ""
    try:
        envelope = folder.read(path)
    except FileNotFoundError:
        return _Signature(exists=False)
    try:
        signer = attest.signer_of(envelope)
        statement = attest.opened(envelope, _keys(folder, signer, trusted))
        found = name, hashlib.sha256(text).hexdigest()
        matches = _subject(statement) == found and statement["predicateType"] == attest.RELEASE
    except (ValueError, KeyError) as error:
        return _Signature(exists=True, signer=signer, faults=(f"{path} {error}",))
    faults = () if matches else (f"{name} does not match its attestation",)
    return _Signature(exists=True, signer=signer, statement=statement, faults=faults)


def _contradictions(record: Release, number: int, signature: _Signature) -> Iterator[str]:
    """Yield what a record and its attestation say of another release, or of signed files."""
    name, path, statement = release_model.RECORD, release_model.ATTESTATION, signature.statement
    if record.signed and not signature.exists:
        yield f"{path} is missing, but {name} lists signed files"
    if record.release != number:
        yield f"{name} belongs to release {record.release}"
    expected = attest.of_release(name, "", record.channel, number)["predicate"]
    if statement and statement.get("predicate") != expected:
        yield f"{path} is for another release: {statement.get('predicate')}"


def _listed(channel: Channel, record: Release) -> Iterator[str]:
    """Yield the differences from the channel's list of releases, if the release is in it."""
    try:
        own = [one for one in channel.releases() if one.release == record.release]
    except FileNotFoundError:
        yield f"{RELEASES_TABLE} is missing"
    except ValueError as error:
        yield f"{RELEASES_TABLE} cannot be read: {error}"
    else:
        listed = [(one.time, one.cells) for one in own]
        if listed and listed != [(record.time, tuple(sorted(record.cells)))]:
            yield f"{RELEASES_TABLE} and {release_model.RECORD} differ in time or cells"


def _keys(folder: Place, signer: str, trusted: Sequence[Public]) -> list[Public]:
    """Return the keys that may have signed: the trusted ones, and the release's own."""
    path = f"{release_model.KEYS}/{signer}.pub"
    try:
        own = keys.parse(folder.read(path))
    except FileNotFoundError:
        return list(trusted)
    return [*trusted, own]


def _files(folder: Place, record: Release) -> Iterator[str]:
    for name, sha256 in record.files.items():
        yield from _compare(folder, name, sha256)
    expected = {release_model.RECORD, *record.files}
    there = folder.files("")
    if there is not None:
        strange = there - expected - {release_model.ATTESTATION}
        yield from (
            f"{names.plain(name)} does not belong to the release" for name in sorted(strange)
        )


def _packages(place: Place, packages: Sequence[Package], listen: Listener) -> list[str]:
    listen(Event(stage=_STAGE, state="note", detail=counted(len(packages), "package")))

    def one(package: Package) -> list[str]:
        return list(_compare(place, package.url, package.sha256, package.size))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [line for lines in pool.map(one, packages) for line in lines]


def _compare(place: Place, name: str, sha256: str, size: int | None = None) -> Iterator[str]:
    try:
        found, has = place.sha256(name, size or 0)
    except FileNotFoundError:
        yield f"{name} is missing"
        return
    if size is not None and has > size:
        yield f"{name} has more than {size} bytes"
    elif size is not None and has < size:
        yield f"{name} has {has} bytes, not {size}"
    elif found != sha256:
        yield f"{name} has the sha256 {found}, not {sha256}"


def _signed(
    folder: Place, record: Release, signer: str, trusted: Sequence[Public]
) -> Iterator[str]:
    """Yield the faults of the packages' attestations."""
    try:
        known = _keys(folder, signer, trusted)
    except ValueError as error:
        yield f"{release_model.KEYS}/{signer}.pub {error}"
        return
    for package in record.packages.values():
        name = f"{release_model.ATTESTATIONS}/{package.filename}.json"
        expected = attest.of_package(package.filename, package.sha256, record.channel)
        try:
            statement = attest.opened(folder.read(name), known)
        except FileNotFoundError:
            yield f"{name} is missing"
        except ValueError as error:
            yield f"{name} {error}"
        else:
            for field in expected:
                if statement.get(field) != expected[field]:
                    yield f"{name} has another {field}: {statement.get(field)}"


def _lacking(
    channel: Channel, record: Release, packages: Sequence[Package], builders: Builders
) -> list[str]:
    """Return the lines about packages that have too few builders."""
    sha256s = {package.filename: package.sha256 for package in packages}
    statements = published(channel, [record.release], sha256s)
    return builders.lacking(sha256s, statements).splitlines()


def _subject(statement: attest.Statement) -> tuple[str, str]:
    try:
        [subject] = statement["subject"]
        return subject["name"], subject["digest"]["sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError("must have exactly one subject with a sha256") from error
