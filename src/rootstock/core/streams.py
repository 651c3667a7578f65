"""The standard streams: usable whatever the process was given in their place.

Little is imported, because this is used before all else.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

# Why standard error could not be written, the first time that it could not.
_lost: list[OSError] = []


def ready() -> None:
    """Make the three standard streams usable.

    One that is closed, as a daemon's may be, becomes the null device. Otherwise the next file
    that is opened would get its number, and with it what is printed. A character that the
    encoding of a stream does not have is written as an escape.
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
    """Whether a command line asks for JSON; also one that cannot be understood otherwise."""
    words = list(argv[1:])
    return "--json" in words[: words.index("--") if "--" in words else len(words)]


def tell(text: str, stream: TextIO) -> None:
    """Write lines for people, at once.

    What they are told is not what they asked for: a full disk or a closed terminal loses it, and
    the work goes on; `flush` tells at the end. Raises `BrokenPipeError` where nobody reads on.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _lost.append(error)


def flush() -> OSError | None:
    """Write out what the streams still hold; the first error that kept something from it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            return error
    return _lost[0] if _lost else None


def write(number: int, data: bytes) -> None:
    """Write to a descriptor; what it does not take is lost."""
    with suppress(OSError):
        os.write(number, data)
