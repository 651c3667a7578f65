"""Going back: an earlier generation's packages and releases become what readers see again.

Nothing is removed. The new generation has the index files of the one it goes back to, by hard
links, so that it takes no longer with many packages than with few.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rootstock.channel import files, generation, switch
from rootstock.channel.generation import META_DIR, RECORD, Generation, History
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.names import listed

_PAGE = 5_000  # packages, of which a page takes half a second


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step changes for readers, between the generations of two numbers.

    `gone` and `back` are the file names that disappear and reappear, the other two the numbers
    of releases that do. `generation` is the new current one, None when nothing was done.
    `mended` are the indexes that were damaged, and are made anew.
    """

    generation: Generation | None
    gone: tuple[str, ...]
    back: tuple[str, ...]
    releases_gone: tuple[int, ...]
    releases_back: tuple[int, ...]
    mended: tuple[str, ...] = ()


def rollback(
    channel: Path,
    to: int | None = None,
    *,
    dry: bool = False,
    show: switch.Show | None = None,
) -> Change:
    """Show what generation `to` showed; without it, undo the last change that readers see.

    Undoing twice undoes the last two: what a rollback made does not count as a change. With
    `dry` nothing is done, and so when readers see just that already. `show` writes the page of
    a generation, after the switch; until then the older page is there. A channel of more than
    5,000 packages keeps that one: to write it anew would take longer than all the rest.

    Raises `UsageError` when there is no such generation, or nothing to undo, or the channel
    cannot be written; `RefusedError` when a package of it is gone, when another process is
    writing, or the channel is damaged.
    """
    if dry:
        return _plan(channel, generation.history(existing(channel)), to)[1]
    with switch.writing(existing(channel)) as past:
        new, change = _plan(channel, past, to)
        if new.base == past.origin(past.current.number).number:
            return change
        mended = switch.switch(channel, past, new, {}, show=_as_then)
        after = History((*past.generations, new))
        if show and len(after.visible()) <= _PAGE:
            switch.renew(channel, show(channel, after))
    return replace(change, generation=new, mended=mended)


def existing(channel: Path) -> Path:
    """The channel, if there is one of ours; raises `UsageError` otherwise."""
    if not (channel / META_DIR / "current" / RECORD).exists():
        raise UsageError(
            f"{channel} is not a channel of rootstock's, or nothing was promoted into it yet",
            "Name one with --channel.",
        )
    return channel


def _plan(channel: Path, past: History, to: int | None) -> tuple[Generation, Change]:
    """The generation that goes back, and what it changes."""
    number, base = past.current.number + 1, _target(channel, past, to)
    new = Generation(number=number, time=switch.now(), kind="rollback", base=base.number)
    change = compare(past, new)
    _require(channel, past, change.back)
    return new, change


def _as_then(channel: Path, after: History) -> list[Path]:
    """Have in the last generation's folder what else the one it goes back to has in its own."""
    new = after.current
    base, folder = (generation.folder_of(channel, n) for n in (new.base, new.number))
    names = [path.name for path in base.iterdir() if path.is_file()]
    missing = [name for name in names if not (folder / name).exists()]
    for name in missing:
        files.same(base / name, folder / name)
    return [folder / name for name in missing]


def _target(channel: Path, past: History, to: int | None) -> Generation:
    if to is None:
        shown = past.origin(past.current.number)
        if not shown.base:
            raise UsageError(
                f"{channel}: there is nothing before generation {shown.number}",
                "rootstock hide takes packages out of the index.",
            )
        return past.origin(shown.base)
    if not 1 <= to <= past.current.number:
        raise UsageError(
            f"{channel} has no generation {to}, only 1 to {past.current.number}",
            "rootstock releases lists them.",
        )
    return past.origin(to)


def compare(past: History, new: Generation) -> Change:
    """What would change for readers if `new` became current."""
    after, now = History((*past.generations, new)), past.current.number
    old_names, new_names = past.visible(), after.visible()
    old_releases = [one.number for one in past.releases(now, old_names)]
    new_releases = [one.number for one in after.releases(new.number, new_names)]
    return Change(
        generation=None,
        gone=tuple(sorted(old_names - new_names)),
        back=tuple(sorted(new_names - old_names)),
        releases_gone=tuple(n for n in old_releases if n not in set(new_releases)),
        releases_back=tuple(n for n in new_releases if n not in set(old_releases)),
    )


def _require(channel: Path, past: History, names: Iterable[str]) -> None:
    """Raise `RefusedError` when a package that would be visible again is not there and whole."""
    bad = []
    for name in names:
        entry = past.published[name]
        try:
            whole = (channel / entry.subdir / name).stat().st_size == entry.size
        except OSError:
            whole = False
        if not whole:
            bad.append(name)
    if bad:
        raise RefusedError(
            f"{channel} has no longer all that would be visible again: {listed(sorted(bad))}",
            "Nothing was changed. Restore these files, or promote the same packages again.",
        )
