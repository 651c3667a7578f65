"""Check a release, from the channel or from any copy of it; nothing else is needed.

All that a release says is held against what is there: its files and packages against their
hashes, its locks and SBOMs against its record, its record and packages against what was signed,
and what the channel's index says of its packages against them.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from rootstock.core import names
from rootstock.core.errors import SourceError, UsageError, VerifyFailed
from rootstock.core.progress import Event, Listener
from rootstock.core.shape import OtherFormat
from rootstock.release import attest, contents, files, indexed, keys, table
from rootstock.release.contents import Package, Release
from rootstock.release.keys import Public
from rootstock.release.place import Place

TABLE = table.TABLE
LATEST = "latest"
_NUMBER = re.compile(r"[0-9]{1,9}")
_STAGE = "verify"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of checking a release.

    `differences` name each file that is not what it should be, and how. `signer` is the id of
    the key that signed it, empty when nobody has; it is `trusted` when it is among those given.
    """

    release: int
    place: str
    cells: tuple[str, ...]
    packages: int
    signer: str
    trusted: bool
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The verdict as `json.dumps` takes it."""
        return asdict(self)

    @property
    def lines(self) -> list[str]:
        """The verdict in words."""
        name = f"release {self.release} of {self.place}"
        if self.differences:
            return [f"{name}:", *(f"  {line}" for line in self.differences)]
        told = f"{name}: whole, {self.packages} packages, {', '.join(self.cells)}"
        if not self.signer:
            return [told, "  Not signed: this tells of damage, and not of who made it."]
        if self.trusted:
            return [told, f"  Signed by {self.signer}, which you trust."]
        return [
            told,
            f"  Signed by {self.signer}, which you did not name as trusted (--key FILE).",
        ]

    def raise_for_failure(self) -> None:
        """Raise `VerifyFailed` unless all is as it should be."""
        if self.differences:
            raise VerifyFailed(
                f"release {self.release}: {len(self.differences)} differences, shown above",
                "Copy the files that are named again, from where you trust them.",
            )


def number_of(word: str, place: Place) -> int:
    """The release that a word means: a number, or the latest that the channel shows.

    Raises `UsageError` when the channel does not show it.
    """
    try:
        numbers = [one.release for one in table.read(place)]
    except FileNotFoundError as error:
        raise UsageError(
            f"{place.url} has no releases", "Name the channel with --channel: a folder or a URL."
        ) from error
    except ValueError as error:
        raise UsageError(f"{place.at(TABLE)} cannot be read: {error}") from error
    if word == LATEST and numbers:
        return numbers[-1]
    number = int(word) if _NUMBER.fullmatch(word) else 0
    if number and (number in numbers or _is_there(place, number)):
        return number
    raise UsageError(
        f"{place.url} has no release {names.plain(word)}",
        f"It shows {names.listed(numbers) or 'none'}.",
    )


def _is_there(place: Place, number: int) -> bool:
    """Whether a release is there that the channel does not show any more."""
    try:
        return bool(place.read(f"{contents.folder(number)}/{contents.RECORD}"))
    except FileNotFoundError:
        return False


def _is_shown(place: Place, number: int) -> bool:
    try:
        return any(one.release == number for one in table.read(place))
    except (FileNotFoundError, ValueError):  # which is told elsewhere
        return False


def cells_of(place: Place, record: Release) -> tuple[str, ...]:
    """The cells of a release of which a place has the packages: all, but for a part of it."""
    return _part(place, record) or tuple(record.cells)


def _part(place: Place, record: Release) -> tuple[str, ...]:
    """The cells that a bundle has, which releases.json says there; none where it is no bundle."""
    try:
        part = next(o.part for o in table.read(place) if o.release == record.release)
    except (FileNotFoundError, ValueError, StopIteration):
        part = ()
    return tuple(cell for cell in record.cells if cell in part)


def load(place: Place, number: int) -> Release:
    """The record of a release, which nothing is compared with.

    Raises `UsageError` when it cannot be read.
    """
    path = f"{contents.folder(number)}/{contents.RECORD}"
    try:
        record = contents.parse(place.read(path))
        if record.release != number:
            raise ValueError(f"is of release {record.release}")
        return record
    except FileNotFoundError as error:
        raise UsageError(f"{place.at(path)} is missing") from error
    except OtherFormat as error:
        raise UsageError(f"{place.at(path)} {error}", error.remedy) from error
    except ValueError as error:
        raise UsageError(
            f"{place.at(path)} {error}", "Take the channel from where it is whole."
        ) from error


def require_sound(place: Place, record: Release, cells: Iterable[str]) -> bytes:
    """The text of a release's record, whose signature is whole, if it has one, as are the locks.

    Raises `SourceError` when something is wrong with them, or with the SBOM of one of the cells.
    """
    where = place.at(contents.folder(record.release))
    text, found, _, wrong = _record(Place(where), record.release, ())
    if found and found != record:
        wrong.append(f"{contents.RECORD} changed while it was read")
    wrong += [line for cell in cells for line in files.differences(Place(where), record, cell)]
    if wrong:
        raise SourceError(f"{where} is damaged: {names.listed(map(names.plain, wrong))}", files.SEE)
    return text


def check(place: Place, number: int, trusted: Sequence[Public], listen: Listener) -> Verdict:
    """Check a release; raises `SourceError` when the place does not answer."""
    folder = Place(place.at(contents.folder(number)))
    listen(Event(stage=_STAGE, state="start"))
    _, record, signer, differences = _record(folder, number, trusted)
    cells: tuple[str, ...] = ()
    packages: list[Package] = []
    if record:
        differences += _listed(place, record)
        cells = cells_of(place, record)
        packages = list(record.packages.values())
        if _part(place, record):
            packages = list({p.filename: p for cell in cells for p in record.of(cell)}.values())
        visible = _is_shown(place, number)
        parts = [_files(folder, record), _packages(place, packages, listen)]
        parts += [indexed.differences(place, record, packages, visible=visible)]
        parts += [files.differences(folder, record, cell) for cell in record.cells]
        parts += [_signed(folder, record, signer, trusted)] if signer else []
        differences += [line for part in parts for line in part]
    listen(Event(stage=_STAGE, state="failed" if differences else "done"))
    return Verdict(
        release=number,
        place=place.url,
        cells=cells,
        packages=len(packages),
        signer=signer,
        trusted=signer in {key.id for key in trusted},
        differences=tuple(dict.fromkeys(map(names.plain, differences))),
    )


def _record(
    folder: Place, number: int, trusted: Sequence[Public]
) -> tuple[bytes, Release | None, str, list[str]]:
    """The release's record and its text, as far as it can be read, who signed it, what is wrong."""
    name, wrong, signer = contents.RECORD, [], ""
    try:
        text = folder.read(name)
    except FileNotFoundError:
        return b"", None, "", [f"{name} is missing"]
    path, envelope = contents.ATTESTATION, b""
    try:
        envelope = folder.read(path)
        signer = attest.signer_of(envelope)
        statement = attest.opened(envelope, _keys(folder, signer, trusted))
        found = hashlib.sha256(text).hexdigest()
        if _subject(statement) != (name, found) or statement["predicateType"] != attest.RELEASE:
            wrong.append(f"{name} is not what its attestation was signed for")
    except FileNotFoundError:
        statement = None
    except (ValueError, KeyError) as error:
        wrong.append(f"{path} {error}")
        statement = None
    if trusted and signer not in {key.id for key in trusted}:
        by = f"signed by {signer}" if signer else "not signed"
        wrong.append(f"{name} is {by}, and you trust {names.listed(key.id for key in trusted)}")
    try:
        record = contents.parse(text)
    except ValueError as error:
        return text, None, signer, [*wrong, f"{name} {error}"]
    if record.signed and not envelope:
        wrong.append(f"{path} is missing, and {name} lists what was signed with it")
    if record.release != number:
        wrong.append(f"{name} is of release {record.release}")
    expected = attest.of_release(name, "", record.channel, number)["predicate"]
    if statement and statement.get("predicate") != expected:
        wrong.append(f"{path} is for another release: {statement.get('predicate')}")
    return text, record, signer, wrong


