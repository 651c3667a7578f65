"""Writes the indexes of a new generation: those of its base, with its changes."""

from collections.abc import Mapping
from pathlib import Path

from rootstock.channel import consistency, files, index
from rootstock.channel.generation import Generation, History
from rootstock.channel.layout import Layout, link_target

Changes = Mapping[str, Mapping[str, index.Record | None]]


def write(
    layout: Layout, past: History, new: Generation, changes: Changes
) -> tuple[list[Path], tuple[str, ...]]:
    """Write the indexes of every subdir, or link the base's where nothing changed.

    It makes a damaged index of the base again from its packages. Returns the files and folders that
    it wrote, and the paths of the damaged indexes. Raises `RefusedError` when a package that it
    needs is damaged, too.
    """
    folder, base = layout.generation(new.number), layout.generation(new.base)
    now, root = layout.generation(past.current.number), layout.root
    expectations = consistency.visible_packages(past, new.base)
    written: list[Path] = []
    damaged: list[str] = []
    for subdir in sorted({*expectations, *_subdirs(now), *_subdirs(base), *changes}):
        shards = root / subdir / index.SHARDS
        for made in (folder / subdir, root / subdir, shards):
            files.make(made, root)
        own = {n: _dated(n, one, past, new) for n, one in changes.get(subdir, {}).items()}
        before, expected = base / subdir, expectations.get(subdir, {})
        if not new.base or not (expected or before.is_dir()):
            written += index.write(folder / subdir, _without_gaps(own), shards)
        elif not own and consistency.agrees(before) and (before / index.RUN_EXPORTS).is_file():
            for name in index.FILES:
                files.same(before / name, folder / subdir / name)
        else:
            held = consistency.held(root, before, expected)
            if held.damaged:
                damaged.append(f"{subdir}/{index.TABLE}")
            if held.complete:
                every = {n: _dated(n, one, past, new) for n, one in held.records.items()}
                every.update(own)
                written += index.write(folder / subdir, _without_gaps(every), shards)
            else:
                written += index.update(folder / subdir, before, own, shards, held.records)
        for name in index.FILES:
            files.link(root / subdir / name, f"../{link_target(f'{subdir}/{name}')}")
        written += [folder / subdir, root / subdir, shards]
    return written, tuple(damaged)


def _subdirs(folder: Path) -> set[str]:
    """Return the subdirs for which a generation's folder has an index."""
    return {path.parent.name for path in folder.glob(f"*/{index.TABLE}")}


def _without_gaps(records: Mapping[str, index.Record | None]) -> dict[str, index.Record]:
    return {name: record for name, record in records.items() if record is not None}


def _dated(
    name: str, change: index.Record | None, past: History, new: Generation
) -> index.Record | None:
    """Add to a record the time at which its package first was in an index (CEP 47)."""
    if change is None:
        return None
    first = new if name in new.packages else past.generations[past.published[name].generation]
    return {**change, "indexed_timestamp": first.milliseconds}
