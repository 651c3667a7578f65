"""Read what a channel has from its records.

Everything is read below one generation's folder, so that it belongs together, whatever is
promoted meanwhile. A channel without releases, and one that rootstock did not make, has its
packages and says of the rest what it knows: nothing.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rootstock.channel import generation, index
from rootstock.channel.generation import Generation, History
from rootstock.errors import RefusedError, UsageError
from rootstock.serve.contents import (
    ATTESTATIONS,
    RECORD,
    Build,
    Cell,
    Check,
    Contents,
    Package,
    Release,
    highest,
    order,
)

_PYTHON = re.compile(r"(?:python_abi|python) (?:==?|~=)?(3\.\d+)(?:\.\*|[ ]|$)")
_FLOOR = re.compile(r"__glibc >=\s*(\d+(?:\.\d+)+)")


def read(channel: Path, past: History | None = None) -> Contents:
    """All about a channel, at its current generation or at the last one of a history.

    Raises `UsageError` when the folder is no channel, `RefusedError` when a record of it cannot
    be read.
    """
    past = past or generation.history(channel)
    now = past.current.number
    here = generation.folder_of(channel, now) if now else channel
    found = tables(channel, here)
    try:
        return _read(channel, past, found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(
            f"{channel} is damaged: its records cannot be read ({error!r})",
            "Restore the files from a copy of the channel, or build into another folder.",
        ) from error


def tables(channel: Path, here: Path | None = None) -> list[Path]:
    """The index of each subdir of a channel, or of the folder of one of its generations.

    Raises `UsageError` when there is none.
    """
    found = sorted((here or channel).glob(f"*/{index.TABLE}"))
    if not found:
        raise UsageError(
            f"{channel} is not a channel" if channel.is_dir() else f"There is no channel {channel}",
            "Build one (scripts/build.py), or name one with --channel.",
        )
    return found


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
    signed = f"{ATTESTATIONS}/{filename}.json"
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
    record = folder / RECORD
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
