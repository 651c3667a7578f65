"""The switch: a generation is written beside the current one, then one rename makes it current.

Packages, shards and the release's folder are put in place first, where nothing names them, then
the new indexes beside the old; the rename of the link `current` switches the indexes of all
subdirs and the list of releases. Whoever still reads the old index finds everything it names,
and a web server needs nothing but to follow relative links.

What this is worth to a reader: each file is of one generation, whole, and all that it names is
there for good. Two requests may be answered by two generations, as with any web server: a client
that fetches the index of noarch before the switch and that of linux-64 after it sees an older
noarch, so that it may find no solution, or an older one; it never gets other bytes than an index
has the hash of. Who must have one generation reads `.rootstock/current` once and then the
indexes in that folder.

A cache asks a server whether a file changed by its time, in seconds, and maybe its size. So an
index gets with each switch a later second than the one it replaces, also when it is an older
index that comes back, and though two switches be within one second (it is then a little in the
future). One that stays the same keeps its time.
"""

import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from rootstock import store
from rootstock.channel import generation, index, lock
from rootstock.channel.generation import RECORD, RELEASES, RELEASES_TABLE, ROOM, Generation, History
from rootstock.channel.stage import NOARCH, partial
from rootstock.errors import RefusedError, UsageError, no_space_told

Changes = Mapping[str, Mapping[str, index.Record | None]]
# Writes, beside the indexes, what people see of the last generation; returns its files.
Show = Callable[[Path, History], list[Path]]

# What a generation must have; what else an index has is made from the packages where it is missing.
_NEEDED = (index.TABLE, index.PACKED, index.SHARDS_TABLE)
_FILE = 0o644  # whatever the umask: a web server runs under another name
_FOLDER = 0o755
_OF_GROUP = stat.S_IWGRP | stat.S_ISGID


@contextmanager
def writing(channel: Path) -> Iterator[History]:
    """Be the channel's one writer; gives its history.

    What an earlier writer left that died is removed before, and what this one leaves when it
    fails. Raises `RefusedError` when another process is writing or the channel is damaged,
    `NoSpace`, and `UsageError` when the folder cannot be written.
    """
    try:
        with no_space_told(channel), lock.writer(channel / ROOM / "lock"):
            clean(channel)
            try:
                yield generation.history(channel)
            except BaseException:
                clean(channel)
                raise
    except PermissionError as error:
        raise UsageError(f"{channel} cannot be written: {error}") from error


def create(channel: Path) -> None:
    """Make an empty channel where there is none.

    Raises `RefusedError` when there is someone else's, `UsageError` when it cannot be made.
    """
    if not (channel / ROOM).exists() and any(channel.glob(f"*/{index.TABLE}")):
        raise RefusedError(
            f"{channel} is a channel that rootstock did not make", "Choose another folder."
        )
    try:
        with no_space_told(channel):
            for folder in (channel, channel / ROOM, channel / ROOM / "generations"):
                make(folder, channel)
            # From the first moment on, so that a link that is gone is damage and no beginning.
            if not any((channel / ROOM / "generations").iterdir()):
                with suppress(FileExistsError):
                    os.symlink("generations/0000", channel / ROOM / "current")
    except PermissionError as error:
        raise UsageError(f"{channel} cannot be written: {error}") from error


