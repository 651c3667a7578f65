"""Removes the remains of a dead writer before the next one writes."""

import re

from rootstock.channel import index
from rootstock.channel.layout import Layout, current_target
from rootstock.channel.reader import Channel
from rootstock.channel.stage import partial
from rootstock.core import store
from rootstock.core.errors import RefusedError

_NUMBER = re.compile(r"[0-9]{4,9}")


def recover(channel: Channel) -> None:
    """Remove the remains of a dead writer: one generation, at most, and half a page.

    Raises `RefusedError` when there is more: then the link `current` is wrong.
    """
    layout, now = channel.layout, channel.number()
    numbers = [
        int(folder.name)
        for folder in layout.generations.iterdir()
        if _NUMBER.fullmatch(folder.name)
    ]
    above = [number for number in numbers if number > now]
    if len(above) > 1 or (above and not layout.current.is_symlink()):
        raise RefusedError(
            f"{channel} is damaged: {layout.current.relative_to(layout.root)} is "
            f"{now or 'gone'}, but later generations exist: {len(above)}",
            f"Let the link {layout.current} lead to the last of them, as in "
            f"{current_target(max(above))}, or build into another folder.",
        )
    for left in layout.generation(now).glob(".*.part"):  # of a page during a rewrite
        left.unlink()
    if above:
        _forget_shards(layout, now)
    for number in above:
        for name, entry in channel.unfinished(number).items():
            target = layout.package(entry.subdir, name)
            target.unlink(missing_ok=True)
            partial(target).unlink(missing_ok=True)
        release = layout.release(number)
        for left in (release, partial(release)):
            if left.is_dir():
                store.remove(left)
        store.remove(layout.generation(number))


def _forget_shards(layout: Layout, now: int) -> None:
    """Remove the shards that no generation up to `now` has.

    They record when their packages appeared, so that the next writer cannot use those of a dead
    one. Where a table of an old generation cannot be read, all shards stay.
    """
    for place in layout.root.glob(f"*/{index.SHARDS}"):
        known: set[str] = set()
        try:
            for number in range(1, now + 1):
                known |= index.shard_files(layout.generation(number) / place.parent.name)
        except (OSError, ValueError):
            continue
        for path in place.iterdir():
            if path.name not in known:
                path.unlink()