def _listed(place: Place, record: Release) -> Iterator[str]:
    """What the channel's list of releases says otherwise; it need not have one that went."""
    try:
        own = [one for one in table.read(place) if one.release == record.release]
    except FileNotFoundError:
        yield f"{TABLE} is missing"
    except ValueError as error:
        yield f"{TABLE} cannot be read: {error}"
    else:
        said = [(one.time, one.cells) for one in own]
        if said and said != [(record.time, tuple(sorted(record.cells)))]:
            yield f"{TABLE} and {contents.RECORD} tell of other times or cells"


def _keys(folder: Place, signer: str, trusted: Sequence[Public]) -> list[Public]:
    """The keys that a signature may be of: those trusted, and the one that came along."""
    path = f"{contents.KEYS}/{signer}.pub"
    try:
        own = keys.parse(folder.read(path))
    except FileNotFoundError:
        return list(trusted)
    return [*trusted, own]


def _files(folder: Place, record: Release) -> Iterator[str]:
    for name, sha256 in record.files.items():
        yield from _compare(folder, name, sha256)
    expected = {contents.RECORD, *record.files}
    there = folder.files("")
    if there is not None:
        strange = there - expected - {contents.ATTESTATION}
        yield from (f"{names.plain(name)} is not of the release" for name in sorted(strange))


def _packages(place: Place, packages: Sequence[Package], listen: Listener) -> list[str]:
    listen(Event(stage=_STAGE, state="note", detail=f"{len(packages)} packages"))

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
    """What is wrong with the packages' attestations."""
    try:
        known = _keys(folder, signer, trusted)
    except ValueError as error:
        yield f"{contents.KEYS}/{signer}.pub {error}"
        return
    for package in record.packages.values():
        name = f"{contents.ATTESTATIONS}/{package.filename}.json"
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


def _subject(statement: attest.Statement) -> tuple[str, str]:
    try:
        [subject] = statement["subject"]
        return subject["name"], subject["digest"]["sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError("has not just one subject with a sha256") from error
