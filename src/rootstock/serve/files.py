"""The files of a channel's folder for readers, with their HTTP headers.

It opens a file before it looks at its properties. So a reader during a switch to another generation
gets the old file or the new one, complete, with the right length and tag.

Readers request indexes much more often than they change. So small files stay in memory, and are
used again while the file system says that they are the same.
"""

import errno
import os
import re
import stat
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property, lru_cache
from io import FileIO
from typing import Protocol
from urllib.parse import unquote, urlsplit

from rootstock.channel.layout import PAGE
from rootstock.channel.reader import Channel
from rootstock.core import names
from rootstock.core.errors import RefusedError

HTML = "text/html; charset=utf-8"

# RFC 8246: a reader who has it need not ask again, even when the user reloads.
_FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"

# The page needs its own style only, whatever it contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"

_TYPES = {
    ".html": HTML,
    ".json": "application/json",
    ".lock": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".yaml": "application/yaml",  # RFC 9512
    ".yml": "application/yaml",
    ".zst": "application/zstd",  # unchanged: with a Content-Encoding clients would unpack it
}
_OTHER = "application/octet-stream"
_PACKAGE = ".conda"
_SHARD = re.compile(r"[^/]+/shards/[0-9a-f]{64}\.msgpack\.zst")
_ABSENT = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO),
)
SMALL = 256 * 1024  # bytes of the largest file that stays in memory, and is sent at once
_KEPT = 256  # files that stay in memory; together at most 64 MB

_State = tuple[int, int, int, int]


class Body(Protocol):
    """A body that is too large for memory, or for sending at once."""

    def piece(self, at: int, most: int) -> bytes:
        """Return some of its bytes from an offset on; none at its end. Raises `OSError`."""

    def close(self) -> None:
        """Release it."""


class OpenFile:
    """An open file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def piece(self, at: int, most: int) -> bytes:
        """Return some of its bytes."""
        return os.pread(self._file.fileno(), most, at)

    def close(self) -> None:
        """Close it."""
        self._file.close()


@dataclass(frozen=True, kw_only=True)
class Content:
    """The content of a file: its bytes, or an object that returns them in pieces.

    `size` is in bytes; `modified` is a time in whole seconds, None when there is none; `tag` is a
    strong entity tag, quotes included.
    """

    body: bytes | Body
    size: int
    modified: int | None
    tag: str
    type: str
    cache: str

    @cached_property
    def about(self) -> str:
        """The lines of a head about caching and display."""
        lines = f"ETag: {self.tag}\r\nCache-Control: {self.cache}\r\nAccept-Ranges: bytes\r\n"
        if self.modified is not None:
            lines += f"Last-Modified: {formatdate(self.modified, usegmt=True)}\r\n"
        if self.type == HTML:
            lines += f"Content-Security-Policy: {_POLICY}\r\nVary: Host\r\n"
        return lines

    def close(self) -> None:
        """Close the body if it is open."""
        if not isinstance(self.body, bytes):
            self.body.close()


class ServedFolder:
    """A channel's folder, for readers. Names that begin with a dot stay hidden."""

    def __init__(self, channel: Channel) -> None:
        self.root = channel.layout.root.resolve()
        self._channel = Channel.at(self.root)
        self._within = os.path.join(self.root, "")
        self._packages: tuple[int | None, dict[str, tuple[str, int]]] = (None, {})
        self._kept: dict[str, tuple[_State, Content]] = {}

    def has_page(self) -> bool:
        """Whether the folder has a page that rootstock did not write."""
        page = self.root / PAGE
        return page.is_file() and not page.is_symlink()

    def open(self, path: str) -> Content | None:
        """Return the file at a path from `path_of`; None when it is missing, or not for readers.

        Raises `OSError` when the file exists but cannot be read.
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
        """Whether an open file belongs to the channel: links could lead anywhere."""
        return os.readlink(f"/proc/self/fd/{number}").startswith(self._within)

    def _sha256(self, path: str, size: int) -> str:
        """Return the sha256 of a file that never changes, from the records; else nothing."""
        if _SHARD.fullmatch(path):
            return path.rpartition("/")[2].partition(".")[0]
        if not path.endswith(_PACKAGE):
            return ""
        self.learn()
        sha256, recorded = self._packages[1].get(path, ("", 0))
        return sha256 if size == recorded else ""

    def knows(self, path: str) -> bool:
        """Whether `open` can answer at once; otherwise call `learn`, which may take long."""
        return not path.endswith(_PACKAGE) or self._packages[0] == self._number()

    def learn(self) -> None:
        """Read the list of all packages ever published, unless it is known.

        This takes a second for each 50,000 packages, after each change of the channel.
        """
        now = self._number()
        if self._packages[0] == now:
            return
        known = {}
        try:
            for name, package in self._channel.history().published.items():
                # It becomes a line of a header.
                sha256 = names.sha256(package.sha256)
                known[f"{package.subdir}/{name}"] = (sha256, package.size)
        except (RefusedError, ValueError):
            known = {}  # then the file system's properties identify files
        self._kept.clear()
        self._packages = (now, known)

    def _number(self) -> int:
        try:
            return self._channel.number()
        except RefusedError:
            return 0


def _opener(path: str, flags: int) -> int:
    # Not blocking: opening a pipe would wait for its writer.
    return os.open(path, flags | os.O_NONBLOCK)


def _state(found: os.stat_result) -> _State:
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def path_of(target: str) -> str | None:
    """Return the path below the channel that a request's target means; None if it is invalid.

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
