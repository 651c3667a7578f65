"""Promotion: a whole set of packages becomes visible in a channel at once, or not at all.

```
channel/
  linux-64/
    root-6.40.00-h0_0.conda        packages: each file once, never overwritten, never removed
    shards/<sha256>.msgpack.zst    as are the shards, which their content names
    repodata.json                  -> ../.rootstock/current/linux-64/repodata.json
    repodata.json.zst              -> (likewise, and repodata_shards.msgpack.zst)
  noarch/                          the same
  .rootstock/
    lock                           who writes
    current                        -> generations/0002
    generations/0002/              generation.json, linux-64/repodata.json, ...
```
A package that no index names is invisible. So packages and shards are put in place first, and
then one rename of the link `current` switches the indexes of all subdirs. Whoever still
reads the old index finds everything it names, and a web server needs nothing but to follow
relative links.

A generation holds the packages of the one before and its own. Numbers only grow (going back is
a new generation with an older index): the current one has the highest, and what is above it
was left by a writer that died. Its generation.json, written before the first package was
placed, tells what to remove.
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType

from rootstock import store
from rootstock.build.artifact import Artifact
from rootstock.channel import index, lock
from rootstock.channel.stage import NOARCH, by_subdir, link, partial
from rootstock.errors import Damaged, RefusedError, UsageError, no_space_told
from rootstock.seal import sha256_of

_ROOM = ".rootstock"
_RECORD = "generation.json"
_INDEXES = (index.TABLE, index.PACKED, index.SHARDS_TABLE)
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Published:
    """A package of a channel: where it is, what it was built from, since which generation."""

    subdir: str
    sha256: str
    size: int
    key: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A state of a channel: every package it has, by file name, and those that were new."""

    number: int
    time: str
    added: tuple[str, ...]
    packages: Mapping[str, Published]


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What came of a promotion: the generation now current, and the file names it added.

    `added` is empty when the channel had everything already, and the generation an old one.
    `mended` are the files that had to be put back.
    """

    channel: Path
    generation: Generation
    added: tuple[str, ...]
    mended: tuple[str, ...] = ()


_NOTHING = Generation(number=0, time="", added=(), packages=MappingProxyType({}))


def promote(
    artifacts: Sequence[Artifact], channel: Path, rebuilt: Collection[str] = ()
) -> Promotion:
    """Add a whole set of packages to the channel, which is made if it is not there.

    Files of the set that are in the channel already are put back where they are gone or cut;
    those named in `rebuilt` also where a byte of them is another.

    Raises `RefusedError` when a file name is in the channel with other bytes, when an artifact
    is not meant for a channel, when another process is writing, when the channel itself is
    damaged, or is someone else's; `Damaged` when an artifact is, `NoSpace`, and `UsageError`
    when the folder cannot be written. Nothing changes for readers then.
    """
    _refuse_unpublishable(artifacts)
    every = [artifact for members in by_subdir(artifacts).values() for artifact in members]
    try:
        with no_space_told(channel):
            _open(channel)
            with lock.writer(channel / _ROOM / "lock"):
                return _promote(every, channel, rebuilt)
    except PermissionError as error:
        raise UsageError(f"{channel} cannot be written: {error}") from error


def _promote(every: Sequence[Artifact], channel: Path, rebuilt: Collection[str]) -> Promotion:
    old = current(channel)
    _clean(channel, old)
    _refuse_changed(every, old, channel)
    mended = _mend([a for a in every if a.filename in old.packages], channel, rebuilt)
    fresh = [artifact for artifact in every if artifact.filename not in old.packages]
    if old.number and not fresh:
        return Promotion(channel=channel, generation=old, added=(), mended=mended)
    _refuse_strangers(fresh, channel)
    try:
        new = _prepare(fresh, old, channel)
        _switch(channel, new)
    except BaseException:
        _clean(channel, current(channel))
        raise
    return Promotion(channel=channel, generation=new, added=new.added, mended=mended)


def current(channel: Path) -> Generation:
    """The generation that readers see; number 0 with no packages when there is none.

    Raises `RefusedError` when its record cannot be read.
    """
    path = channel / _ROOM / "current" / _RECORD
    try:
        record = json.loads(path.read_text())
        packages = {name: Published(**entry) for name, entry in record["packages"].items()}
        return Generation(
            number=record["number"],
            time=record["time"],
            added=tuple(record["added"]),
            packages=packages,
        )
    except FileNotFoundError:
        return _NOTHING
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(
            f"{channel} is damaged: {path.resolve()} cannot be read ({error})",
            "Restore the file from a copy of the channel, or build into another folder.",
        ) from error


def keys(channel: Path) -> Mapping[str, tuple[str, str]]:
    """By file name, the build key and the sha256 of everything the channel has, oldest first."""
    packages = sorted(current(channel).packages.items(), key=lambda item: item[1].generation)
    return {name: (entry.key, entry.sha256) for name, entry in packages}


def _refuse_unpublishable(artifacts: Sequence[Artifact]) -> None:
    private = sorted(a.filename for a in artifacts if a.scope != "channel")
    if private:
        raise RefusedError(
            f"Not meant for a channel: {', '.join(private)}",
            "Tools of the build image, and what was built with an interpreter of this machine, "
            "are not published.",
        )


def _refuse_changed(artifacts: Sequence[Artifact], old: Generation, channel: Path) -> None:
    changed = []
    for artifact in artifacts:
        there = old.packages.get(artifact.filename)
        if there and (there.sha256, there.subdir) != (artifact.sha256, artifact.subdir):
            inputs = "the same inputs" if there.key == artifact.key else "other inputs"
            changed.append(f"{artifact.filename} (from {inputs})")
    if changed:
        raise RefusedError(
            f"{channel} has other files of the same names: {', '.join(sorted(changed))}",
            "Nothing was changed. What is published is never overwritten: plan again, which "
            "gives new build numbers, or promote into another channel.",
        )


def _refuse_strangers(fresh: Sequence[Artifact], channel: Path) -> None:
    strangers = [a.filename for a in fresh if os.path.lexists(_place(channel, a))]
    if strangers:
        raise RefusedError(
            f"{channel} has files that are not of the channel: {', '.join(sorted(strangers))}",
            "Nothing was changed. Move them away.",
        )


def _mend(
    published: Sequence[Artifact], channel: Path, rebuilt: Collection[str]
) -> tuple[str, ...]:
    """Put files back of which readers would find nothing, or something else."""
    mended = []
    for artifact in published:
        place = _place(channel, artifact)
        try:
            right = place.stat().st_size == artifact.size
        except FileNotFoundError:
            right = False
        if right and artifact.filename in rebuilt:
            right = sha256_of(place) == artifact.sha256
        if not right:
            _record(artifact)
            part = partial(place)
            part.unlink(missing_ok=True)
            link(artifact.path, part)
            os.rename(part, place)
            mended.append(artifact.filename)
    return tuple(mended)


def _place(channel: Path, artifact: Artifact) -> Path:
    return channel / artifact.subdir / artifact.filename


def _open(channel: Path) -> None:
    if not (channel / _ROOM).exists() and any(channel.glob(f"*/{index.TABLE}")):
        raise RefusedError(
            f"{channel} is a channel that rootstock did not make", "Choose another folder."
        )
    for folder in (channel, channel / _ROOM, channel / _ROOM / "generations"):
        _make(folder)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        # Whatever the umask: a web server runs under another name.
        folder.chmod(0o755)


def _generation(channel: Path, number: int) -> Path:
    return channel / _ROOM / "generations" / f"{number:04d}"


def _prepare(fresh: Sequence[Artifact], old: Generation, channel: Path) -> Generation:
    """Write the next generation and put its packages in place; nobody sees them yet."""
    records = {artifact.filename: _record(artifact) for artifact in fresh}
    number = old.number + 1
    added = {
        a.filename: Published(
            subdir=a.subdir, sha256=a.sha256, size=a.size, key=a.key, generation=number
        )
        for a in fresh
    }
    new = Generation(
        number=number,
        time=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        added=tuple(sorted(added)),
        packages={**old.packages, **added},
    )
    folder = _generation(channel, number)
    _make(folder)
    _write_record(folder, new)
    subdirs = {NOARCH, *(entry.subdir for entry in new.packages.values())}
    written = [folder / _RECORD, folder, channel]
    for subdir in subdirs:
        _make(folder / subdir)
        _make(channel / subdir)
        _make(channel / subdir / index.SHARDS)
        visible = index.read(_generation(channel, old.number) / subdir)
        visible.update({a.filename: records[a.filename] for a in fresh if a.subdir == subdir})
        written += index.write(folder / subdir, visible, channel / subdir / index.SHARDS)
        for name in _INDEXES:
            if not os.path.lexists(channel / subdir / name):
                os.symlink(f"../{_ROOM}/current/{subdir}/{name}", channel / subdir / name)
        written += [folder / subdir, channel / subdir, channel / subdir / index.SHARDS]
    for artifact in fresh:
        link(artifact.path, _place(channel, artifact))
        written.append(_place(channel, artifact))
    for path in written:
        _sync(path)
    return new


def _record(artifact: Artifact) -> index.Record:
    """The index's record of an artifact whose bytes have been checked."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with artifact.path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    if sha256.hexdigest() != artifact.sha256:
        found = f"{artifact.filename} has the sha256 {sha256.hexdigest()}"
        raise Damaged(artifact.path.parent, found)
    record = index.record(artifact.path, sha256=artifact.sha256, size=artifact.size)
    # Old clients check nothing but this one.
    return {**record, "md5": md5.hexdigest()}


