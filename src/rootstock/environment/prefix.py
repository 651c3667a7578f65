"""Prefixes: the folders of environments; only one command at a time makes one.

While a command makes an environment, its folder contains a file, the mark, which the command locks.
An unlocked mark was left by a killed command, and everything in the folder is an unfinished
environment: the next command removes it and begins again.

The folder is never made elsewhere and renamed: installing writes its path into files, and the
folder above it may be read-only.
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
# Errors of a file system that cannot lock. There, two parallel commands go unnoticed.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def checked(text: str) -> Path:
    """Return the absolute path of a prefix that a user named.

    Raises `UsageError` when an environment would not work there, or where a link in the path leads.
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
    """A prefix that belongs to this command, and whether an unfinished environment was in it."""

    path: Path
    leftover: bool

    def clear(self) -> None:
        """Remove everything in it but the mark."""
        for name in _others(self.path):
            found = self.path / name
            if found.is_dir() and not found.is_symlink():
                store.remove(found)
            else:
                found.unlink(missing_ok=True)


@contextmanager
def claimed(prefix: Path) -> Iterator[Claim]:
    """Reserve an empty folder at `prefix` for this command.

    What the caller puts there stays. After an exception the folder is as before: empty, or absent.

    Raises `UsageError` when it is not empty, or cannot be made, and `RefusedError` when another
    command makes an environment there.
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
            with suppress(FileNotFoundError):  # another process removed it
                claim.clear()
                (prefix / MARK).unlink()
                if made:
                    with suppress(OSError):  # another process put something there
                        prefix.rmdir()
            raise
        (prefix / MARK).unlink(missing_ok=True)
    finally:
        os.close(mark)


def _lock(prefix: Path) -> tuple[int, bool, bool]:
    """Lock the mark, and make it if it is missing.

    Returns its open file, whether to remove the folder after a failure, and whether an unfinished
    environment is in it.
    """
    while True:
        made = _make(prefix)
        here = MARK in (there := os.listdir(prefix))
        if there and not here:
            raise UsageError(f"{prefix} exists and is not empty", _NOT_EMPTY)
        try:
            mark = os.open(prefix / MARK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:  # a failed command has just removed the folder
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
            raise UsageError(f"{prefix} exists and is not a folder", _NOT_EMPTY) from None
        return False
    return True


def _claim(prefix: Path, mark: int, made: bool) -> tuple[bool, bool] | None:
    """Return what `_lock` returns beside the file, or None when the mark was removed meanwhile."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        by = _read(mark).get("by", "another command")
        raise RefusedError(
            f"{by} is making an environment in {prefix}",
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
    content = _read(mark)
    ours = content.get("folder") == folder
    leftover = bool(_others(prefix))
    if leftover and not ours:  # another command finished meanwhile; or a copy
        if not content:
            os.unlink(prefix / MARK)
        raise UsageError(f"{prefix} exists and is not empty", _NOT_EMPTY)
    made = made or (ours and content.get("made") is True)
    os.ftruncate(mark, 0)
    os.pwrite(mark, json.dumps({"folder": folder, "made": made, "by": _who()}).encode(), 0)
    return made, leftover


def _read(mark: int) -> dict[str, Any]:
    try:
        content = json.loads(os.pread(mark, 1 << 12, 0))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _others(prefix: Path) -> list[str]:
    return [name for name in os.listdir(prefix) if name != MARK]


def _who() -> str:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a uid without a name, as in many containers
        user = f"uid {os.getuid()}"
    return f"{user} on {os.uname().nodename}, process {os.getpid()}"
