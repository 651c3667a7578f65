"""The signals that end a command: Ctrl-C, a request to end, a closed session.

Imports only the standard library and core/streams.py, because this runs before all else.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from rootstock.core import streams

INTERRUPTED = 130  # the exit code, as shells have it for Ctrl-C
# SIGHUP comes when a terminal is closed or a connection is lost.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handle(handler: Callable[[int, FrameType | None], None]) -> None:
    """Call a function for each signal that ends a command.

    SIGHUP stays ignored if it is: that is what `nohup` is for.
    """
    for number in _ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
    # The parent may have blocked signals until now: scripts/build.py does.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def end_at_once(number: int, frame: FrameType | None) -> None:
    """The handler while nothing runs that has to be ended first."""
    streams.write(2, b"error: interrupted\n")
    if streams.wants_json(sys.argv):
        streams.write(1, b'{"error": "interrupted", "remedy": "", "code": 130}\n')
    os._exit(INTERRUPTED)
