"""Every failure a user can meet: one class each, with its exit code and its remedy.

The exit codes are part of the command line's contract: 1 a build, audit or smoke test failed;
2 usage or configuration; 3 a source or the network failed; 4 the machine lacks something;
5 refused; 130 interrupted.
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
    """A text in which addresses do not tell the user's name and password that they have.

    >>> without_password("https://me:secret@example.org/x cannot be read")
    'https://...@example.org/x cannot be read'
    """
    return _USER.sub("...", text)


class RootstockError(Exception):
    """A failure that is told to the user as `message`, then `remedy`, and ends with `code`."""

    code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = without_password(message)
        self.remedy = without_password(remedy)


class UsageError(RootstockError):
    """An option, a file of configuration or a name that cannot be."""

    code = 2


class RecipeError(UsageError):
    """A recipe that cannot be read, rendered or built.

    `line` is where in the file the reason is, 0 when that is not known.
    """

    def __init__(self, path: Path, reason: str, remedy: str = "", *, line: int = 0) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(
            f"{place}: {reason}", remedy or "Mend the recipe; docs/recipes.md has the format."
        )
        self.path, self.line = path, line


class SourceError(RootstockError):
    """A source that could not be had, or is not what its sha256 says."""

    code = 3


class MachineError(RootstockError):
    """Something the machine lacks: a program, a kernel feature, space on the disk."""

    code = 4


class NoSpace(MachineError):
    """A full disk, a quota that is used up, or a file that may not become larger."""

    def __init__(self, place: Path | str, reason: str = "") -> None:
        super().__init__(
            f"No space left for {place}" + (f": {reason}" if reason else ""),
            "Free some there (or raise the limit: `ulimit -f`, a quota) and run the same command "
            "again: what was finished is kept. The store can be elsewhere: set ROOTSTOCK_HOME.",
        )


class Damaged(MachineError):
    """A folder of the store that is there, and not what it was."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} is damaged: {reason}",
            "Run the same command again, which makes it anew; see if the disk is sound.",
        )
        self.folder = folder


class RefusedError(RootstockError):
    """Something rootstock will not do: overwrite, publish what is not whole or not proven."""

    code = 5


class InterruptedByUser(RootstockError):
    """Ctrl-C, or a request to end."""

    code = 130


class BuildFailed(RootstockError):
    """A build script, or the builder itself, failed.

    `stage` is how far the build was. `over` is the limit for which it was ended, if it was, and
    `limit` that limit in seconds or bytes. `record` is the file in which the store keeps the
    failure, once it does.
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
            "": f"failed at its {stage}",
            "time": f"was ended at its {stage}: it took more than {limit:.0f} s, the limit",
            "memory": f"was ended at its {stage}: it held more than {limit / 1e9:.2f} GB of "
            "memory, the limit",
        }
        lines = "\n".join(f"    {line}" for line in tail[-_TAIL:])
        higher = f" (a higher one: --{over}-limit)" if over else ""
        super().__init__(
            f"{node} did not build, it {reasons[over]}. Its last lines:\n{lines}",
            f"Whole log: {log}{higher}",
        )
        self.node, self.log, self.tail = node, log, tuple(tail)
        self.stage, self.over, self.limit = stage, over, limit


class FailedBefore(BuildFailed):
    """A build that failed in an earlier run (`before` says when), and would do so again."""

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
        self.message = f"not tried again, because nothing changed since ({before}): {self.message}"
        self.remedy += "\nChange the recipe, or try it as it is with --retry."


class VerifyFailed(RootstockError):
    """A package that does not come out the same when it is built again."""


class AuditFailed(RootstockError):
    """A package that breaks a promise every package makes."""


class SmokeFailed(RootstockError):
    """A staged set that does not work when installed."""


class PackFailed(RootstockError):
    """A file or an environment that was to be taken offline and could not be made."""


# How the system tells that a disk is full, or that the user's quota of it is.
FULL = (errno.ENOSPC, errno.EDQUOT)
# The same, and that a file may not be larger, as the programs that are called here tell it.
_CODES = (*FULL, errno.EFBIG)
_FULL = (*map(os.strerror, _CODES), *(f"os error {code})" for code in _CODES))


def tells_of_no_space(output: str) -> bool:
    """Whether a program ended, by what it said, because a disk was full."""
    return any(words in output for words in _FULL)


# Why a place that a user named cannot be written, however often it is tried.
_UNWRITABLE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG),
)


@contextmanager
def unwritable_told(place: Path | str) -> Iterator[None]:
    """Raise `UsageError` where a place cannot be written, and `NoSpace` where it is full."""
    try:
        with no_space_told(place):
            yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise UsageError(
            f"{place} cannot be written: {error.strerror} ({error.filename or place})",
            "Name a folder that you may write, or have that one mended.",
        ) from error


@contextmanager
def no_space_told(place: Path | str) -> Iterator[None]:
    """Raise `NoSpace` for `place` where a call to the system fails because a disk is full.

    A file that is too large is the machine's lack, too: a limit of the shell, or of a file system.
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
