"""The limits of one build: its time, and its memory."""

import math
from dataclasses import dataclass

from rootstock.core import memory

DEFAULT_SECONDS = 3600.0
_SHARE = 0.9  # of the machine's memory: above that the kernel may kill any process


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one build: seconds, and the bytes that its processes hold together.

    `math.inf` is no limit.
    """

    seconds: float = DEFAULT_SECONDS
    memory: float = math.inf


def default_memory() -> float:
    """The default limit of bytes for one build: most of the machine's memory."""
    return _SHARE * memory.total()