def make(folder: Path, channel: Path) -> None:
    """Make a folder of the channel, if it is not there, for those who may write the channel's."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if folder != channel:
            shared = _shared(channel)
        else:  # of a new channel the mode says only what the umask is
            shared = _shared(channel.parent)
            shared = shared if shared == _OF_GROUP else 0
        folder.chmod(_FOLDER | shared)


def now() -> str:
    """The time as generations have it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def switch(
    channel: Path,
    past: History,
    new: Generation,
    changes: Changes,
    fill: Callable[[Generation, Path], None] | None = None,
    place: Callable[[], list[Path]] = list,
    show: Show | None = None,
) -> None:
    """Make `new` the current generation; `past` is the channel's history without it.

    `changes` has, by subdir and file name, the index records that differ from the base's, None
    for those that go. `fill` is called with an empty folder, which becomes that of the release.
    `place` puts packages in place, and returns their paths. `show` comes last, when all but the
    switch is done.
    """
    room, folder = channel / ROOM, generation.folder_of(channel, new.number)
    make(folder, channel)
    # Before anything is placed: it tells the next writer what to remove.
    record = _write_json(folder / RECORD, generation.as_json(new))
    written = [record, folder, folder.parent, channel]
    if fill:
        written += _fill(channel, new, fill)
    written += _indexes(channel, past, new, changes)
    after = History((*past.generations, new))
    releases = after.releases(new.number, after.visible())
    table = generation.releases_table(releases)
    written.append(_write_json(folder / RELEASES_TABLE, table))
    _link(channel / RELEASES_TABLE, f"{ROOM}/current/{RELEASES_TABLE}")
    written += place()
    shown = show(channel, after) if show else []
    written += _date(folder, room / "current", shown)
    for path in dict.fromkeys(written):
        _sync(path)
    following = room / "current.new"
    following.unlink(missing_ok=True)
    os.symlink(f"generations/{folder.name}", following)
    os.rename(following, room / "current")
    _sync(room)


def renew(channel: Path, files: Iterable[Path]) -> None:
    """Give files of the current generation that were written again a later second than before."""
    # Of all that readers see this one gets a new second with every switch.
    last = (channel / RELEASES_TABLE).stat().st_mtime
    second = max(int(time.time()), int(last) + 1)
    for path in files:
        os.utime(path, (second, second))


def clean(channel: Path) -> None:
    """Remove what a writer left that died before its switch: one generation, at most.

    Raises `RefusedError` when there are more: then it is the link `current` that is wrong.
    """
    now = generation.current_number(channel)
    folders = [f for f in (channel / ROOM / "generations").iterdir() if f.name.isdigit()]
    above = [int(folder.name) for folder in folders if int(folder.name) > now]
    if len(above) > 1 or (above and not (channel / ROOM / "current").is_symlink()):
        raise RefusedError(
            f"{channel} is damaged: {ROOM}/current is {now or 'gone'}, and later generations "
            f"are there: {len(above)}",
            f"Let the link {channel / ROOM / 'current'} lead to the last of them, as in "
            f"generations/{max(above):04d}, or build into another folder.",
        )
    for number in above:
        folder = generation.folder_of(channel, number)
        try:
            placed = json.loads((folder / RECORD).read_text())["packages"]
        except FileNotFoundError:
            placed = {}
        for name, entry in placed.items():
            target = channel / entry["subdir"] / name
            target.unlink(missing_ok=True)
            partial(target).unlink(missing_ok=True)
        release = generation.release_of(channel, number)
        for left in (release, partial(release)):
            if left.is_dir():
                store.remove(left)
        store.remove(folder)


def _shared(channel: Path) -> int:
    """The bits of the channel's mode that let a group write it; 0 when it is one user's."""
    mode = channel.stat().st_mode
    return mode & _OF_GROUP if mode & stat.S_IWGRP else 0


def _fill(channel: Path, new: Generation, fill: Callable[[Generation, Path], None]) -> list[Path]:
    """Have the release's folder filled, and give it its name when it is whole."""
    folder = generation.release_of(channel, new.number)
    make(folder.parent, channel)
    part = partial(folder)
    make(part, channel)
    fill(new, part)
    every = list(part.rglob("*"))
    for path in every:
        path.chmod(_FOLDER | _shared(channel) if path.is_dir() else _FILE)
    os.rename(part, folder)
    return [channel / RELEASES, folder, *(folder / path.relative_to(part) for path in every)]


