"""Rollback: readers see an earlier generation's packages and releases again.

Nothing is removed. The new generation has the index files of the earlier one, by hard links, so
that many packages take no longer than a few.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rootstock.channel.generation import Generation, History
from rootstock.channel.layout import RECORD
from rootstock.channel.reader import Channel
from rootstock.channel.writer import now, rewrite_page
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.names import listed

_PAGE = 5_000  # packages: the page of so many takes half a second


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The changes that a step makes for readers, between the generations of two numbers.

    `gone` and `back` are the file names that disappear and reappear, the other two the numbers of
    releases that do. `generation` is the new current one, None when nothing was done. `mended` are
    the damaged indexes that were made again.
    """

    generation: Generation | None
    gone: tuple[str, ...]
    back: tuple[str, ...]
    releases_gone: tuple[int, ...]
    releases_back: tuple[int, ...]
    mended: tuple[str, ...] = ()


def rollback(channel: Channel, to: int | None = None, *, dry: bool = False) -> Effect:
    """Show again what generation `to` showed; without it, undo the last visible change.

    Undoing twice undoes the last two: a rollback does not count as a change. Nothing happens with
    `dry`, or when readers see that state already. The page is rewritten after the switch; until
    then the older page stays. A channel of more than 5,000 packages keeps the older page: a new one
    would take longer than everything else.

    Raises `UsageError` when there is no such generation, or nothing to undo, or the channel cannot
    be written. Raises `RefusedError` when one of its packages is gone, when another process is
    writing, or the channel is damaged.
    """
    if dry:
        return _plan(existing(channel), channel.history(), to)[1]
    with existing(channel).write() as change:
        base, effect = _plan(channel, change.past, to)
        if base == change.past.origin(change.past.current.number).number:
            return effect
        change.go_back(base)
        done = change.commit()
        after = History((*change.past.generations, done.generation))
        if len(after.visible()) <= _PAGE:
            rewrite_page(channel, after)
    return replace(effect, generation=done.generation, mended=done.mended)


def existing(channel: Channel) -> Channel:
    """Return the channel, if rootstock made it; raises `UsageError` otherwise."""
    if not (channel.layout.current / RECORD).exists():
        raise UsageError(
            f"{channel} is not a channel made by rootstock, or nothing was promoted into it yet",
            "Name one with --channel.",
        )
    return channel


def _plan(channel: Channel, past: History, to: int | None) -> tuple[int, Effect]:
    """Return the number of the generation to return to, and what that changes for readers."""
    number, base = past.current.number + 1, _target(channel, past, to).number
    new = Generation(number=number, time=now(), kind="rollback", base=base)
    effect = compare(past, new)
    _require_whole(channel, past, effect.back)
    return base, effect


def _target(channel: Channel, past: History, to: int | None) -> Generation:
    if to is None:
        shown = past.origin(past.current.number)
        if not shown.base:
            raise UsageError(
                f"{channel}: there is nothing before generation {shown.number}",
                "rootstock hide removes packages from the index.",
            )
        return past.origin(shown.base)
    if not 1 <= to <= past.current.number:
        raise UsageError(
            f"{channel} has no generation {to}, only 1 to {past.current.number}",
            "rootstock releases lists them.",
        )
    return past.origin(to)


def compare(past: History, new: Generation) -> Effect:
    """Return the changes for readers if `new` became current."""
    after, now = History((*past.generations, new)), past.current.number
    old_names, new_names = past.visible(), after.visible()
    old_releases = [one.number for one in past.releases(now, old_names)]
    new_releases = [one.number for one in after.releases(new.number, new_names)]
    return Effect(
        generation=None,
        gone=tuple(sorted(old_names - new_names)),
        back=tuple(sorted(new_names - old_names)),
        releases_gone=tuple(n for n in old_releases if n not in set(new_releases)),
        releases_back=tuple(n for n in new_releases if n not in set(old_releases)),
    )


def _require_whole(channel: Channel, past: History, names: Iterable[str]) -> None:
    """Raise `RefusedError` when a package that would be visible again is missing or damaged."""
    bad = []
    for name in names:
        entry = past.published[name]
        try:
            whole = channel.layout.package(entry.subdir, name).stat().st_size == entry.size
        except OSError:
            whole = False
        if not whole:
            bad.append(name)
    if bad:
        raise RefusedError(
            f"{channel} lacks files that would be visible again: {listed(sorted(bad))}",
            "Nothing was changed. Restore these files, or promote the same packages again.",
        )
