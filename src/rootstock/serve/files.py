"""What a channel's folder has to give to a reader: a file, and all that HTTP says of it.

A file is opened before anything is asked about it. So whoever reads while the channel switches
to another generation has the old file or the new one, whole, with the right length and tag.
"""

import errno
import hashlib
import io
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from rootstock.channel import generation
from rootstock.errors import RefusedError

PAGE = "index.html"

# RFC 8246: who has it need not ask again, not even when the user reloads.
_FOREVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".lock": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".zst": "application/zstd",  # as it is: with a Content-Encoding clients would unpack it
}
_OTHER = "application/octet-stream"
_SHARD = re.compile(r"[^/]+/shards/[0-9a-f]{64}\.msgpack\.zst")
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file that is open, to be closed by who asked for it.

    `size` is in bytes; `modified` is a time in whole seconds, None when there is none to tell;
    `tag` is a strong entity tag, quotes included.
    """

    file: BinaryIO
    size: int
    modified: int | None
    tag: str
    type: str
    cache: str


class Folder:
    """A channel's folder, for readers. Nothing in it whose name begins with a dot is given."""

    def __init__(self, channel: Path, page: Callable[[str], bytes]) -> None:
        """Take `page(url)` as what the channel shows of itself to those who reach it at `url`."""
        self.root = channel.resolve()
        self._page = page
        self._packages: tuple[int, dict[str, tuple[str, int]]] = (0, {})

    def open(self, target: str, url: str) -> Content | None:
        """What a request's target names; None when that is nothing, or not for readers.

        Raises `OSError` when the file is there and cannot be had.
        """
        path = _path(target)
        if path is None:
            return None
        if path in ("", PAGE) and not self._has_page_of_its_own():
            return self._own_page(url)
        return self._file(path or PAGE)

    def _has_page_of_its_own(self) -> bool:
        page = self.root / PAGE
        return page.is_file() and not page.is_symlink()

    def _own_page(self, url: str) -> Content:
        text = self._page(url)
        return Content(
            file=io.BytesIO(text),
            size=len(text),
            modified=None,
            tag=f'"{hashlib.sha256(text).hexdigest()}"',
            type=_TYPES[".html"],
            cache=_ASK,
        )

    def _file(self, path: str) -> Content | None:
        try:
            # Not blocking: opening a pipe would wait for somebody to write to it.
            number = os.open(self.root / path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or not self._is_within(number):
            os.close(number)
            return None
        sha256 = self._sha256(path, found.st_size)
        own = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
        return Content(
            file=open(number, "rb"),
            size=found.st_size,
            modified=int(found.st_mtime),
            tag=f'"{sha256 or own}"',
            type=_TYPES.get(Path(path).suffix, _OTHER),
            cache=_FOREVER if sha256 else _ASK,
        )

    def _is_within(self, number: int) -> bool:
        """Whether an open file is the channel's own: links could lead anywhere."""
        return Path(os.readlink(f"/proc/self/fd/{number}")).is_relative_to(self.root)

    def _sha256(self, path: str, size: int) -> str:
        """The sha256 of what is never changed, by the channel's records; else nothing."""
        if _SHARD.fullmatch(path):
            return path.rpartition("/")[2].partition(".")[0]
        sha256, recorded = self._known().get(path, ("", 0))
        return sha256 if size == recorded else ""

    def _known(self) -> dict[str, tuple[str, int]]:
        """The sha256 and the size of every package that was ever published, by its path."""
        now = generation.current_number(self.root)
        if self._packages[0] != now:
            try:
                published = generation.history(self.root).published
            except RefusedError:  # then files are known by what the file system says of them
                return {}
            known = {f"{p.subdir}/{name}": (p.sha256, p.size) for name, p in published.items()}
            self._packages = (now, known)
        return self._packages[1]


def _path(target: str) -> str | None:
    """The path below the channel that a request's target means; None when it can be none.

    >>> _path("/linux-64/a%2Bb.conda?x=1"), _path("http://host/noarch//repodata.json")
    ('linux-64/a+b.conda', 'noarch/repodata.json')
    >>> _path("/"), _path("/%2e%2e/etc/passwd"), _path("/linux-64/")
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