def _indexes(channel: Path, past: History, new: Generation, changes: Changes) -> list[Path]:
    """Write the indexes of every subdir, or link the base's where nothing changed."""
    folder, base = (generation.folder_of(channel, n) for n in (new.number, new.base))
    old = _subdirs(base) if new.base else set()
    lineage = past.lineage(new.base)
    needed = {entry.subdir for one in lineage for entry in one.packages.values()}
    if new.base and not old >= {NOARCH, *needed}:
        raise RefusedError(
            f"{channel} is damaged: {base} has no longer all of its indexes",
            "Restore them from a copy of the channel, or choose another generation.",
        )
    now = _subdirs(generation.folder_of(channel, past.current.number))
    written: list[Path] = []
    for subdir in sorted({NOARCH, *old, *now, *changes}):
        shards = channel / subdir / index.SHARDS
        for made in (folder / subdir, channel / subdir, shards):
            make(made, channel)
        before = base / subdir if subdir in old else None
        own = changes.get(subdir, {})
        complete = before and _complete(before, read=bool(own))
        if before and not complete:
            own = {**_completed(channel, before), **own}
        if before and complete and not own:
            for name in index.FILES:
                same(before / name, folder / subdir / name)
        else:
            dated = {name: _dated(name, change, past, new) for name, change in own.items()}
            written += index.update(folder / subdir, before, dated, shards)
        for name in index.FILES:
            _link(channel / subdir / name, f"../{ROOM}/current/{subdir}/{name}")
        written += [folder / subdir, channel / subdir, shards]
    return written


def _complete(before: Path, read: bool) -> bool:
    """Whether an index has all of its files; with `read`, that its run_exports are read, too."""
    there = all((before / name).is_file() for name in index.FILES)
    return there and not (read and index.read_run_exports(before) is None)


def _completed(channel: Path, before: Path) -> dict[str, index.Record]:
    """All records of an index that has no run_exports.json, with what their packages say.

    Such are the indexes of channels from before there was one; a rollback may go back to one.
    """
    packages = channel / before.name
    records = index.read(before)
    return {name: index.with_run_exports(one, packages / name) for name, one in records.items()}


def _dated(
    name: str, change: index.Record | None, past: History, new: Generation
) -> index.Record | None:
    """A record with the time at which its package first was in an index (CEP 47)."""
    if change is None:
        return None
    first = new if name in new.packages else past.generations[past.published[name].generation]
    return {**change, "indexed_timestamp": first.milliseconds}


def _subdirs(folder: Path) -> set[str]:
    """The subdirs of which a generation's folder has every index."""
    found = {path.parent for path in folder.glob(f"*/{index.TABLE}")}
    return {path.name for path in found if all((path / name).is_file() for name in _NEEDED)}


def same(source: Path, target: Path) -> None:
    """Have a file of an earlier generation in a later one too."""
    try:
        os.link(source, target)
    except OSError:  # another owner's, too many links, a file system without
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    part = partial(target)
    shutil.copyfile(source, part)
    part.chmod(_FILE)
    os.rename(part, target)


def _date(folder: Path, current: Path, shown: Sequence[Path]) -> list[Path]:
    """Give what readers will see a later second than what they see; returns these files."""
    indexes = (path for path in folder.glob("*/*") if path.name in index.FILES)
    files = [*indexes, folder / RELEASES_TABLE, *shown]
    replaced = {path: current / path.relative_to(folder) for path in files}
    there = {path: old for path, old in replaced.items() if old.exists()}
    last = max((int(old.stat().st_mtime) for old in there.values()), default=0)
    second = max(int(time.time()), last + 1)
    for path in files:
        if path in there and path.samefile(there[path]):
            continue
        try:
            os.utime(path, (second, second))
        except PermissionError:  # only the owner may
            _copy(path, path)
            os.utime(path, (second, second))
    return files


def _link(path: Path, target: str) -> None:
    if not os.path.lexists(path):
        os.symlink(target, path)


def _write_json(path: Path, value: object) -> Path:
    part = partial(path)
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    part.chmod(_FILE)
    os.rename(part, path)
    return path


def _sync(path: Path) -> None:
    """Have a file or a folder on the disk, so that the switch is never there before it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
