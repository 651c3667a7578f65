"""What every place to publish to has in common.

A target has two channels: one that users read, and a staged one beside it that nobody does.
`publish.py` drives all targets the same way: look, put what is missing, read it back and test
it from the staged channel, then show it in one step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rootstock.core.errors import RefusedError, SourceError
from rootstock.publish.snapshot import ChannelSnapshot, Package

Told = Callable[[Package, int], None]  # how many bytes of a package have been sent


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file that a target has: whether it is in the staged channel, and in that of the users.

    `sha256` is what the target says, and empty when it does not say.
    """

    sha256: str
    staged: bool
    shown: bool


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """What a target has of a parcel, by path, and whether users see just that state already."""

    files: Mapping[str, RemoteFile]
    settled: bool

    def missing(self, snapshot: ChannelSnapshot) -> tuple[Package, ...]:
        """The packages that are not staged."""
        staged = {path for path, there in self.files.items() if there.staged}
        return tuple(package for package in snapshot.packages if package.path not in staged)

    def hidden(self, snapshot: ChannelSnapshot) -> tuple[Package, ...]:
        """The packages that users do not see."""
        shown = {path for path, there in self.files.items() if there.shown}
        return tuple(package for package in snapshot.packages if package.path not in shown)


class Target(Protocol):
    """A place to publish to.

    All its methods raise `Passing` for what may pass, `Conflict` when a file appeared meanwhile,
    and other errors of rootstock's for what will not. Each can be called again after any of them.
    """

    @property
    def name(self) -> str:
        """What to call it, for people."""

    @property
    def staged_url(self) -> str:
        """The URL of the staged channel, without a slash at its end."""

    @property
    def shown_url(self) -> str:
        """The URL of the channel that users read, likewise."""

    def url_of(self, package: Package) -> str:
        """The URL at which what was put there can be had, also while it is not shown."""

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """What is there already. Raises `RefusedError` when the target is not fit for it."""

    def put(self, snapshot: ChannelSnapshot, look: RemoteState, told: Told) -> None:
        """Have what is missing in the staged channel, with all others of the parcel."""

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Let users see the whole of the parcel, in one step as far as the target has one."""


class TransientError(SourceError):
    """A failure of a network or a server that may have passed the next time."""


class Conflict(RefusedError):
    """A file that appeared at the target while it was being put there."""


class Missing(SourceError):
    """Something that is not there: HTTP's 404."""
