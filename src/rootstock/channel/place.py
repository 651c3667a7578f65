"""Places: a channel's folder or URL, from which files are read one by one."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote, unquote_to_bytes, urlsplit

from rootstock.core import names, regular
from rootstock.core.errors import SourceError, UsageError

_TIMEOUT = 60.0  # seconds without an answer
_CHUNK = 1 << 20
_GONE = (404, 410)
# Bytes of a file that is read as a whole. The largest such file is a channel's index, which has 60
# MB with 100,000 packages.
_MOST = 1 << 30


@dataclass(frozen=True)
class Place:
    """The files under a URL, which has no slash at its end."""

    url: str

    @property
    def folder(self) -> Path | None:
        """The folder, if it is one of this machine."""
        parts = urlsplit(self.url)
        if parts.scheme != "file":
            return None
        return Path(os.fsdecode(unquote_to_bytes(parts.path)))

    def at(self, path: str) -> str:
        """The URL of a file, by its path with slashes."""
        return f"{self.url}/{quote(path)}"

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises `FileNotFoundError` when it is missing, and `SourceError` when it cannot be read: the
        server does not answer or breaks off, or the file is irregular or has no end.
        """
        return b"".join(self._chunks(path, _MOST))

    def sha256(self, path: str, most: int = 0) -> tuple[str, int]:
        """Return the sha256 and the size of a file; raises as `read` does.

        With `most`, it stops reading a file with more bytes than that.
        """
        found, size = hashlib.sha256(), 0
        for chunk in self._chunks(path):
            found.update(chunk)
            size += len(chunk)
            if most and size > most:
                break
        return found.hexdigest(), size

    def save(self, path: str, target: Path, most: int = 0) -> tuple[str, int]:
        """Copy a file to `target`; return its sha256 and size; raises as `read` does.

        With `most`, it stops writing a file with more bytes than that.
        """
        found, size = hashlib.sha256(), 0
        with target.open("wb") as copy:
            for chunk in self._chunks(path):
                found.update(chunk)
                size += len(chunk)
                if most and size > most:
                    break
                copy.write(chunk)
        return found.hexdigest(), size

    def files(self, path: str) -> set[str] | None:
        """Return the relative paths of all files below a folder; None where it cannot list them."""
        if self.folder is None:
            return None
        top = self.folder / path
        return {str(file.relative_to(top)) for file in top.rglob("*") if not file.is_dir()}

    def _chunks(self, path: str, most: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file, in pieces; raises as `read` does."""
        size = 0
        for chunk in self._local(self.folder / path) if self.folder else self._fetched(path):
            size += len(chunk)
            if most and size > most:
                raise SourceError(f"{self.at(path)} has more than {most} bytes")
            yield chunk

    def _local(self, path: Path) -> Iterator[bytes]:
        try:
            with regular.opened(path) as file:
                yield from _pieces(file)
        except FileNotFoundError:
            raise
        except (IsADirectoryError, NotADirectoryError) as error:
            raise FileNotFoundError(path) from error
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            raise SourceError(f"{names.plain(str(path))} cannot be read: {error}") from error

    def _fetched(self, path: str) -> Iterator[bytes]:
        # Imported when it is needed: TLS takes long to import.
        from http.client import HTTPException, IncompleteRead
        from urllib.error import HTTPError
        from urllib.request import urlopen

        try:
            url = names.web_url(self.at(path))
        except ValueError as error:
            raise SourceError(str(error), "Name a channel's folder or its address.") from error
        try:
            with urlopen(url, timeout=_TIMEOUT) as answer:
                yield from _pieces(cast(BinaryIO, answer))
                # Python only reports a truncated answer to callers that read it in one piece.
                if answer.length:
                    raise IncompleteRead(b"", answer.length)
        except HTTPError as error:
            if error.code in _GONE:
                raise FileNotFoundError(url) from error
            raise SourceError(f"{url}: {error}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = names.plain(str(error) or type(error).__name__)
            raise SourceError(
                f"{url} cannot be read: {reason}",
                "Check the address and the server, and run the same command again.",
            ) from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def place(named: str | Path) -> Place:
    """Return the place of a folder or a URL.

    Raises `UsageError` for a folder without an absolute path.
    """
    if isinstance(named, str) and "://" in named:
        return Place(named.rstrip("/"))
    try:
        return Place(Path(named).absolute().as_uri())
    except (OSError, ValueError) as error:  # the working directory no longer exists
        raise UsageError(f"{names.plain(str(named))} is not a folder: {error}") from error
