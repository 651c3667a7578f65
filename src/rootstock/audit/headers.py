"""Reads the headers of a tar archive, and refuses more of them than a package has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootstock.audit.ahead import Ahead
from rootstock.core.names import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

# The headers of one file hold its name and a link's target, which Linux limits to 4,096 bytes each
# (PATH_MAX), and some numbers.
MOST_OF_ONE = 64 << 10  # bytes
# The package here with the most files has 3.3 MB.
MOST_OF_ALL = 256 << 20  # bytes
# An archive ends with zeros that fill a record, of 10,240 bytes unless its writer chose another.
MOST_ZEROS = 1 << 20  # bytes


class Headers(Ahead):
    """A tar archive as a stream, of which only headers are read, and the rest is taken.

    tarfile keeps a header in memory, however long it says that it is. So a read raises `ValueError`
    before it, when the headers of one file have more than `MOST_OF_ONE` bytes. Those of all files
    may have `MOST_OF_ALL`.
    """

    def __init__(self, source: Callable[[int], bytes], pool: Executor) -> None:
        super().__init__(source, pool)
        self._of_one = self._of_all = 0
        self._place = "at its beginning"
        self._last = b""

    def follow(self, name: str) -> None:
        """Expect the headers of the file after the one with this name."""
        self._of_one, self._place = 0, f"after {quoted(name)}"

    def read(self, size: int | None = -1) -> bytes:
        """Return the next `size` bytes of a header, fewer at the end only."""
        if size is None or size < 0:
            raise ValueError(f"a header {self._place} has no valid size")
        # What is asked for counts, also at the end: tarfile asks again for what it does not get.
        self._of_one += size
        self._of_all += size
        if self._of_one > MOST_OF_ONE:
            raise ValueError(f"the headers {self._place} have more than {MOST_OF_ONE:,} bytes")
        if self._of_all > MOST_OF_ALL:
            raise ValueError(f"its headers have more than {MOST_OF_ALL:,} bytes")
        self._last = super().read(size)
        return self._last

    def require_end(self) -> None:
        """Raise `ValueError` unless the last header was that of the end, and only zeros follow it.

        tarfile ends without an error at a damaged header, and does not read what follows the end.
        """
        if self._last.strip(b"\0"):
            raise ValueError(f"the header {self._place} is damaged")
        left = MOST_ZEROS
        while rest := bytes(self.take(left + 1)):
            left -= len(rest)
            if left < 0 or rest.strip(b"\0"):
                raise ValueError("it has data after the end of its files")
