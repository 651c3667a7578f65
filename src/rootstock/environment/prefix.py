"""Prefixes: the folders of environments, each made by one command at a time.

While an environment is made, its folder has a file in it, the mark, which the command holds
locked. A mark that nobody holds was left by a command that was killed, so that everything in the
folder is half of an environment: the next command removes it and begins anew.

The folder is never made elsewhere and renamed: installing writes its path into files, and the
folder above it may be one that nothing can be written to.
"""

import errno
import fcntl
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootstock.core import names, store
from rootstock.core.errors import RefusedError, UsageError, raising_no_space
from rootstock.core.names import NotAllowed

MARK = ".rootstock-unfinished"
_NOT_EMPTY = "Choose another prefix."
# Of a file system that cannot lock. There, two commands at once are not told from one.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def checked(text: str) -> Path:
    """The absolute path of a prefix that a user named.

    Raises `UsageError` when an environment could not be used there, also when that is so only
    where a link in the path leads.
    """
    try:
        path = Path(names.prefix(text)).absolute()
        names.prefix(str(path))
        names.prefix(os.path.realpath(path))
    except NotAllowed as error:
        raise UsageError(
            str(error), "Choose another prefix; docs/users.md has the rule."
        ) from error
    return path


@dataclass(frozen=True)
class Claim:
    """A prefix that is this command's alone, and whether it had half an environment in it."""

    path: Path
    leftover: bool

    def clear(self) -> None:
        """Remove all that is in it but the mark."""
        for name in _others(self.path):
            found = self.path / name
            if found.is_dir() and not found.is_symlink():
                store.remove(found)
            else:
                found.unlink(missing_ok=True)


@contextmanager
def claimed(prefix: Path) -> Iterator[Claim]:
    """Have a folder at `prefix` that is empty, and for this command alone.

    What the caller puts there stays. After an exception the folder is as it was: empty, or not
    there.

    Raises `UsageError` when it has something in it, or cannot be made, and `RefusedError` when
    another command is making an environment there.
    """
    try:
        with raising_no_space(prefix):
            mark, made, leftover = _lock(prefix)
    except OSError as error:
        raise UsageError(f"{error.filename or prefix} cannot be made: {error.strerror}") from error
    claim = Claim(prefix, leftover)
    try:
        try:
            if leftover:
                claim.clear()
            yield claim
        except BaseException:
            with suppress(FileNotFoundError):  # somebody else removed it
                claim.clear()
                (prefix / MARK).unlink()
                if made:
                    with suppress(OSError):  # somebody else put something there
                        prefix.rmdir()
            raise
        (prefix / MARK).unlink(missing_ok=True)
    finally:
        os.close(mark)


def _lock(prefix: Path) -> tuple[int, bool, bool]:
    """Lock the mark, which is made if there is none.

    Returns its open file, whether the folder is to be removed if all fails, and whether there is
    half an environment.
    """
    while True:
        made = _make(prefix)
        here = MARK in (there := os.listdir(prefix))
        if there and not here:
            raise UsageError(f"{prefix} is there and not empty", _NOT_EMPTY)
        try:
            mark = os.open(prefix / MARK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:  # a command that failed has just removed the folder
            continue
        try:
            if found := _claim(prefix, mark, made):
                return mark, *found
        except BaseException:
            os.close(mark)
            raise
        os.close(mark)


def _make(prefix: Path) -> bool:
    try:
        prefix.mkdir(parents=True)
    except FileExistsError:
        if not prefix.is_dir():
            raise UsageError(f"{prefix} is there and no folder", _NOT_EMPTY) from None
        return False
    return True


def _claim(prefix: Path, mark: int, made: bool) -> tuple[bool, bool] | None:
    """What `_lock` returns beside the file; nothing when the mark has been removed meanwhile."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        by = _read(mark).get("by", "another command")
        raise RefusedError(
            f"an environment is being made in {prefix} by {by}",
            "Wait until it has finished, or choose another prefix.",
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        if not os.path.samestat(os.fstat(mark), os.lstat(prefix / MARK)):
            return None
    except FileNotFoundError:
        return None
    folder = os.stat(prefix).st_ino
    told = _read(mark)
    ours = told.get("folder") == folder
    leftover = bool(_others(prefix))
    if leftover and not ours:  # another command finished since this one looked; or a copy
        if not told:
            os.unlink(prefix / MARK)
        raise UsageError(f"{prefix} is there and not empty", _NOT_EMPTY)
    made = made or (ours and told.get("made") is True)
    os.ftruncate(mark, 0)
    os.pwrite(mark, json.dumps({"folder": folder, "made": made, "by": _who()}).encode(), 0)
    return made, leftover


def _read(mark: int) -> dict[str, Any]:
    try:
        told = json.loads(os.pread(mark, 1 << 12, 0))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _others(prefix: Path) -> list[str]:
    return [name for name in os.listdir(prefix) if name != MARK]


def _who() -> str:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a uid without a name, as in many containers
        user = f"uid {os.getuid()}"
    return f"{user} on {os.uname().nodename}, process {os.getpid()}"
