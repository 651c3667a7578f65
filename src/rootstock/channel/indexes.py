"""The indexes of a new generation: those of the one it starts from, with what it changes."""

from collections.abc import Mapping
from pathlib import Path

from rootstock.channel import consistency, files, generation, index
from rootstock.channel.generation import META_DIR, Generation, History

Changes = Mapping[str, Mapping[str, index.Record | None]]


def write(
    channel: Path, past: History, new: Generation, changes: Changes
) -> tuple[list[Path], tuple[str, ...]]:
    """Write the indexes of every subdir, or link the base's where nothing changed.

    A damaged index of the base is made anew from its packages. Returns the files and folders
    that were written, and the paths of the indexes that were damaged. Raises `RefusedError` when
    a package that it takes is damaged, too.
    """
    folder, base = (generation.folder_of(channel, n) for n in (new.number, new.base))
    now = generation.folder_of(channel, past.current.number)
    shown = consistency.shown(past, new.base)
    written: list[Path] = []
    damaged: list[str] = []
    for subdir in sorted({*shown, *_subdirs(now), *_subdirs(base), *changes}):
        shards = channel / subdir / index.SHARDS
        for made in (folder / subdir, channel / subdir, shards):
            files.make(made, channel)
        own = {n: _dated(n, one, past, new) for n, one in changes.get(subdir, {}).items()}
        before, expected = base / subdir, shown.get(subdir, {})
        if not new.base or not (expected or before.is_dir()):
            written += index.write(folder / subdir, _without_gaps(own), shards)
        elif not own and consistency.agrees(before) and (before / index.RUN_EXPORTS).is_file():
            for name in index.FILES:
                files.same(before / name, folder / subdir / name)
        else:
            held = consistency.held(channel, before, expected)
            if held.damaged:
                damaged.append(f"{subdir}/{index.TABLE}")
            if held.complete:
                every = {n: _dated(n, one, past, new) for n, one in held.records.items()}
                every.update(own)
                written += index.write(folder / subdir, _without_gaps(every), shards)
            else:
                written += index.update(folder / subdir, before, own, shards, held.records)
        for name in index.FILES:
            files.link(channel / subdir / name, f"../{META_DIR}/current/{subdir}/{name}")
        written += [folder / subdir, channel / subdir, shards]
    return written, tuple(damaged)


def _subdirs(folder: Path) -> set[str]:
    """The subdirs of which a generation's folder has an index."""
    return {path.parent.name for path in folder.glob(f"*/{index.TABLE}")}


def _without_gaps(records: Mapping[str, index.Record | None]) -> dict[str, index.Record]:
    return {name: record for name, record in records.items() if record is not None}


def _dated(
    name: str, change: index.Record | None, past: History, new: Generation
) -> index.Record | None:
    """A record with the time at which its package first was in an index (CEP 47)."""
    if change is None:
        return None
    first = new if name in new.packages else past.generations[past.published[name].generation]
    return {**change, "indexed_timestamp": first.milliseconds}
