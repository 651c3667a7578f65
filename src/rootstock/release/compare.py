"""Compares the files of a release with its record: their hashes and their content."""

import hashlib
from collections.abc import Callable, Iterator

from rootstock.channel.layout import release_dir
from rootstock.channel.place import Place
from rootstock.channel.release_model import Release
from rootstock.core import names
from rootstock.core.errors import SourceError
from rootstock.release import locks, sbom

_ANYWHERE = "file:///releases/0001/lock"  # a lock's address when only its file names matter
SEE = "See `rootstock verify`."


def read(place: Place, record: Release, name: str) -> bytes:
    """Read a file of a release, and compare it with the sha256 in its record.

    Raises `SourceError` when it is missing or damaged.
    """
    path = f"{release_dir(record.release)}/{name}"
    try:
        content = place.read(path)
    except FileNotFoundError as error:
        raise SourceError(f"{place.at(path)} is missing", SEE) from error
    found = hashlib.sha256(content).hexdigest()
    if found != record.files[name]:
        raise SourceError(
            f"{place.at(path)} is damaged: its sha256 is {found}, not {record.files[name]}", SEE
        )
    return content


def lock_of(place: Place, record: Release, cell: str, kind: str) -> str:
    """Return a cell's lock, after checking that it has the release's packages; raises as `read`."""
    name = record.cells[cell].files[kind]
    text = read(place, record, name)
    if wrong := list(_content(text, record, cell, kind)):
        where = place.at(f"{release_dir(record.release)}/{name}")
        raise SourceError(f"{where} {names.listed(map(names.plain, wrong))}", SEE)
    return text.decode()


def differences(folder: Place, record: Release, cell: str) -> Iterator[str]:
    """Yield the faults in the content of a cell's files, whatever their hashes."""
    files = record.cells[cell].files
    for kind in (kind for kind in _READERS if kind in files):  # older releases have fewer
        name = files[kind]
        try:
            text = folder.read(name)
        except FileNotFoundError:
            yield f"{name} is missing"
        else:
            yield from (f"{name} {line}" for line in _content(text, record, cell, kind))
    packages = record.of(cell)
    expected = locks.explicit(packages, record.platform, record.channel)
    name = files[locks.EXPLICIT]
    if record.files[name] != hashlib.sha256(expected.encode()).hexdigest():
        yield f"{name} is not the lock of {cell}'s packages in the right order"


def _content(text: bytes, record: Release, cell: str, kind: str) -> Iterator[str]:
    expected = {package.filename: package.sha256 for package in record.of(cell)}
    try:
        found = _READERS[kind](text, record.platform)
    except (ValueError, RecursionError) as error:
        yield str(error)
        return
    for file in sorted(expected.keys() | found.keys()):
        if file not in found:
            yield f"lacks {file}"
        elif found[file] != expected.get(file):
            yield f"has another {file}, or one that {cell} lacks"


def _locked(text: bytes, platform: str) -> dict[str, str]:
    entries = locks.parse(text.decode(), platform, _ANYWHERE)
    return {names.file_of(entry.url): entry.sha256 for entry in entries}


_READERS: dict[str, Callable[[bytes, str], dict[str, str]]] = {
    locks.EXPLICIT: _locked,
    locks.PIXI: _locked,
    locks.CONDA_LOCK: _locked,
    "sbom": lambda text, _: sbom.read(text),
}