def _write_record(folder: Path, new: Generation) -> None:
    record = {
        "number": new.number,
        "time": new.time,
        "added": new.added,
        "packages": {name: asdict(entry) for name, entry in sorted(new.packages.items())},
    }
    part = folder / f"{_RECORD}.part"
    part.write_text(json.dumps(record, indent=1) + "\n")
    part.chmod(0o644)
    os.rename(part, folder / _RECORD)


def _switch(channel: Path, new: Generation) -> None:
    room = channel / _ROOM
    following = room / "current.new"
    following.unlink(missing_ok=True)
    os.symlink(f"generations/{new.number:04d}", following)
    os.rename(following, room / "current")
    _sync(room)


def _sync(path: Path) -> None:
    """Have a file or a folder on the disk, so that the switch is never there before it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clean(channel: Path, now: Generation) -> None:
    """Remove what a writer left that died before its switch: one generation, at most."""
    folders = [f for f in (channel / _ROOM / "generations").iterdir() if f.name.isdigit()]
    above = [folder for folder in folders if int(folder.name) > now.number]
    if len(above) > 1:
        raise RefusedError(
            f"{channel} is damaged: {_ROOM}/current is {now.number or 'gone'}, and there are "
            f"{len(above)} later generations",
            f"Let the link {channel / _ROOM / 'current'} lead to the last of them, as in "
            f"generations/{max(int(folder.name) for folder in above):04d}, or build into "
            "another folder.",
        )
    for folder in above:
        try:
            record = json.loads((folder / _RECORD).read_text())
        except FileNotFoundError:
            record = {"added": [], "packages": {}}
        for name in record["added"]:
            target = channel / record["packages"][name]["subdir"] / name
            target.unlink(missing_ok=True)
            partial(target).unlink(missing_ok=True)
        store.remove(folder)
