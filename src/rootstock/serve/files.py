"""What a channel's folder has to give to a reader: a file, and all that HTTP says of it.

A file is opened before anything is asked about it. So whoever reads while the channel switches
to another generation has the old file or the new one, whole, with the right length and tag.

Indexes are asked for much more often than they change. So small files are kept in memory, and
given again for as long as the file system says that they are the same.
"""

import errno
import os
import re
import stat
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property, lru_cache
from io import FileIO
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from rootstock.channel import generation
from rootstock.core import names
from rootstock.core.errors import RefusedError

PAGE = "index.html"
HTML = "text/html; charset=utf-8"

# RFC 8246: who has it need not ask again, not even when the user reloads.
_FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"

# The page needs its own style and nothing else, whatever is written into it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"

_TYPES = {
    ".html": HTML,
    ".json": "application/json",
    ".lock": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".yaml": "application/yaml",  # RFC 9512
    ".yml": "application/yaml",
    ".zst": "application/zstd",  # as it is: with a Content-Encoding clients would unpack it
}
_OTHER = "application/octet-stream"
_PACKAGE = ".conda"
_SHARD = re.compile(r"[^/]+/shards/[0-9a-f]{64}\.msgpack\.zst")
_ABSENT = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO),
)
SMALL = 256 * 1024  # bytes of the largest file that is kept in memory, and sent at once
_KEPT = 256  # files that are kept; together at most 64 MB

_State = tuple[int, int, int, int]


class Body(Protocol):
    """What is too large to be held, or to be sent at once."""

    def piece(self, at: int, most: int) -> bytes:
        """Some of its bytes from a place on; none where it ends. Raises `OSError`."""

    def close(self) -> None:
        """Be told that it is not needed any more."""


class OpenFile:
    """An open file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def piece(self, at: int, most: int) -> bytes:
        """Some of its bytes."""
        return os.pread(self._file.fileno(), most, at)

    def close(self) -> None:
        """Close it."""
        self._file.close()


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file has: its bytes, or what gives them piece by piece and has to be closed.

    `size` is in bytes; `modified` is a time in whole seconds, None when there is none to tell;
    `tag` is a strong entity tag, quotes included.
    """

    body: bytes | Body
    size: int
    modified: int | None
    tag: str
    type: str
    cache: str

    @cached_property
    def about(self) -> str:
        """The lines of a head that tell how it may be kept, and shown."""
        lines = f"ETag: {self.tag}\r\nCache-Control: {self.cache}\r\nAccept-Ranges: bytes\r\n"
        if self.modified is not None:
            lines += f"Last-Modified: {formatdate(self.modified, usegmt=True)}\r\n"
        if self.type == HTML:
            lines += f"Content-Security-Policy: {_POLICY}\r\nVary: Host\r\n"
        return lines

    def close(self) -> None:
        """Close what has to be closed."""
        if not isinstance(self.body, bytes):
            self.body.close()


class Folder:
    """A channel's folder, for readers. Nothing in it whose name begins with a dot is given."""

    def __init__(self, channel: Path) -> None:
        self.root = channel.resolve()
        self._within = os.path.join(self.root, "")
        self._packages: tuple[int | None, dict[str, tuple[str, int]]] = (None, {})
        self._kept: dict[str, tuple[_State, Content]] = {}

    def has_page(self) -> bool:
        """Whether the folder has a page that somebody else than rootstock put there."""
        page = self.root / PAGE
        return page.is_file() and not page.is_symlink()

    def open(self, path: str) -> Content | None:
        """The file at a path that `path_of` gave; None when there is none, or not for readers.

        Raises `OSError` when the file is there and cannot be had.
        """
        full = self._within + path
        if kept := self._kept.get(path):
            try:
                if _state(os.stat(full)) == kept[0]:
                    return kept[1]
            except OSError:
                pass
            self._kept.pop(path, None)
        try:
            file = FileIO(full, "rb", opener=_opener)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or not self._is_within(file.fileno()):
            file.close()
            return None
        if found.st_size > SMALL:
            return self._content(path, found, OpenFile(file), found.st_size)
        with file:
            body = file.read(SMALL)
        content = self._content(path, found, body, len(body))
        if len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[path] = (_state(found), content)
        return content

    def _content(self, path: str, found: os.stat_result, body: bytes | Body, size: int) -> Content:
        sha256 = self._sha256(path, size)
        own = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{size:x}"
        return Content(
            body=body,
            size=size,
            modified=int(found.st_mtime),
            tag=f'"{sha256 or own}"',
            type=_TYPES.get(os.path.splitext(path)[1], _OTHER),
            cache=_FOREVER if sha256 else ASK,
        )

    def _is_within(self, number: int) -> bool:
        """Whether an open file is the channel's own: links could lead anywhere."""
        return os.readlink(f"/proc/self/fd/{number}").startswith(self._within)

    def _sha256(self, path: str, size: int) -> str:
        """The sha256 of what is never changed, by the channel's records; else nothing."""
        if _SHARD.fullmatch(path):
            return path.rpartition("/")[2].partition(".")[0]
        if not path.endswith(_PACKAGE):
            return ""
        self.learn()
        sha256, recorded = self._packages[1].get(path, ("", 0))
        return sha256 if size == recorded else ""

    def knows(self, path: str) -> bool:
        """Whether `open` has what it takes to answer at once; `learn` is what may take long."""
        return not path.endswith(_PACKAGE) or self._packages[0] == self._number()

    def learn(self) -> None:
        """Read which packages were ever published, unless that is known.

        A second for each 50,000 packages, after each change of the channel.
        """
        now = self._number()
        if self._packages[0] == now:
            return
        known = {}
        try:
            for name, package in generation.history(self.root).published.items():
                # It becomes a line of a header.
                sha256 = names.sha256(package.sha256)
                known[f"{package.subdir}/{name}"] = (sha256, package.size)
        except (RefusedError, ValueError):
            known = {}  # then files are known by what the file system says of them
        self._kept.clear()
        self._packages = (now, known)

    def _number(self) -> int:
        try:
            return generation.current_number(self.root)
        except RefusedError:
            return 0


def _opener(path: str, flags: int) -> int:
    # Not blocking: opening a pipe would wait for somebody to write to it.
    return os.open(path, flags | os.O_NONBLOCK)


def _state(found: os.stat_result) -> _State:
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def path_of(target: str) -> str | None:
    """The path below the channel that a request's target means; None when it can be none.

    >>> path_of("/linux-64/a%2Bb.conda?x=1"), path_of("http://host/noarch//repodata.json")
    ('linux-64/a+b.conda', 'noarch/repodata.json')
    >>> path_of("/"), path_of("/%2e%2e/etc/passwd"), path_of("/linux-64/")
    ('', None, None)
    """
    try:
        raw = target if target.startswith("/") else urlsplit(target).path or "/"
        whole = unquote(raw.partition("?")[0].partition("#")[0], errors="strict")
    except ValueError:
        return None
    parts = [part for part in whole.split("/") if part]
    hidden = any(part.startswith(".") for part in parts)
    folder = parts and whole.endswith("/")
    return None if hidden or folder or "\0" in whole else "/".join(parts)
