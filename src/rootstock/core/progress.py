"""The events that stages report while they work.

A stage calls a `Listener` with events and knows nothing of terminals, files or pages; report/ turns
the events into what people read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["start", "progress", "done", "kept", "failed", "skipped", "note"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened.

    `item` is empty when the event concerns the whole stage. `state` is `kept` for a result that
    already existed. `done` and `total` count in `unit` (items when it is empty, else e.g. "B").
    `expected` is the estimate of the remaining seconds.
    """

    stage: str
    item: str = ""
    state: State
    seconds: float | None = None
    expected: float | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    detail: str = ""


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """A listener that does nothing."""
