"""The known vulnerabilities of the packages that a channel shows, from its releases' SBOMs."""

from collections.abc import Mapping
from dataclasses import dataclass

from rootstock.channel.reader import Channel
from rootstock.core.errors import UsageError
from rootstock.plan.security import FIXED
from rootstock.release import compare, vex
from rootstock.release.vex import Stated


@dataclass(frozen=True, kw_only=True)
class Vulnerabilities:
    """Vulnerabilities by their state, each once for a package.

    `later` are revisions of Debian that nobody looked at, by package, of all its versions.
    `untracked` are packages that were compared with nothing.
    """

    open: tuple[Stated, ...]
    patched: tuple[Stated, ...]
    harmless: tuple[Stated, ...]
    later: Mapping[str, str]
    untracked: tuple[str, ...]


def of_channel(channel: Channel) -> Vulnerabilities:
    """Read the SBOMs of the releases that a channel shows.

    Raises `UsageError` when it shows none or one cannot be read, and `SourceError` when a file is
    damaged or the channel does not answer.
    """
    stated: dict[Stated, None] = {}
    later: dict[str, dict[str, None]] = {}
    untracked: set[str] = set()
    channel.release_named("latest")  # reports a channel without releases
    for entry in channel.releases():
        record = channel.release(entry.release)
        for cell in record.cells.values():
            name = cell.files["sbom"]
            text = compare.read(channel.place, record, name)
            try:
                found = vex.read(text)
            except ValueError as error:
                raise UsageError(f"{name} of release {entry.release} {error}") from error
            stated |= dict.fromkeys(found.stated)
            for package, revisions in found.later.items():
                later.setdefault(package, {}).update(dict.fromkeys(revisions.split()))
            untracked |= {*found.untracked}
    patched = tuple(one for one in stated if one.state == FIXED)
    open_ = tuple(one for one in stated if one.open)
    return Vulnerabilities(
        open=open_,
        patched=patched,
        harmless=tuple(one for one in stated if one not in patched and not one.open),
        later={package: " ".join(some) for package, some in later.items()},
        untracked=tuple(sorted(untracked)),
    )
