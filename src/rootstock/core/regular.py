"""Files that end: what others may have put in a file's place is never waited for.

A channel may be a copy that somebody else made. To open a pipe waits for whoever writes to it, and
a device such as /dev/zero has no end.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def read(path: Path) -> bytes:
    """What is in a file; raises as `opened` does."""
    with opened(path) as file:
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to be read. Raises `OSError` when it cannot be, also when it is a pipe or a device."""
    with open(path, "rb", opener=_open) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        yield file


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
