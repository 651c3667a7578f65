"""What the stages tell while they work, and to whom.

A stage calls a `Listener` with events and knows nothing of terminals, files or pages; report/
turns the events into what people read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["start", "progress", "done", "kept", "failed", "skipped", "note"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened.

    `item` is empty when the event is of the whole stage. `state` is `kept` for what was there
    already. `done` and `total` count in `unit` (items when it is empty, else e.g. "B").
    `expected` is how many seconds more it will take as far as is known.
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
    """A listener that tells nobody."""
