"""The errors that a user can meet: each class has an exit code and a remedy.

The exit codes are part of the command line's contract:

- 1: a build, audit or smoke test failed.
- 2: usage or configuration.
- 3: a source or the network failed.
- 4: the machine lacks something.
- 5: refused.
- 130: interrupted.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_TAIL = 30  # lines of a log that a failure shows


_USER = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")


def without_password(text: str) -> str:
    """Replace the user name and password in the addresses of a text.

    >>> without_password("https://me:secret@example.org/x cannot be read")
    'https://...@example.org/x cannot be read'
    """
    return _USER.sub("...", text)


class RootstockError(Exception):
    """An error that the user sees as `message` and `remedy`; `code` is the exit code."""

    code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = without_password(message)
        self.remedy = without_password(remedy)


class UsageError(RootstockError):
    """An option, a configuration file or a name is wrong."""

    code = 2


class RecipeError(UsageError):
    """A recipe that cannot be read, rendered or built.

    `line` is the line of the file with the reason, 0 when it is not known.
    """

    def __init__(self, path: Path, reason: str, remedy: str = "", *, line: int = 0) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(
            f"{place}: {reason}", remedy or "Correct the recipe; docs/recipes.md has the format."
        )
        self.path, self.line = path, line


class SourceError(RootstockError):
    """A source could not be fetched, or does not match its sha256."""

    code = 3


class MachineError(RootstockError):
    """The machine lacks something: a program, a kernel feature, disk space."""

    code = 4


class NoSpace(MachineError):
    """The disk is full, a quota is used up, or a file may not grow."""

    def __init__(self, place: Path | str, reason: str = "") -> None:
        super().__init__(
            f"No space left for {place}" + (f": {reason}" if reason else ""),
            "Free some space (or raise the limit: `ulimit -f`, a quota) and run the same command "
            "again; finished work is not repeated. To move the store, set ROOTSTOCK_HOME.",
        )


class Damaged(MachineError):
    """A folder of the store that changed since it was sealed."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} is damaged: {reason}",
            "Run the same command again to recreate it, and check the disk.",
        )
        self.folder = folder


class RefusedError(RootstockError):
    """Rootstock refuses: it does not overwrite, nor publish what is incomplete or unproven."""

    code = 5


class InterruptedByUser(RootstockError):
    """The user pressed Ctrl-C or sent a signal to end."""

    code = 130


class BuildFailed(RootstockError):
    """A build script, or the builder itself, failed.

    `stage` is the stage that the build reached. `over` is the limit that the build exceeded, if
    any, and `limit` its value in seconds or bytes. `record` is the file of the store that records
    the failure, once there is one.
    """

    record: Path | None = None

    def __init__(
        self,
        node: str,
        log: Path,
        tail: Sequence[str],
        *,
        stage: str = "script",
        over: Literal["", "time", "memory"] = "",
        limit: float = 0.0,
    ) -> None:
        reasons = {
            "": f"failed at stage {stage}",
            "time": f"was stopped at stage {stage}: it took more than {limit:.0f} s",
            "memory": f"was stopped at stage {stage}: "
            f"it used more than {limit / 1e9:.2f} GB of memory",
        }
        lines = "\n".join(f"    {line}" for line in tail[-_TAIL:])
        higher = f" (a higher one: --{over}-limit)" if over else ""
        super().__init__(
            f"{node} did not build: it {reasons[over]}. Its last lines:\n{lines}",
            f"Whole log: {log}{higher}",
        )
        self.node, self.log, self.tail = node, log, tuple(tail)
        self.stage, self.over, self.limit = stage, over, limit


class FailedBefore(BuildFailed):
    """A build that failed in an earlier run (`before` says when) and has not changed since."""

    def __init__(self, failed: BuildFailed, before: str) -> None:
        super().__init__(
            failed.node,
            failed.log,
            failed.tail,
            stage=failed.stage,
            over=failed.over,
            limit=failed.limit,
        )
        self.record = failed.record
        self.message = f"not built again, because nothing changed since ({before}): {self.message}"
        self.remedy += "\nChange the recipe, or build it again as it is with --retry."


class VerifyFailed(RootstockError):
    """A package whose rebuild differs, or a release that is not intact."""


class AuditFailed(RootstockError):
    """A package that breaks a rule for all packages."""


class SmokeFailed(RootstockError):
    """A staged set that does not work once installed."""


class PackFailed(RootstockError):
    """A file or an environment for offline use that could not be made."""


# How the system reports a full disk, or a quota that is used up.
FULL = (errno.ENOSPC, errno.EDQUOT)
# The same, and a file that may not grow, as called programs report it.
_CODES = (*FULL, errno.EFBIG)
_FULL = (*map(os.strerror, _CODES), *(f"os error {code})" for code in _CODES))


def means_no_space(output: str) -> bool:
    """Whether the output of a program says that a disk was full."""
    return any(words in output for words in _FULL)


# Errors that a place named by the user gives each time: trying again does not help.
_UNWRITABLE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG),
)


@contextmanager
def raising_unwritable(place: Path | str) -> Iterator[None]:
    """Raise `UsageError` where a place cannot be written, and `NoSpace` where it is full."""
    try:
        with raising_no_space(place):
            yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise UsageError(
            f"{place} cannot be written: {error.strerror} ({error.filename or place})",
            "Name a folder that you may write, or correct this one.",
        ) from error


@contextmanager
def raising_no_space(place: Path | str) -> Iterator[None]:
    """Raise `NoSpace` for `place` where a system call fails because a disk is full.

    Raise `MachineError` where a file exceeds a limit of the shell or of a file system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(error.filename or place) from error
        if error.errno == errno.EFBIG:
            raise MachineError(
                f"a file would be too large: {error.filename or place}",
                "Lift the limit of this shell (ulimit -f unlimited); see `rootstock doctor`.",
            ) from error
        raise
