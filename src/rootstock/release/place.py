"""Places: a channel's folder or URL, of which files are read one by one."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from rootstock.errors import SourceError

_TIMEOUT = 60.0  # seconds without an answer
_CHUNK = 1 << 20
_GONE = (404, 410)


@dataclass(frozen=True)
class Place:
    """What is under a URL, which has no slash at its end."""

    url: str

    @property
    def folder(self) -> Path | None:
        """The folder, where it is one of this machine."""
        parts = urlsplit(self.url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    def at(self, path: str) -> str:
        """The URL of a file, by its path with slashes."""
        return f"{self.url}/{quote(path)}"

    def read(self, path: str) -> bytes:
        """What is in a file; raises `FileNotFoundError`, and `SourceError` for a bad answer."""
        with self._open(path) as file:
            return file.read()

    def sha256(self, path: str) -> tuple[str, int]:
        """The sha256 and the bytes of a file; raises as `read` does."""
        found, size = hashlib.sha256(), 0
        with self._open(path) as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
                size += len(chunk)
        return found.hexdigest(), size

    def save(self, path: str, target: Path) -> tuple[str, int]:
        """Copy a file to `target`; returns its sha256 and bytes, and raises as `read` does."""
        found, size = hashlib.sha256(), 0
        with self._open(path) as file, target.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
                size += copy.write(chunk)
        return found.hexdigest(), size

    def files(self, path: str) -> set[str] | None:
        """The paths of all files beneath a folder, from there; None where no one can tell."""
        if self.folder is None:
            return None
        top = self.folder / path
        return {str(file.relative_to(top)) for file in top.rglob("*") if not file.is_dir()}

    @contextmanager
    def _open(self, path: str) -> Iterator[BinaryIO]:
        if self.folder is not None:
            with _opened(self.folder / path) as file:
                yield file
            return
        # Loaded when it is needed: TLS makes it slow to start with.
        from urllib.error import HTTPError, URLError
        from urllib.request import urlopen

        try:
            with urlopen(self.at(path), timeout=_TIMEOUT) as answer:
                yield answer
        except HTTPError as error:
            if error.code in _GONE:
                raise FileNotFoundError(self.at(path)) from error
            raise SourceError(f"{self.at(path)}: {error}") from error
        except (URLError, TimeoutError, ConnectionError) as error:
            raise SourceError(f"{self.at(path)} cannot be read: {error}") from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(path) from error
    except PermissionError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error


def place(named: str | Path) -> Place:
    """The place of a folder or a URL."""
    if isinstance(named, str) and "://" in named:
        return Place(named.rstrip("/"))
    return Place(Path(named).absolute().as_uri())
