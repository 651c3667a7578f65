"""Reads a stream ahead in a thread, so that two processors decompress and unpack an archive."""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from _typeshed import WriteableBuffer

_CHUNK = 1 << 21  # bytes: so few chunks that the threads seldom wait for Python's lock
_CHUNKS = 32  # at once, so that the source is read on while a large file is looked at


class Ahead(io.BufferedIOBase):
    """What `source` returns, asked for bytes until it has none, as a stream that goes forwards.

    `pool`, with one thread, asks for the next chunks meanwhile. A read raises what `source` raised.
    """

    def __init__(self, source: Callable[[int], bytes], pool: Executor) -> None:
        super().__init__()
        self._source, self._pool = source, pool
        self._coming = deque(pool.submit(source, _CHUNK) for _ in range(_CHUNKS))
        self._chunk = memoryview(b"")
        self._at = 0

    def close(self) -> None:
        """Read no further."""
        for future in self._coming:
            future.cancel()
        super().close()

    def take(self, most: int) -> memoryview:
        """Return the next bytes, at most `most`, without a copy: none at the end only."""
        if not self._chunk:
            self._chunk = memoryview(self._coming[0].result())
            if self._chunk:
                self._coming.popleft()
                self._coming.append(self._pool.submit(self._source, _CHUNK))
        taken, self._chunk = self._chunk[:most], self._chunk[most:]
        self._at += len(taken)
        return taken

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a part of the buffer, and return its bytes: none at the end only."""
        into = memoryview(buffer)
        taken = self.take(len(into))
        into[: len(taken)] = taken
        return len(taken)

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
        while self._at < offset and self.take(offset - self._at):
            pass
        return self._at
