"""Reads a stream ahead in a thread, so that two processors decompress and unpack an archive."""

from __future__ import annotations

import io
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

_CHUNK = 1 << 21  # bytes: so few chunks that the threads seldom wait for Python's lock


class Ahead(io.BufferedIOBase):
    """What `source` returns, asked for bytes until it has none, as a stream that goes forwards.

    While a chunk is read, `pool` asks for the next one. A read raises what `source` raised.
    """

    def __init__(self, source: Callable[[int], bytes], pool: Executor) -> None:
        super().__init__()
        self._source, self._pool = source, pool
        self._coming: Future[bytes] = pool.submit(source, _CHUNK)
        self._chunk = memoryview(b"")
        self._at = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a part of the buffer, and return its bytes: none at the end only."""
        if not self._chunk:
            self._chunk = memoryview(self._coming.result())
            if self._chunk:
                self._coming = self._pool.submit(self._source, _CHUNK)
        into = memoryview(buffer)
        count = min(len(into), len(self._chunk))
        into[:count] = self._chunk[:count]
        self._chunk = self._chunk[count:]
        self._at += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes, fewer at the end only; without a size, all that is left."""
        parts, left = [], -1 if size is None else size
        while left:
            part = bytearray(_CHUNK if left < 0 else min(left, _CHUNK))
            count = self.readinto(part)
            if not count:
                break
            parts.append(part[:count])
            left -= count if left > 0 else 0
        return b"".join(parts)

    def tell(self) -> int:
        """Return the number of bytes that were read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go forwards to the byte `offset` of the stream; its end, if it has fewer."""
        if whence != io.SEEK_SET or offset < self._at:
            raise io.UnsupportedOperation("this stream goes forwards only")
        while self._at < offset and self.read(min(offset - self._at, _CHUNK)):
            pass
        return self._at
