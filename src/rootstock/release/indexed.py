"""Compares a channel's index with a release's packages.

A client trusts the index for a package's dependencies and bytes. So this checks the record of each
package of a release. Where the channel is a folder, it compares it with the package's own metadata;
where it is a URL, with the release's locks. `repodata.json.zst` and the shards must match
`repodata.json`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from rootstock.channel import consistency, index, repodata
from rootstock.channel.layout import release_dir
from rootstock.channel.place import Place
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Package, Release
from rootstock.core import names
from rootstock.core.errors import RefusedError
from rootstock.release import locks

_EXPORTS = "run_exports"  # the shards have it, but repodata.json does not
# Fields that a solver uses: an index must have the same as the package (CEP 34).
_SOLVED_BY = (
    "depends",
    "constrains",
    "build_number",
    "noarch",
    "features",
    "track_features",
    "python_site_packages_path",
)
_NOT_OF_INDEX = ("conda", "channel")  # fields of a lock's entry that an index lacks


def differences(
    channel: Channel, record: Release, packages: Iterable[Package], *, visible: bool
) -> Iterator[str]:
    """Yield the differences between the index and packages of a release, by file.

    A release that is `visible` must have all of its packages in the index. Raises `SourceError`
    when the place does not answer.
    """
    place = channel.place
    by_subdir: dict[str, list[Package]] = {"noarch": [], record.platform: []}
    for package in packages:
        by_subdir[package.subdir].append(package)
    own = {} if place.folder else _locked(place, record)
    for subdir, members in by_subdir.items():
        name = f"{subdir}/{index.TABLE}"
        try:
            text = place.read(name)
            records = repodata.records(text)
        except FileNotFoundError:
            yield f"{name} is missing"
            continue
        except ValueError as error:
            yield f"{name} cannot be read: {error}"
            continue
        for package in members:
            there = records.get(package.filename)
            if there:
                known = _metadata(place, package) if place.folder else own.get(package.filename, {})
                yield from _compare(name, package, there, known)
            elif visible:
                yield f"{name} lacks {package.filename}"
        yield from _packed(place, subdir, index.PACKED, index.TABLE, text)
        yield from _exports(place, subdir, members)
        yield from _shards(place, subdir, members, records)
    yield from _generation(channel)


def _compare(
    name: str, package: Package, there: index.Record, known: Mapping[str, Any]
) -> Iterator[str]:
    recorded = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "sha256": package.sha256,
        "md5": package.md5,
        "size": package.size,
    }
    # An index may add further fields to a package's metadata.
    expected = {**dict.fromkeys(_SOLVED_BY if known else ()), **known, **recorded}
    wrong = [
        field for field, value in expected.items() if (there.get(field) or None) != (value or None)
    ]
    if wrong:
        yield f"{name} differs for {package.filename}: {names.listed(sorted(wrong))}"


def _metadata(place: Place, package: Package) -> Mapping[str, Any]:
    """Read the metadata of a package in a folder; empty when it is damaged (reported elsewhere)."""
    assert place.folder
    try:
        path = place.folder / package.url
        known = index.record(path, sha256=package.sha256, size=package.size)
    except (OSError, ValueError):
        return {}
    return {field: value for field, value in known.items() if field != _EXPORTS}


def _locked(place: Place, record: Release) -> Mapping[str, Mapping[str, Any]]:
    """Return the entries of the release's own locks, by file name.

    It skips unreadable locks, which are reported elsewhere.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for cell in record.cells.values():
        path = f"{release_dir(record.release)}/{cell.files.get(locks.PIXI, '')}"
        try:
            for entry in yaml.safe_load(place.read(path))["packages"]:
                fields = {n: value for n, value in entry.items() if n not in _NOT_OF_INDEX}
                found[names.file_of(entry["conda"])] = fields
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        except yaml.YAMLError:
            continue
    return found


def _exports(place: Place, subdir: str, packages: Iterable[Package]) -> Iterator[str]:
    """Yield the differences between run_exports.json, if any, and the packages in a folder."""
    name = f"{subdir}/{index.RUN_EXPORTS}"
    try:
        text = place.read(name)
        known = index.run_exports(text)
    except FileNotFoundError:  # then a client reads the packages
        return
    except ValueError as error:
        yield f"{name} cannot be read: {error}"
        return
    for package in packages:
        if place.folder and package.filename in known:
            path = place.folder / package.url
            own = index.with_run_exports({}, path).get(_EXPORTS)
            if own is not None and own != known[package.filename]:
                yield f"{name} differs for {package.filename}"
    yield from _packed(place, subdir, index.RUN_EXPORTS_PACKED, index.RUN_EXPORTS, text)


def _packed(place: Place, subdir: str, packed: str, plain: str, text: bytes) -> Iterator[str]:
    name = f"{subdir}/{packed}"
    try:
        if repodata.unpacked(place.read(name)) != text:
            yield f"{name} differs from {plain}"
    except FileNotFoundError:  # then a client uses the other form
        return
    except ValueError as error:
        yield f"{name} cannot be read: {error}"


def _shards(
    place: Place, subdir: str, packages: Iterable[Package], records: Mapping[str, index.Record]
) -> Iterator[str]:
    """Yield the differences between shards and repodata.json for the packages of a release."""
    name = f"{subdir}/{index.SHARDS_TABLE}"
    try:
        table = repodata.shards(place.read(name))
    except FileNotFoundError:
        return
    except ValueError as error:
        yield f"{name} cannot be read: {error}"
        return
    for package in packages:
        there = records.get(package.filename)
        if there is None:
            continue
        if package.name not in table:
            yield f"{name} lacks {package.name}"
            continue
        path = f"{subdir}/{index.SHARDS}/{table[package.name].hex()}.msgpack.zst"
        try:
            data = place.read(path)
            found = repodata.shard(data).get(package.filename, {})
        except FileNotFoundError:
            yield f"{path} is missing"
        except ValueError as error:
            yield f"{path} cannot be read: {error}"
        else:
            if hashlib.sha256(data).digest() != table[package.name]:
                yield f"{path} does not match its name"
            elif {field: value for field, value in found.items() if field != _EXPORTS} != there:
                yield f"{path} differs from {index.TABLE} for {package.filename}"


def _generation(channel: Channel) -> Iterator[str]:
    """Yield the differences between the index and the channel's generations, in a folder."""
    if not (channel.place.folder and channel.layout.current.is_symlink()):
        return
    try:
        yield from consistency.differences(channel.layout, channel.history())
    except RefusedError as error:
        yield error.message
