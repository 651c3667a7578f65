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
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from rootstock.channel import files, generation, index, indexes, write_lock
from rootstock.channel.generation import (
    META_DIR,
    RECORD,
    RELEASES,
    RELEASES_TABLE,
    Generation,
    History,
)
from rootstock.channel.indexes import Changes
from rootstock.channel.stage import partial
from rootstock.core import store
from rootstock.core.errors import MachineError, RefusedError, unwritable_told

# Writes, beside the indexes, what people see of the last generation; returns its files.
Show = Callable[[Path, History], list[Path]]

_NUMBER = re.compile(r"[0-9]{4,9}")


@contextmanager
def writing(
    channel: Path, *, wait: float = 0.0, told: write_lock.Told = write_lock.nobody
) -> Iterator[History]:
    """Be the channel's one writer; gives its history.

    What an earlier writer left that died is removed before, and what this one leaves when it
    fails. With `wait`, another writer gets that many seconds to finish, and `told` is called
    with who that is. Raises `RefusedError` when another process is writing or the channel is
    damaged, and what `failures_told` does.
    """
    with (
        failures_told(channel),
        write_lock.writer(channel / META_DIR / "lock", wait=wait, told=told),
    ):
        clean(channel)
        try:
            yield generation.history(channel)
        except BaseException:
            clean(channel)
            raise


@contextmanager
def failures_told(channel: Path) -> Iterator[None]:
    """Raise `UsageError` where a channel cannot be written, and `NoSpace` where its disk is full.

    It is `MachineError` where the disk, or something else of the machine, fails.
    """
    try:
        with unwritable_told(channel):
            yield
    except OSError as error:
        raise MachineError(
            f"{channel} cannot be written: {error}", "See if the disk is sound."
        ) from error


def create(channel: Path) -> None:
    """Make an empty channel where there is none.

    Raises `RefusedError` when there is someone else's, and what `failures_told` does.
    """
    with failures_told(channel):
        if not (channel / META_DIR).exists() and any(channel.glob(f"*/{index.TABLE}")):
            raise RefusedError(
                f"{channel} is a channel that rootstock did not make", "Choose another folder."
            )
    with failures_told(channel):
        for folder in (channel, channel / META_DIR, channel / META_DIR / "generations"):
            files.make(folder, channel)
        # From the first moment on, so that a link that is gone is damage and no beginning.
        if not any((channel / META_DIR / "generations").iterdir()):
            with suppress(FileExistsError):
                os.symlink("generations/0000", channel / META_DIR / "current")


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
) -> tuple[str, ...]:
    """Make `new` the current generation; `past` is the channel's history without it.

    `changes` has, by subdir and file name, the index records that differ from the base's, None
    for those that go. `fill` is called with an empty folder, which becomes that of the release.
    `place` puts packages in place, and returns their paths. `show` comes last, when all but the
    switch is done. Returns the indexes of the base that were damaged, and are made anew.
    """
    room, folder = channel / META_DIR, generation.folder_of(channel, new.number)
    files.make(folder, channel)
    # Before anything is placed: it tells the next writer what to remove.
    record = _write_json(folder / RECORD, generation.as_json(new))
    written = [record, folder, folder.parent, channel]
    if fill:
        written += _fill(channel, new, fill)
    made, mended = indexes.write(channel, past, new, changes)
    written += made
    after = History((*past.generations, new))
    releases = after.releases(new.number, after.visible())
    table = generation.releases_table(releases)
    written.append(_write_json(folder / RELEASES_TABLE, table))
    files.link(channel / RELEASES_TABLE, f"{META_DIR}/current/{RELEASES_TABLE}")
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
    return mended


def renew(channel: Path, shown: Iterable[Path]) -> None:
    """Give files of the current generation that were written again a later second than before."""
    # Of all that readers see this one gets a new second with every switch.
    last = (channel / RELEASES_TABLE).stat().st_mtime
    second = max(int(time.time()), int(last) + 1)
    for path in shown:
        os.utime(path, (second, second))


def clean(channel: Path) -> None:
    """Remove what a writer left that died before its switch: one generation, at most.

    Raises `RefusedError` when there are more: then it is the link `current` that is wrong.
    """
    now = generation.current_number(channel)
    folders = (channel / META_DIR / "generations").iterdir()
    numbers = [int(folder.name) for folder in folders if _NUMBER.fullmatch(folder.name)]
    above = [number for number in numbers if number > now]
    if len(above) > 1 or (above and not (channel / META_DIR / "current").is_symlink()):
        raise RefusedError(
            f"{channel} is damaged: {META_DIR}/current is {now or 'gone'}, and later generations "
            f"are there: {len(above)}",
            f"Let the link {channel / META_DIR / 'current'} lead to the last of them, as in "
            f"generations/{max(above):04d}, or build into another folder.",
        )
    if above:
        _forget_shards(channel, now)
    for number in above:
        folder = generation.folder_of(channel, number)
        for name, entry in generation.begun(channel, number).items():
            target = channel / entry.subdir / name
            target.unlink(missing_ok=True)
            partial(target).unlink(missing_ok=True)
        release = generation.release_of(channel, number)
        for left in (release, partial(release)):
            if left.is_dir():
                store.remove(left)
        store.remove(folder)


def _forget_shards(channel: Path, now: int) -> None:
    """Remove the shards that no generation up to `now` has.

    They tell when their packages appeared, so that those of a writer that died are of no use to
    the next one. Where a table of an old generation cannot be read, all shards stay.
    """
    for place in channel.glob(f"*/{index.SHARDS}"):
        known: set[str] = set()
        try:
            for number in range(1, now + 1):
                known |= index.shard_files(
                    generation.folder_of(channel, number) / place.parent.name
                )
        except (OSError, ValueError):
            continue
        for path in place.iterdir():
            if path.name not in known:
                path.unlink()


def _fill(channel: Path, new: Generation, fill: Callable[[Generation, Path], None]) -> list[Path]:
    """Have the release's folder filled, and give it its name when it is whole."""
    folder = generation.release_of(channel, new.number)
    files.make(folder.parent, channel)
    part = partial(folder)
    files.make(part, channel)
    fill(new, part)
    every = list(part.rglob("*"))
    for path in every:
        path.chmod(files.FOLDER | files.shared(channel) if path.is_dir() else files.FILE)
    os.rename(part, folder)
    return [channel / RELEASES, folder, *(folder / path.relative_to(part) for path in every)]


def _date(folder: Path, current: Path, shown: Sequence[Path]) -> list[Path]:
    """Give what readers will see a later second than what they see; returns these files."""
    tables = (path for path in folder.glob("*/*") if path.name in index.FILES)
    every = [*tables, folder / RELEASES_TABLE, *shown]
    replaced = {path: current / path.relative_to(folder) for path in every}
    there = {path: old for path, old in replaced.items() if old.exists()}
    last = max((int(old.stat().st_mtime) for old in there.values()), default=0)
    second = max(int(time.time()), last + 1)
    for path in every:
        if path in there and path.samefile(there[path]):
            continue
        try:
            os.utime(path, (second, second))
        except PermissionError:  # only the owner may
            files.copy(path, path)
            os.utime(path, (second, second))
    return every


def _write_json(path: Path, value: object) -> Path:
    part = partial(path)
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    part.chmod(files.FILE)
    os.rename(part, path)
    return path


def _sync(path: Path) -> None:
    """Have a file or a folder on the disk, so that the switch is never there before it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
