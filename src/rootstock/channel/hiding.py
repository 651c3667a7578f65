"""Hides packages: they leave the index, but their files stay.

A user with their address, for example in a lock file, can still install them. A generation like any
other hides a package: a rollback or the promotion of the same bytes shows it again, and its name is
never used for other bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rootstock.channel import index
from rootstock.channel.generation import Generation, History
from rootstock.channel.reader import Channel
from rootstock.channel.rollback import Effect, compare, existing
from rootstock.channel.writer import now
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.names import listed


def hide(
    channel: Channel, wanted: Sequence[str], *, force: bool = False, dry: bool = False
) -> Effect:
    """Remove packages from the index: those with these file names, or that match these specs.

    A release is visible only if all its packages are. So a package of a visible release is refused,
    unless `force` hides the release with it. With `dry` nothing happens.

    Raises `UsageError` when nothing visible matches, or the channel cannot be written;
    `RefusedError` when a release would disappear, when another process is writing, or the channel
    is damaged.
    """
    if dry:
        return _plan(existing(channel), channel.history(), wanted, force)[1]
    with existing(channel).write() as change:
        names, effect = _plan(channel, change.past, wanted, force)
        change.hide(names)
        done = change.commit()
    return replace(effect, generation=done.generation, mended=done.mended)


def _plan(
    channel: Channel, past: History, wanted: Sequence[str], force: bool
) -> tuple[set[str], Effect]:
    """Return the file names to hide, and what that changes for readers."""
    number = past.current.number
    names = {name for word in wanted for name in _find(word, past, channel)}
    hidden = tuple(sorted(names))
    new = Generation(number=number + 1, time=now(), kind="hiding", base=number, hidden=hidden)
    effect = compare(past, new)
    if effect.releases_gone and not force:
        raise RefusedError(
            f"{channel}: releases need packages that would be hidden: "
            + "; ".join(_needs(past.generations[one], names) for one in effect.releases_gone),
            "Nothing was changed. --force hides these releases, too; their files stay, and "
            "so do installed environments.",
        )
    return names, effect


def _needs(release: Generation, names: set[str]) -> str:
    """Name the packages that a release has, and its cells."""
    cells = {cell: names & set(files) for cell, files in release.cells.items()}
    files = sorted(set().union(*cells.values()))
    return f"{release.number} ({listed(files)} of {listed(c for c, n in cells.items() if n)})"


def _find(word: str, past: History, channel: Channel) -> list[str]:
    """Return the visible packages that a file name or a spec means; at least one."""
    visible = past.visible()
    filename = Path(word).name
    if filename in visible:
        return [filename]
    if filename in past.published:
        raise UsageError(f"{filename} is hidden already")
    found = [name for name in _matching(word, channel, past) if name in visible]
    if not found:
        raise UsageError(
            f"No visible package is or matches {word!r}",
            "Give file names, or conda's specs: 'pyroot 6.38.*', 'numpy 2.0.2 py39*'.",
        )
    return found


def _matching(word: str, channel: Channel, past: History) -> Iterator[str]:
    from rattler import BuildString, MatchSpec, PackageRecord
    from rattler.exceptions import InvalidMatchSpecError

    try:
        spec = MatchSpec(word)
    except InvalidMatchSpecError as error:
        raise UsageError(f"{word!r} is neither a file name nor a spec: {error}") from error
    for subdir in channel.indexed(past.current.number):
        for name, entry in index.read(subdir).items():
            if spec.name and entry["name"] != spec.name.normalized:
                continue
            record = PackageRecord(
                entry["name"],
                entry["version"],
                BuildString(entry["build"]),
                entry["build_number"],
                subdir.name,
                sha256=bytes.fromhex(entry["sha256"]),
                license=entry.get("license"),
            )
            if spec.matches(record):
                yield name
