"""Reads the content of a channel's page from the channel's records.

It reads everything below one generation's folder, so that it belongs together, whatever is promoted
meanwhile. A channel without releases, or one that rootstock did not make, has its packages and no
other information.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rootstock import product
from rootstock.channel import index, release_model
from rootstock.channel.generation import Generation, History
from rootstock.channel.layout import release_dir
from rootstock.channel.page.contents import (
    CellRow,
    Contents,
    FileRow,
    GenerationRow,
    PackageRow,
    highest,
    order,
)
from rootstock.channel.reader import Channel
from rootstock.core import names, regular, shape
from rootstock.core.errors import RefusedError, UsageError

_PYTHON = re.compile(r"(?:python_abi|python) (?:==?|~=)?(3\.\d+)(?:\.\*|[ ]|$)")
_FLOOR = re.compile(r"__glibc >=\s*(\d+(?:\.\d+)+)")


def read(channel: Channel, past: History | None = None) -> Contents:
    """Read a channel's content at its current generation or at the last one of a history.

    Raises `UsageError` when the folder is no channel, `RefusedError` when one of its records cannot
    be read.
    """
    past = past or channel.history()
    now = past.current.number
    found = tables(channel, channel.layout.generation(now) if now else None)
    try:
        return _read(channel, past, found)
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"{channel} is damaged: {error}",
            "Restore the files from a copy of the channel, or build into another folder.",
        ) from error


def tables(channel: Channel, here: Path | None = None) -> list[Path]:
    """Return the index of each subdir of a channel, or of the folder of one of its generations.

    Raises `UsageError` when there is none.
    """
    root = channel.layout.root
    found = sorted((here or root).glob(f"*/{index.TABLE}"))
    if not found:
        raise UsageError(
            f"{channel} is not a channel" if root.is_dir() else f"There is no channel {channel}",
            "Build one (scripts/build.py), or name one with --channel.",
        )
    return found


def _read(channel: Channel, past: History, tables: Sequence[Path]) -> Contents:
    releases = _releases(channel, past)
    recorded: dict[str, tuple[GenerationRow, release_model.Package]] = {}
    for release in releases:
        if release.visible:
            recorded.update({name: (release, entry) for name, entry in release.packages.items()})
    since = {name: entry.generation for name, entry in past.published.items()}
    builds = [
        _build(table.parent.name, name, entry, since.get(name, 0), *recorded.get(name, (None, {})))
        for table in tables
        for name, entry in _entries(table).items()
    ]
    builds.sort(key=lambda one: (order(one.version), one.release, order(one.python)), reverse=True)
    by_name: dict[str, list[FileRow]] = defaultdict(list)
    for build in builds:
        by_name[build.name].append(build)
    titles, headline = _words(releases)
    return Contents(
        name=channel.layout.root.resolve().name,
        number=past.current.number,
        origin=past.origin(past.current.number).number,
        time=past.current.time,
        subdirs=tuple(sorted(table.parent.name for table in tables)),
        packages=tuple(
            PackageRow(name=name, builds=tuple(by_name[name])) for name in sorted(by_name)
        ),
        releases=releases,
        titles=titles,
        headline=headline,
    )


def _words(releases: Iterable[GenerationRow]) -> tuple[tuple[str, str], tuple[str, ...]]:
    """What the newest release's product and its other axes are called, and what users install."""
    named = [one for one in releases if one.product]
    name, axes = (named[-1].product, named[-1].axes) if named else (product.DEFAULT, ())
    try:
        known = product.named(name)
    except LookupError:  # of a rootstock that has more products
        return (axes[0], " ".join(axes[1:])), ()
    first, *others = (axis.title for axis in known.axes)
    return (first, " ".join(others)), known.headline


class _Entry(NamedTuple):
    """The fields of an index record that the page needs."""

    name: str
    version: str
    build: str
    depends: tuple[str, ...]
    size: int
    sha256: str
    license: str


