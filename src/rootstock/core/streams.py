"""Makes the standard streams usable, whatever the process got in their place.

Imports little, because this runs before all else.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

# The first error of writing to standard error.
_lost: list[OSError] = []


def ready() -> None:
    """Make the three standard streams usable.

    A closed stream, as a daemon's may be, becomes the null device: otherwise the next opened file
    would get its number, and all that is printed. A character that a stream's encoding lacks is
    written as an escape.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = _lenient(sys.stdout or os.fdopen(1, "w", closefd=False))
    sys.stderr = _lenient(sys.stderr or os.fdopen(2, "w", closefd=False))


def _lenient(stream: TextIO) -> TextIO:
    reconfigure = getattr(stream, "reconfigure", None)  # a test's own stream has none
    if reconfigure:
        reconfigure(errors="backslashreplace")
    return stream


def wants_json(argv: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, even if the rest of it is wrong."""
    words = list(argv[1:])
    return "--json" in words[: words.index("--") if "--" in words else len(words)]


def show(text: str, stream: TextIO) -> None:
    """Write lines for people, at once.

    These lines are not the result of a command. When a full disk or a closed terminal loses them,
    the work goes on, and `flush` returns the error at the end. Raises `BrokenPipeError` when nobody
    reads on.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _lost.append(error)


def flush() -> OSError | None:
    """Write out what the streams still hold; return the first error of any write."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            return error
    return _lost[0] if _lost else None


def write(number: int, data: bytes) -> None:
    """Write to a descriptor, and ignore failure."""
    with suppress(OSError):
        os.write(number, data)
