"""Channels by their folders: what tests do to one, and what they read of it, in a word each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.channel import hiding
from rootstock.channel import promote as promotion
from rootstock.channel import rollback as rollbacks
from rootstock.channel.generation import Generation, History
from rootstock.channel.promote import Promotion
from rootstock.channel.reader import Channel
from rootstock.channel.rollback import Effect
from rootstock.publish import snapshot
from rootstock.publish.snapshot import ChannelSnapshot

# Makes the files of a release, by their paths, from its number and time.
Release = Callable[[int, str], Mapping[str, str]]


def promote(
    artifacts: Sequence[Artifact],
    folder: Path,
    rebuilt: Collection[str] = (),
    *,
    cells: Mapping[str, Collection[str]] | None = None,
    release: Release | None = None,
    wait: float = 60.0,
) -> Promotion:
    """Promote as a run does, whose release `release` makes."""
    promotion.refuse_unpublishable(artifacts)
    with Channel.at(folder).write(create=True, wait=wait) as change:
        sets = cells if release else None
        mended = promotion.promote(change, artifacts, rebuilt, cells=sets)
        if change.cells and release:
            change.attach(release(change.number, change.time))
        return promotion.commit(change, mended)


def rollback(folder: Path, to: int | None = None, *, dry: bool = False) -> Effect:
    return rollbacks.rollback(Channel.at(folder), to, dry=dry)


def hide(folder: Path, wanted: Sequence[str], *, force: bool = False, dry: bool = False) -> Effect:
    return hiding.hide(Channel.at(folder), wanted, force=force, dry=dry)


def history(folder: Path) -> History:
    return Channel.at(folder).history()


def current(folder: Path) -> Generation:
    return Channel.at(folder).current()


def keys(folder: Path) -> Mapping[str, tuple[str, str]]:
    return Channel.at(folder).keys()


def load(folder: Path, number: int | None = None) -> ChannelSnapshot:
    return snapshot.load(Channel.at(folder), number)


# The beginning of a program, for a process of its own, that uses these functions.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from channels import current, hide, history, load, promote, rollback
"""
