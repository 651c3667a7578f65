"""Promotion: a whole set of packages becomes visible in a channel at once, or not at all."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.channel import consistency
from rootstock.channel.generation import Generation, History
from rootstock.channel.reader import Channel
from rootstock.channel.stage import by_subdir, link, partial
from rootstock.channel.writer import Change
from rootstock.core.errors import RefusedError
from rootstock.core.names import listed
from rootstock.core.seal import sha256_of


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """The result of a promotion: the generation now current, and the file names it added.

    `added` is empty when readers saw everything already; then the generation is an old one, or only
    has a new release. `release` is its number, 0 when there is none. `mended` are the files that
    were restored, or made again.
    """

    generation: Generation
    added: tuple[str, ...]
    release: int = 0
    mended: tuple[str, ...] = ()


def refuse_unpublishable(artifacts: Sequence[Artifact]) -> None:
    """Raise `RefusedError` for artifacts that are not meant for a channel."""
    private = sorted(a.filename for a in artifacts if a.scope != "channel")
    if private:
        raise RefusedError(
            f"Not meant for a channel: {listed(private)}",
            "Tools of the build image, and packages built with an interpreter of this machine, "
            "are not published.",
        )


def promote(
    change: Change,
    artifacts: Sequence[Artifact],
    rebuilt: Collection[str] = (),
    *,
    cells: Mapping[str, Collection[str]] | None = None,
) -> tuple[str, ...]:
    """Add a whole set of packages to a change, as a release of `cells` (their file names).

    It restores files of the set at once that are missing from the channel or truncated; those named
    in `rebuilt` also where a byte differs. Returns their names.

    `change.kind` stays None if readers see the whole set already, and the index is in order. The
    change has cells when there is a release to write: some packages are new to readers, or the
    newest release of a cell has others.

    Raises `RefusedError` when the channel has, or ever had, a file name with other bytes. Also when
    an artifact is not meant for a channel, or a cell is incomplete. Raises `Damaged` when an
    artifact is damaged.
    """
    refuse_unpublishable(artifacts)
    every = [artifact for members in by_subdir(artifacts).values() for artifact in members]
    sets = {cell: tuple(sorted(names)) for cell, names in (cells or {}).items()}
    past = change.past
    _refuse_changed(every, past, change.channel)
    mended = _mend([a for a in every if a.filename in past.published], change, rebuilt)
    visible = past.visible()
    hidden = [artifact for artifact in every if artifact.filename not in visible]
    new = bool(hidden or not past.current.number)
    releases = bool(sets) and (new or _differ(sets, past, visible))
    # A mere repair of an index needs no release.
    if new or releases or not consistency.whole(change.layout, past):
        fresh = [a for a in hidden if a.filename not in past.published]
        _refuse_strangers(fresh, change)
        if releases:
            _refuse_parts(sets, visible | {a.filename for a in hidden})
        change.add(hidden, sets if releases else {})
    return mended


def commit(change: Change, mended: tuple[str, ...]) -> Promotion:
    """Commit what `promote` added to a change, if anything; `mended` is what it returned."""
    if not change.kind:
        return Promotion(generation=change.past.current, added=(), mended=mended)
    done = change.commit()
    return Promotion(
        generation=done.generation,
        added=done.generation.added,
        release=done.generation.number if done.generation.cells else 0,
        mended=(*mended, *done.mended),
    )


def _differ(cells: Mapping[str, tuple[str, ...]], past: History, visible: set[str]) -> bool:
    """Whether a cell's packages differ from those of its newest visible release."""
    newest: dict[str, tuple[str, ...]] = {}
    for one in past.releases(past.current.number, visible):
        newest.update(one.cells)
    return any(newest.get(cell) != names for cell, names in cells.items())


def _refuse_changed(artifacts: Sequence[Artifact], past: History, channel: Channel) -> None:
    changed = []
    for artifact in artifacts:
        there = past.published.get(artifact.filename)
        if there and (there.sha256, there.subdir) != (artifact.sha256, artifact.subdir):
            inputs = "the same inputs" if there.key == artifact.key else "other inputs"
            changed.append(f"{artifact.filename} (from {inputs})")
    if changed:
        raise RefusedError(
            f"{channel} has other files of the same names: {listed(sorted(changed))}",
            "Nothing was changed. Published files are never overwritten, hidden or not: plan "
            "again, which gives new build numbers, or promote into another channel.",
        )


def _refuse_strangers(fresh: Sequence[Artifact], change: Change) -> None:
    strangers = [a.filename for a in fresh if os.path.lexists(_place(change, a))]
    if strangers:
        raise RefusedError(
            f"{change.channel} has foreign files: {listed(sorted(strangers))}",
            "Nothing was changed. Move them away.",
        )


def _refuse_parts(cells: Mapping[str, Collection[str]], visible: set[str]) -> None:
    for cell, names in cells.items():
        if missing := sorted(set(names) - visible):
            raise RefusedError(f"The release of {cell} is incomplete: {listed(missing)}")


def _mend(
    published: Sequence[Artifact], change: Change, rebuilt: Collection[str]
) -> tuple[str, ...]:
    """Restore files that are missing or damaged for readers."""
    mended = []
    for artifact in published:
        place = _place(change, artifact)
        try:
            right = place.stat().st_size == artifact.size
        except FileNotFoundError:
            right = False
        if right and artifact.filename in rebuilt:
            right = sha256_of(place) == artifact.sha256
        if not right:
            change.record(artifact)  # it reads every byte
            part = partial(place)
            part.unlink(missing_ok=True)
            link(artifact.path, part)
            os.rename(part, place)
            mended.append(artifact.filename)
    return tuple(mended)


def _place(change: Change, artifact: Artifact) -> Path:
    return change.layout.package(artifact.subdir, artifact.filename)