def _entries(table: Path) -> Mapping[str, _Entry]:
    try:
        read = shape.document(regular.read(table))
        if not isinstance(read, dict):
            raise ValueError("it is not an object")
        old, new = (_TABLE(read.get(key, {})) for key in ("packages", "packages.conda"))
        return {**old, **new}
    except ValueError as error:
        raise ValueError(f"{table} cannot be read: {error}") from error


def _entry(value: object) -> _Entry:
    if not isinstance(value, dict):
        raise ValueError(f"{names.quoted(value)} is not a package record")
    name, version, build = (names.line(value.get(key)) for key in ("name", "version", "build"))
    return _Entry(
        name,
        version,
        build,
        _LINES(value.get("depends") or []),
        shape.count(value.get("size") or 0),
        names.line(value.get("sha256") or ""),
        names.line(value.get("license") or ""),
    )


_LINES = shape.items(names.line)
_TABLE = shape.mapping(names.file_name, _entry)


def _build(
    subdir: str,
    filename: str,
    entry: _Entry,
    since: int,
    release: GenerationRow | None,
    recorded: release_model.Package | None,
) -> FileRow:
    floors = [found[1] for depend in entry.depends if (found := _FLOOR.match(depend))]
    signed = f"{release_model.ATTESTATIONS}/{filename}.json"
    return FileRow(
        filename=filename,
        path=f"{subdir}/{filename}",
        name=entry.name,
        version=entry.version,
        build=entry.build,
        python=_python(entry.name, entry.version, entry.depends),
        floor=highest(floors),
        proven=recorded.floor.proven if recorded else "",
        size=entry.size,
        sha256=entry.sha256,
        license=entry.license,
        release=since,
        audited=bool(recorded and recorded.audit == "passed"),
        attestation=f"{release.folder}/{signed}" if release and signed in release.files else "",
    )


def _python(name: str, version: str, depends: Iterable[str]) -> str:
    """Return the Python of a package, such as 3.11; empty when it is for any, or for none."""
    if name in ("python", "python_abi"):
        return ".".join(version.split(".")[:2])
    pinned = [found[1] for depend in depends if (found := _PYTHON.match(depend))]
    return pinned[0] if pinned else ""


def _releases(channel: Channel, past: History) -> tuple[GenerationRow, ...]:
    """Return all generations, the oldest first."""
    now = past.current.number
    shown = {one.number for one in past.releases(now, past.visible())}
    lineage = {one.number for one in past.lineage(now)}
    return tuple(
        _release(channel, one, one.number in (shown if one.cells else lineage))
        for one in past.generations
        if one.number
    )


def _release(channel: Channel, one: Generation, visible: bool) -> GenerationRow:
    recorded = channel.own_release(one.number)
    return GenerationRow(
        number=one.number,
        time=one.time,
        kind=one.kind,
        base=one.base,
        added=one.added,
        hidden=one.hidden,
        visible=visible,
        folder=release_dir(one.number) if recorded else "",
        commit=recorded.commit if recorded else "",
        files=frozenset(recorded.files if recorded else ()),
        url=recorded.channel if recorded else "",
        packages=recorded.packages if recorded else {},
        product=recorded.product if recorded else "",
        axes=tuple(next(iter(recorded.cells.values())).axes) if recorded and recorded.cells else (),
        cells=tuple(_cell(id_, one.number, recorded) for id_ in recorded.cells) if recorded else (),
    )


def _cell(id_: str, number: int, release: release_model.Release) -> CellRow:
    cell, packages = release.cells[id_], release.of(id_)
    return CellRow(
        id=id_,
        root=cell.version,
        python=" ".join([*cell.axes.values()][1:]),
        release=number,
        system=cell.smoke.system,
        glibc=cell.smoke.glibc,
        checks=cell.smoke.checks,
        packages=len(packages),
        audited=sum(package.audit == "passed" for package in packages),
        files={kind: f"{release_dir(number)}/{file}" for kind, file in cell.files.items()},
    )
