"""Compares an index with its generation, and repairs it.

A generation records the packages that it shows, each with its sha256 and its size. The index
records them again, in several forms. Where they differ, somebody or a disk has changed the index,
and its records are read from the packages again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel import index, repodata
from rootstock.channel.generation import History, Published
from rootstock.channel.layout import NOARCH, Layout
from rootstock.core import regular
from rootstock.core.errors import RefusedError
from rootstock.core.names import listed

_CHUNK = 1 << 20
VisiblePackages = Mapping[str, Mapping[str, Published]]


def visible_packages(past: History, number: int) -> VisiblePackages:
    """Return the packages that a generation shows, by subdir and file name."""
    found: dict[str, dict[str, Published]] = defaultdict(dict, {NOARCH: {}})
    for name in past.visible(number):
        found[past.published[name].subdir][name] = past.published[name]
    return dict(found)


def wrong(records: Mapping[str, index.Record], expected: Mapping[str, Published]) -> list[str]:
    """Return the file names, sorted, for which an index and its generation differ."""
    return sorted(
        name
        for name in records.keys() | expected.keys()
        if name not in records
        or name not in expected
        or not is_of(records[name], name, expected[name])
    )


def is_of(record: index.Record, filename: str, known: Published) -> bool:
    """Whether a record of an index describes the package of a generation."""
    own = f"{record['name']}-{record.get('version')}-{record.get('build')}.conda"
    return (
        own == filename
        and record.get("sha256") == known.sha256
        and record.get("size") == known.size
    )


def agrees(folder: Path) -> bool:
    """Whether the forms of an index, in its folder, are readable and say the same.

    This only reads the table of shards; the names of shards show whether they are right. The
    run_exports may be missing: there were none at first.
    """
    return _same(folder, index.TABLE, index.PACKED) and _others_agree(folder)


def _others_agree(folder: Path) -> bool:
    try:
        repodata.shards(regular.read(folder / index.SHARDS_TABLE))
    except (OSError, ValueError):
        return False
    exports = (index.RUN_EXPORTS, index.RUN_EXPORTS_PACKED)
    return not any((folder / name).exists() for name in exports) or _same(folder, *exports)


def _same(folder: Path, plain: str, packed: str) -> bool:
    try:
        unpacked = repodata.unpacked(regular.read(folder / packed))
        return unpacked == regular.read(folder / plain)
    except (OSError, ValueError):
        return False


def whole(layout: Layout, past: History) -> bool:
    """Whether the forms of every current index agree, without looking at records."""
    now = past.current.number
    return all(agrees(layout.generation(now) / subdir) for subdir in visible_packages(past, now))


def differences(layout: Layout, past: History) -> Iterator[str]:
    """Yield the differences between the current index and its generation, by name."""
    folder = layout.generation(past.current.number)
    for subdir, expected in visible_packages(past, past.current.number).items():
        table = f"{subdir}/{index.TABLE}"
        try:
            records = repodata.records(regular.read(folder / table))
        except FileNotFoundError:
            yield f"{table} is missing"
        except (OSError, ValueError) as error:
            yield f"{table} cannot be read: {error}"
        else:
            if bad := wrong(records, expected):
                yield f"{table} differs from generation {past.current.number}: {listed(bad)}"
            if not agrees(folder / subdir):
                yield f"{table} differs from the other forms of the index beside it"


@dataclass(frozen=True)
class Held:
    """The records of an index, after repair; `damaged` is whether they needed it.

    `complete` is whether the records have their run_exports.
    """

    records: dict[str, index.Record]
    damaged: bool
    complete: bool


def held(root: Path, folder: Path, expected: Mapping[str, Published]) -> Held:
    """Return the records of the index in `folder`; read damaged ones from the packages again.

    `expected` are the packages that it must describe. Raises `RefusedError` when one of these
    packages is missing or changed.
    """
    try:
        records = repodata.records(regular.read(folder / index.TABLE))
    except (OSError, ValueError):
        records = {}
    same = _same(folder, index.TABLE, index.PACKED)
    # Where the two differ, nothing shows which one is right.
    lost = set(wrong(records, expected) if same else expected)
    damaged = not same or bool(lost) or not _others_agree(folder)
    if not damaged and (folder / index.RUN_EXPORTS).is_file():
        return Held(records, damaged=False, complete=False)
    packages = root / folder.name
    found, bad = {}, []
    for name, known in expected.items():
        path = packages / name
        try:
            found[name] = (
                read(path, known.sha256, known.size)
                if name in lost
                else index.with_run_exports(records[name], path)
            )
        except (OSError, ValueError):
            bad.append(name)
    if bad:
        raise RefusedError(
            f"{root} is damaged: {folder / index.TABLE} has changed, and so have "
            f"these packages, from which rootstock would make it again: {listed(sorted(bad))}",
            "Nothing was changed. Restore these files from a copy of the channel, or build into "
            "another folder.",
        )
    return Held(found, damaged=damaged, complete=True)


def read(path: Path, sha256: str, size: int) -> index.Record:
    """Return the record of a package, after reading every byte of it.

    Raises `ValueError` when its sha256 differs or it is not a package, and `OSError`.
    """
    found, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            md5.update(chunk)
    if found.hexdigest() != sha256:
        raise ValueError(f"{path.name} has the sha256 {found.hexdigest()}")
    # Old clients check only the md5.
    return {**index.record(path, sha256=sha256, size=size), "md5": md5.hexdigest()}
