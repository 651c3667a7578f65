"""Hiding: packages leave the index, and stay where they are.

Who has their address, as a lock file does, can still install them. What hides a package is a
generation like any other: a rollback or the promotion of the same bytes shows it again, and its
name is never used for other bytes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rootstock.channel import generation, index, switch
from rootstock.channel.generation import Generation, History
from rootstock.channel.rollback import Change, compare, existing
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.names import listed


def hide(
    channel: Path,
    wanted: Sequence[str],
    *,
    force: bool = False,
    dry: bool = False,
    show: switch.Show | None = None,
) -> Change:
    """Take packages out of the index: those with these file names, or that match these specs.

    A release is visible only if all its packages are. So a package that a visible release has
    is refused, but with `force`: then the release disappears with it. With `dry` nothing is
    done. `show` writes the page of a generation.

    Raises `UsageError` when nothing visible matches, or the channel cannot be written;
    `RefusedError` when a release would go, when another process is writing, or the channel is
    damaged.
    """
    if dry:
        return _plan(channel, generation.history(existing(channel)), wanted, force)[1]
    with switch.writing(existing(channel)) as past:
        new, change = _plan(channel, past, wanted, force)
        changes: dict[str, dict[str, index.Record | None]] = defaultdict(dict)
        for name in new.hidden:
            changes[past.published[name].subdir][name] = None
        mended = switch.switch(channel, past, new, changes, show=show)
    return replace(change, generation=new, mended=mended)


def _plan(
    channel: Path, past: History, wanted: Sequence[str], force: bool
) -> tuple[Generation, Change]:
    """The generation that hides these packages, and what it changes."""
    number = past.current.number
    folder = generation.folder_of(channel, number)
    names = {name for word in wanted for name in _find(word, past, folder)}
    new = Generation(
        number=number + 1,
        time=switch.now(),
        kind="hiding",
        base=number,
        hidden=tuple(sorted(names)),
    )
    change = compare(past, new)
    if change.releases_gone and not force:
        raise RefusedError(
            f"{channel}: releases have packages that would be hidden: "
            + "; ".join(_needs(past.generations[one], names) for one in change.releases_gone),
            "Nothing was changed. --force hides these releases, too; their files stay, and so "
            "does what was installed from them.",
        )
    return new, change


def _needs(release: Generation, names: set[str]) -> str:
    """Which of some packages a release has, and in which cells."""
    cells = {cell: names & set(files) for cell, files in release.cells.items()}
    files = sorted(set().union(*cells.values()))
    return f"{release.number} ({listed(files)} of {listed(c for c, n in cells.items() if n)})"


def _find(word: str, past: History, folder: Path) -> list[str]:
    """The visible packages that a file name or a spec means; at least one."""
    visible = past.visible()
    filename = Path(word).name
    if filename in visible:
        return [filename]
    if filename in past.published:
        raise UsageError(f"{filename} is hidden already")
    found = [name for name in _matching(word, folder) if name in visible]
    if not found:
        raise UsageError(
            f"No visible package is or matches {word!r}",
            "Give file names, or specs as conda has them: 'pyroot 6.38.*', 'numpy 2.0.2 py39*'.",
        )
    return found


def _matching(word: str, folder: Path) -> Iterator[str]:
    from rattler import BuildString, MatchSpec, PackageRecord
    from rattler.exceptions import InvalidMatchSpecError

    try:
        spec = MatchSpec(word)
    except InvalidMatchSpecError as error:
        raise UsageError(f"{word!r} is neither a file name nor a spec: {error}") from error
    for subdir in (path.parent for path in folder.glob(f"*/{index.TABLE}")):
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
