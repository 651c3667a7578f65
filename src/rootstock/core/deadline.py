"""A limit of time for what this process does itself: reading what others made, which may not end.

A process that it starts has a limit of its own (`process.run`).
"""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rootstock.core.errors import RootstockError


@contextmanager
def deadline(seconds: float, late: RootstockError) -> Iterator[None]:
    """Raise `late` in the main thread, wherever it is, once so many seconds are over.

    Only the main thread may call it, and not within another. `math.inf` is no limit.
    """
    if math.isinf(seconds):
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise late

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
