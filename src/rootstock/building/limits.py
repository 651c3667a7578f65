"""How long one build may take, and how much memory it may hold."""

import math
from dataclasses import dataclass

from rootstock.core import memory

DEFAULT_SECONDS = 3600.0
_SHARE = 0.9  # of the machine's memory: below that the kernel ends processes of its own choice


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one build: seconds, and bytes that its processes hold together.

    `math.inf` is no limit.
    """

    seconds: float = DEFAULT_SECONDS
    memory: float = math.inf


def default_memory() -> float:
    """The bytes that one build may hold when nobody says: most of what the machine has."""
    return _SHARE * memory.total()
