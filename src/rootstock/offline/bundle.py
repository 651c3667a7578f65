"""Bundles: a folder, or one tar file, that is a complete channel with cells of one release.

It has their packages, the index in all its forms, and the release's own files unchanged: record,
locks, SBOMs, attestations. In its index, each package first appeared with the release, by the
release's own record. Every conda client can use it as a channel, wherever it is, and `rootstock
verify latest` checks it there.
"""

import json
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rootstock import product as products
from rootstock.channel import index, release_model
from rootstock.channel.generation import milliseconds
from rootstock.channel.layout import NOARCH, RELEASES_TABLE, release_dir
from rootstock.channel.release_model import Package
from rootstock.channel.stage import link
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.offline.selection import Selection
from rootstock.offline.target import appearing
from rootstock.release import check, compare, locks

INSTALL = "INSTALL.txt"
_STAGE = "bundle"

_TEXT = """\
This folder is a conda channel with release {number} of {channel}:

{cells}

Nothing in it needs the network. Go to where it is, and choose one of:

conda, mamba, micromamba (any of the three names), with whatever version fits:

  conda create --offline --override-channels -c "file://$PWD" -n analysis {package}{python}

the same, but with just the packages that were tested together (without their hashes, which
not every conda reads; the last command below holds all files against theirs):

  sed -E "s|^[a-z]+://.*/([^/]+/[^/#]+)#.*$|file://$PWD/\\1|" {explicit} > here.txt
  conda create --offline -n analysis --file here.txt

rootstock, on a machine without conda:

  rootstock env ./{package}-env --lock {explicit}
  ./{package}-env/{trial}

Is it whole, and from whom?

  rootstock verify latest --channel .
"""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A finished bundle; `size` is the bytes of its packages."""

    path: Path
    release: int
    cells: tuple[str, ...]
    packages: int
    size: int

    def as_json(self) -> dict[str, Any]:
        """The bundle as a JSON object."""
        return {**asdict(self), "path": str(self.path)}


def make(selection: Selection, target: Path, listen: Listener, *, tar: bool = False) -> Bundle:
    """Make the bundle at `target`; with `tar` that is one file, which contains a folder.

    The packages are hard links to those of the channel where possible. Each is compared with its
    sha256.

    Raises `RefusedError` when the target exists, `SourceError` when a package is missing or
    damaged, `UsageError` when the target cannot be made, `NoSpace`.
    """
    with appearing(target) as part:
        listen(Event(stage=_STAGE, item=target.name, state="start"))
        if tar:
            folder = part.with_name(f"{part.name}.d")
            fill(selection, folder, listen)
            _pack(folder, part, target.name.removesuffix(".tar"))
        else:
            fill(selection, part, listen)
    listen(Event(stage=_STAGE, item=target.name, state="done"))
    return Bundle(
        path=target,
        release=selection.release.release,
        cells=selection.cells,
        packages=len(selection.packages),
        size=selection.size,
    )


def fill(selection: Selection, folder: Path, listen: Listener) -> None:
    """Make the folder of a bundle, which must not exist; raises as `make` does."""
    records: dict[str, dict[str, index.Record]] = {NOARCH: {}, selection.release.platform: {}}
    for subdir in records:
        (folder / subdir / index.SHARDS).mkdir(parents=True)
    done = 0
    for package in selection.packages:
        place = folder / package.url
        _take(selection, package, place)
        records[package.subdir][package.filename] = _record(selection, package, place)
        done += package.size
        event = Event(
            stage=_STAGE,
            item=folder.name,
            state="progress",
            done=done,
            total=selection.size,
            unit="B",
            detail=package.filename,
        )
        listen(event)
    for subdir, entries in records.items():
        index.write(folder / subdir, entries, folder / subdir / index.SHARDS)
    _copy_release(selection, folder)
    (folder / INSTALL).write_text(install_text(selection))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _record(selection: Selection, package: Package, place: Path) -> index.Record:
    """Make the index record of a package, whose sha256 is already checked."""
    try:
        known = index.record(place, sha256=package.sha256, size=package.size)
    except (OSError, ValueError) as error:
        where = selection.channel.place.at(package.url)
        raise SourceError(
            f"{where} is not a package: {error}", "See `rootstock verify`."
        ) from error
    appeared = milliseconds(selection.release.time)
    return {**known, "md5": package.md5, "indexed_timestamp": appeared}


def install_text(selection: Selection) -> str:
    """The text of INSTALL.txt."""
    release, cell = selection.release, selection.release.cells[selection.cells[0]]
    product = products.named(release.product)
    lock = f"{release_dir(release.release)}/{cell.files[locks.EXPLICIT]}"
    return _TEXT.format(
        number=release.release,
        channel=release.channel,
        cells="\n".join(f"  {name}" for name in selection.cells),
        package=product.package,
        trial=product.trial,
        python=f" 'python {cell.python}.*'" if cell.python else "",
        explicit=lock,
    )


def _take(selection: Selection, package: Package, target: Path) -> None:
    """Put a package of the channel at `target`, and compare it with its sha256."""
    where = selection.channel.place.at(package.url)
    try:
        if selection.channel.place.folder:
            source = selection.channel.place.folder / package.url
            if not source.is_file():  # a pipe or a device would never end
                raise FileNotFoundError(source)
            link(source, target)
            found = sha256_of(target)
        else:
            found, _ = selection.channel.place.save(package.url, target, most=package.size)
    except FileNotFoundError as error:
        raise SourceError(f"{where} is missing", "See `rootstock verify`.") from error
    if found != package.sha256:
        raise SourceError(
            f"{where} is damaged: its sha256 is {found}, not {package.sha256}",
            "See `rootstock verify`.",
        )


def _copy_release(selection: Selection, folder: Path) -> None:
    """Copy the release's files, and list the bundled part of it in releases.json.

    Each file is compared with its sha256 before it is written.
    """
    release = selection.release
    own = release_dir(release.release)
    texts = {release_model.RECORD: check.require_sound(selection.channel, release, selection.cells)}
    if release.signed:
        texts[release_model.ATTESTATION] = selection.channel.place.read(
            f"{own}/{release_model.ATTESTATION}"
        )
    for name in release.files:
        texts[name] = compare.read(selection.channel.place, release, name)
    for name, content in texts.items():
        target = folder / own / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    shown = {
        "release": release.release,
        "time": release.time,
        "cells": sorted(release.cells),
        "added": len(selection.packages),
        "part": sorted(selection.cells),
    }
    table = json.dumps({"releases": [shown]}, indent=1, sort_keys=True)
    (folder / RELEASES_TABLE).write_text(f"{table}\n")


def _pack(folder: Path, file: Path, name: str) -> None:
    """Write a folder as a tar file, uncompressed: its packages are compressed already."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(file, "w") as tar:
        tar.add(folder, arcname=name, filter=plain)
    file.chmod(0o644)
