"""Lines on standard error, written by a thread: who does not read them holds up nobody."""

import contextlib
import queue
import sys
import threading

_MOST = 10_000  # lines that wait to be written; those that come then are dropped
_END = 2.0  # seconds to write what is left at the end


class Lines:
    """Writes lines. One that cannot be written is lost, and so are those that come too fast."""

    def __init__(self) -> None:
        self._queue: queue.Queue[str | None] = queue.Queue(_MOST)
        self._writer = threading.Thread(target=self._write, name="lines", daemon=True)
        self._writer.start()

    def tell(self, line: str) -> None:
        """Write a line, with everything in it shown that could move a terminal's cursor."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(ascii(line)[1:-1])

    def close(self) -> None:
        """Write what is left, if somebody takes it."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._writer.join(_END)

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            # Closed from the start (None), closed meanwhile, or full.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
