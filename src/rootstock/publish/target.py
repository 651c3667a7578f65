"""The interface of all targets of publishing.

A target has two channels: one that users read, and a staged one beside it that nobody reads.
`publish.py` drives all targets the same way: look, put missing packages, read them back and test
them from the staged channel, then show them in one step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rootstock.core.errors import RefusedError, SourceError
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage

Notify = Callable[[SnapshotPackage, int], None]  # called with the bytes of a package sent so far


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file at a target: whether it is in the staged channel, and in that of the users.

    `sha256` is from the target, and empty when the target does not give it.
    """

    sha256: str
    staged: bool
    shown: bool


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """The files of a snapshot at a target, by path, and whether users already see that state."""

    files: Mapping[str, RemoteFile]
    settled: bool

    def missing(self, snapshot: ChannelSnapshot) -> tuple[SnapshotPackage, ...]:
        """Return the packages that are not staged."""
        staged = {path for path, there in self.files.items() if there.staged}
        return tuple(package for package in snapshot.packages if package.path not in staged)

    def hidden(self, snapshot: ChannelSnapshot) -> tuple[SnapshotPackage, ...]:
        """Return the packages that users do not see."""
        shown = {path for path, there in self.files.items() if there.shown}
        return tuple(package for package in snapshot.packages if package.path not in shown)


class Target(Protocol):
    """A place to publish to.

    All its methods raise `TransientError` for errors that may pass, `Conflict` when a file appeared
    meanwhile, and other rootstock errors for the rest. Each can be called again after any of them.
    """

    @property
    def name(self) -> str:
        """The name for people."""

    @property
    def staged_url(self) -> str:
        """The URL of the staged channel, without a slash at its end."""

    @property
    def shown_url(self) -> str:
        """The URL of the channel that users read, likewise."""

    def url_of(self, package: SnapshotPackage) -> str:
        """The URL of a file that was put there, even before it is shown."""

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Return the existing files. Raises `RefusedError` when the target is not usable."""

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        """Put missing files into the staged channel, so that it has the whole snapshot."""

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Show the whole snapshot to users, in one step as far as the target has one."""


class TransientError(SourceError):
    """A failure of a network or a server that may pass."""


class Conflict(RefusedError):
    """A file appeared at the target while it was being put there."""


class Missing(SourceError):
    """Something does not exist: HTTP's 404."""
