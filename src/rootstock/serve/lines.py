"""Writes lines to standard error in a thread, so that a stuck reader blocks nothing."""

import contextlib
import queue
import sys
import threading

_MOST = 10_000  # lines that wait to be written; further ones are dropped
_END = 2.0  # seconds to write the remaining lines at the end


class Lines:
    """Writes lines. Lines that cannot be written, or come too fast, are lost."""

    def __init__(self) -> None:
        self._queue: queue.Queue[str | None] = queue.Queue(_MOST)
        self._writer = threading.Thread(target=self._write, name="lines", daemon=True)
        self._writer.start()

    def write(self, line: str) -> None:
        """Write a line, with escapes for everything that could move a terminal's cursor."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(ascii(line)[1:-1])

    def close(self) -> None:
        """Write the remaining lines, if somebody reads them."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._writer.join(_END)

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            # Closed from the start (None), closed meanwhile, or full.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
