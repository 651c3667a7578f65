"""Promotion: a whole set of packages becomes visible in a channel at once, or not at all.

Where its files are is told in generation.py, how readers come to see them in switch.py.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.channel import consistency, index, switch, write_lock
from rootstock.channel.generation import Generation, History, Published
from rootstock.channel.stage import by_subdir, link, partial
from rootstock.core.errors import Damaged, RefusedError
from rootstock.core.names import listed
from rootstock.core.seal import sha256_of

_WAIT = 60.0  # seconds that another promotion gets to finish


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What came of a promotion: the generation now current, and the file names it added.

    `added` is empty when readers saw everything already; the generation is an old one then, or
    has no more than a new release. `mended` are the files that had to be put back.
    """

    channel: Path
    generation: Generation
    added: tuple[str, ...]
    mended: tuple[str, ...] = ()


def promote(
    artifacts: Sequence[Artifact],
    channel: Path,
    rebuilt: Collection[str] = (),
    *,
    cells: Mapping[str, Collection[str]] | None = None,
    release: Callable[[Generation, Path], None] | None = None,
    show: switch.Show | None = None,
    told: write_lock.Told = write_lock.nobody,
) -> Promotion:
    """Add a whole set of packages to the channel, which is made if it is not there.

    Files of the set that are in the channel already are put back where they are gone or cut;
    those named in `rebuilt` also where a byte of them is another. What a rollback or `hide` has
    hidden is shown again. An index that somebody or a disk has changed is made anew.

    With `release`, the set is a release of `cells` (the file names of each): the function is
    called with the new generation and an empty folder to write the release's files into, of
    which readers see nothing until the switch. There is a new generation, then, also when all
    packages are visible but the newest release of a cell has others. `show` writes the page of
    a generation. Another writer gets a minute to finish; `told` is called with who that is.

    Raises `RefusedError` when a file name is in the channel, or ever was, with other bytes, when
    an artifact is not meant for a channel, when a cell is not whole, when another process is
    writing, when the channel itself is damaged, or is someone else's; `Damaged` when an
    artifact is, `NoSpace`, `UsageError` when the folder cannot be written, and what `release`
    raises. Nothing changes for readers then.
    """
    _refuse_unpublishable(artifacts)
    every = [artifact for members in by_subdir(artifacts).values() for artifact in members]
    sets = {cell: tuple(sorted(names)) for cell, names in (cells or {}).items()}
    switch.create(channel)
    with switch.writing(channel, wait=_WAIT, told=told) as past:
        _refuse_changed(every, past, channel)
        mended = _mend([a for a in every if a.filename in past.published], channel, rebuilt)
        visible = past.visible()
        hidden = [artifact for artifact in every if artifact.filename not in visible]
        new = past.current
        released = release and _differ(sets, past, visible)
        if hidden or not new.number or released or not consistency.whole(channel, past):
            # Where only an index is mended, there is nothing to release.
            release = release if hidden or not new.number or released else None
            new, again = _add(hidden, past, channel, sets if release else {}, release, show)
            return Promotion(
                channel=channel, generation=new, added=new.added, mended=(*mended, *again)
            )
        return Promotion(channel=channel, generation=new, added=(), mended=mended)


def _add(
    artifacts: Sequence[Artifact],
    past: History,
    channel: Path,
    cells: Mapping[str, tuple[str, ...]],
    release: Callable[[Generation, Path], None] | None,
    show: switch.Show | None,
) -> tuple[Generation, tuple[str, ...]]:
    """Switch to a new generation that shows these packages besides the current one's.

    Returns it, and the indexes that were damaged.
    """
    number = past.current.number + 1
    fresh = [artifact for artifact in artifacts if artifact.filename not in past.published]
    new = Generation(
        number=number,
        time=switch.now(),
        base=past.current.number,
        packages={
            a.filename: Published(
                subdir=a.subdir, sha256=a.sha256, size=a.size, key=a.key, generation=number
            )
            for a in fresh
        },
        shown=tuple(sorted({a.filename for a in artifacts} - {a.filename for a in fresh})),
        cells=cells,
    )
    _refuse_strangers(fresh, channel)
    _refuse_parts(new, past)
    changes: dict[str, dict[str, index.Record | None]] = defaultdict(dict)
    for artifact in artifacts:
        changes[artifact.subdir][artifact.filename] = record(artifact)

    def place() -> list[Path]:
        for artifact in fresh:
            link(artifact.path, _place(channel, artifact))
        return [_place(channel, artifact) for artifact in fresh]

    mended = switch.switch(channel, past, new, changes, release if cells else None, place, show)
    return new, mended


def _differ(cells: Mapping[str, tuple[str, ...]], past: History, visible: set[str]) -> bool:
    """Whether a cell's packages are others than those its newest visible release has."""
    newest: dict[str, tuple[str, ...]] = {}
    for one in past.releases(past.current.number, visible):
        newest.update(one.cells)
    return any(newest.get(cell) != names for cell, names in cells.items())


def _refuse_unpublishable(artifacts: Sequence[Artifact]) -> None:
    private = sorted(a.filename for a in artifacts if a.scope != "channel")
    if private:
        raise RefusedError(
            f"Not meant for a channel: {listed(private)}",
            "Tools of the build image, and what was built with an interpreter of this machine, "
            "are not published.",
        )


def _refuse_changed(artifacts: Sequence[Artifact], past: History, channel: Path) -> None:
    changed = []
    for artifact in artifacts:
        there = past.published.get(artifact.filename)
        if there and (there.sha256, there.subdir) != (artifact.sha256, artifact.subdir):
            inputs = "the same inputs" if there.key == artifact.key else "other inputs"
            changed.append(f"{artifact.filename} (from {inputs})")
    if changed:
        raise RefusedError(
            f"{channel} has other files of the same names: {listed(sorted(changed))}",
            "Nothing was changed. What is published is never overwritten, hidden or not: plan "
            "again, which gives new build numbers, or promote into another channel.",
        )


def _refuse_strangers(fresh: Sequence[Artifact], channel: Path) -> None:
    strangers = [a.filename for a in fresh if os.path.lexists(_place(channel, a))]
    if strangers:
        raise RefusedError(
            f"{channel} has files that are not of the channel: {listed(sorted(strangers))}",
            "Nothing was changed. Move them away.",
        )


def _refuse_parts(new: Generation, past: History) -> None:
    visible = past.visible() | set(new.added)
    for cell, names in new.cells.items():
        if missing := sorted(set(names) - visible):
            raise RefusedError(f"The release of {cell} is not whole: {listed(missing)}")


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
            record(artifact)
            part = partial(place)
            part.unlink(missing_ok=True)
            link(artifact.path, part)
            os.rename(part, place)
            mended.append(artifact.filename)
    return tuple(mended)


def _place(channel: Path, artifact: Artifact) -> Path:
    return channel / artifact.subdir / artifact.filename


def record(artifact: Artifact) -> index.Record:
    """The index's record of an artifact whose bytes have been checked."""
    try:
        return consistency.read(artifact.path, artifact.sha256, artifact.size)
    except ValueError as error:
        raise Damaged(artifact.path.parent, str(error)) from error
