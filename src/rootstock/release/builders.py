"""Counts the builders of packages: the trusted keys whose signed statements name their bytes.

A statement is that of `rootstock verify --against`, or the publish attestation of a release. It
counts for a file of exactly its name and sha256. What no trusted key has signed does not count.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel.layout import release_dir
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import ATTESTATIONS, BUILDERS
from rootstock.core import regular
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.formatting import counted
from rootstock.core.names import listed
from rootstock.release import attest
from rootstock.release.keys import Public

_SHORT = 16  # characters of a key's id that a message shows
_REMEDY = (
    "The other builder runs `rootstock verify --against CHANNEL --write FILE`. Give that file with "
    "--attestation, and the builder's public key with --key."
)


@dataclass(frozen=True, kw_only=True)
class Builders:
    """How many builders packages need, and the keys that may be theirs, each once.

    `statements` are the texts of attestations that other builders handed over.
    """

    count: int
    trusted: tuple[Public, ...]
    statements: tuple[str, ...] = ()

    def lacking(
        self,
        packages: Mapping[str, str],
        published: Iterable[bytes] = (),
        own: Collection[str] = (),
    ) -> str:
        """Say which packages have too few builders, and which keys they lack; empty for none.

        One builder is whoever made them, so nothing is asked of its key.

        `packages` has the sha256 of each by file name. `published` are further statements. `own`
        are the ids of keys that stand behind all of the packages.
        """
        if self.count == 1:
            return ""
        signed = _signed((*self.statements, *published), self.trusted)
        behind = {
            name: {*own, *signed.get((name, sha256), ())} for name, sha256 in packages.items()
        }
        few = [name for name in sorted(behind) if len(behind[name]) < self.count]
        if not few:
            return ""
        lines = [
            f"{self.count} builders are asked for, and {len(few)} of "
            f"{counted(len(packages), 'package')} have fewer."
        ]
        for key in self.trusted:
            if names := [name for name in few if key.id not in behind[name]]:
                lines.append(f"Key {key.id[:_SHORT]} has not signed: {listed(names)}")
        return "\n".join(lines)

    def require(
        self,
        packages: Mapping[str, str],
        published: Iterable[bytes] = (),
        own: Collection[str] = (),
    ) -> None:
        """Raise `RefusedError` where `lacking` says something."""
        if lacking := self.lacking(packages, published, own):
            raise RefusedError(lacking, _REMEDY)


def builders(count: int, trusted: Iterable[Public], files: Sequence[Path]) -> Builders:
    """Read the statements in `files`, each of which a trusted key must have signed.

    Raises `UsageError` when fewer than `count` keys are trusted or a file cannot be read, and
    `RefusedError` for a statement that is no trusted builder's.
    """
    keys = tuple({key.id: key for key in trusted}.values())
    if len(keys) < count:
        raise UsageError(
            f"{count} builders are asked for, but only {counted(len(keys), 'key')} could count",
            "Name the public keys of the other builders with --key. Your own is `rootstock keys "
            "show`.",
        )
    return Builders(
        count=count, trusted=keys, statements=tuple(_read(file, keys) for file in files)
    )


def _read(file: Path, trusted: Sequence[Public]) -> str:
    try:
        text = regular.read(file).decode()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    try:
        attest.vouched(attest.opened(text, trusted))
    except ValueError as error:
        raise RefusedError(
            f"{file} {error}", "Use what `rootstock verify --against` wrote, and --key for its key."
        ) from error
    return text


def published(channel: Channel, releases: Iterable[int], filenames: Collection[str]) -> list[bytes]:
    """Return the statements in releases of a channel about these packages, whoever signed them.

    Raises `UsageError` for a release that cannot be read, `SourceError` when the channel does not
    answer.
    """
    wanted = {f"{ATTESTATIONS}/{filename}.json" for filename in filenames}
    found = []
    for number in releases:
        for name in channel.release(number).files:
            if name in wanted or name.startswith(f"{BUILDERS}/"):
                with suppress(FileNotFoundError):
                    found.append(channel.place.read(f"{release_dir(number)}/{name}"))
    return found


def _signed(
    texts: Iterable[str | bytes], trusted: Sequence[Public]
) -> Mapping[tuple[str, str], set[str]]:
    """Return the ids of the trusted keys that signed for each file, by its name and sha256."""
    signed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for text in texts:
        with suppress(ValueError):  # what is no trusted key's statement does not count
            for file in attest.vouched(attest.opened(text, trusted)):
                signed[file].add(attest.signer_of(text))
    return signed
