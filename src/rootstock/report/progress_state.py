"""The state of a run, updated by its events: what is running, and how much is done."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from rootstock.core.formatting import clock, share
from rootstock.core.progress import Event, State

# Whether an event concerns a stage, an item of it, or a part of a running item.
Kind = Literal["stage", "item", "part"]
_LAST: frozenset[State] = frozenset({"done", "kept", "failed", "skipped"})
_WORDS: dict[State, str] = {state: state for state in ("done", "kept", "failed", "skipped")}


@dataclass
class Item:
    """A running item, with its expected seconds."""

    started: float
    expected: float | None = None
    done: float = 0
    total: float | None = None
    unit: str = ""
    detail: str = ""

    def part(self, now: float) -> float | None:
        """Return how much of it is done, from 0 to 1; None when that is not known."""
        if self.total:
            return min(self.done / self.total, 1.0)
        return min((now - self.started) / self.expected, 1.0) if self.expected else None

    def time(self, now: float) -> str:
        """Return its running time, and its expected time."""
        since = clock(now - self.started)
        return f"{since} of ~{clock(self.expected)}" if self.expected else since

    @property
    def words(self) -> str:
        """How far it is."""
        far = share(self.done, self.total, self.unit) if self.done or self.total else ""
        return "  ".join(filter(None, (far, self.detail)))


@dataclass
class Stage:
    """The progress of a stage.

    `announced` is the time of its own start event, whose `total` is the number of its items when
    the unit is empty. `ends` is its expected end, if known, and `detail` the tool that it uses.
    """

    announced: float | None = None
    detail: str = ""
    ends: float | None = None
    ended: bool = False
    total: int | None = None
    counts: Counter[State] = field(default_factory=Counter)
    running: dict[str, Item] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """How many items are done, run, and are left."""
        finished = sum(self.counts.values())
        known = self.total is not None and self.total >= finished + len(self.running)
        words = [f"{finished} of {self.total} done" if known else f"{finished} done"]
        if self.running:
            words.append(f"{len(self.running)} running")
        if self.total is not None and known:
            words.append(f"{self.total - finished - len(self.running)} left")
        if self.counts["failed"]:
            words.append(f"{self.counts['failed']} failed")
        return ", ".join(words)

    def time(self, now: float) -> str:
        """Return its running time, and its expected remaining time."""
        if self.announced is None:
            return ""
        since = clock(now - self.announced)
        return since if self.ends is None else f"{since}, ~{clock(max(self.ends - now, 0))} left"

    @property
    def result(self) -> str:
        """The results of its items."""
        return ", ".join(
            f"{self.counts[state]} {word}" for state, word in _WORDS.items() if self.counts[state]
        )


class ProgressState:
    """All stages of a run, in the order of their starts."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}

    def take(self, event: Event, now: float) -> tuple[Kind, float]:
        """Process an event, at a time of `time.monotonic`.

        Returns its kind, and for the end of something the seconds it took. An event of an item `A:
        B` while `A` runs belongs to a part of `A`, and is not counted.
        """
        stage = self.stages.setdefault(event.stage, Stage())
        if not event.item:
            return "stage", self._take_stage(stage, event, now)
        whole, colon, part = event.item.partition(": ")
        if colon and whole in stage.running and event.item not in stage.running:
            stage.running[whole].detail = part
            return "part", event.seconds or 0.0
        return "item", self._take_item(stage, event, now)

    def _take_stage(self, stage: Stage, event: Event, now: float) -> float:
        if event.state == "start":
            stage.announced, stage.ends, stage.ended = now, None, False
            stage.detail = event.detail
            stage.counts.clear()
        if event.total is not None and not event.unit:
            stage.total = int(event.total)
        if event.expected is not None:
            stage.ends = now + event.expected
        if event.state not in _LAST:
            return 0.0
        stage.ended = True
        stage.running.clear()
        since = now if stage.announced is None else stage.announced
        return now - since if event.seconds is None else event.seconds

    def _take_item(self, stage: Stage, event: Event, now: float) -> float:
        if event.state in ("start", "progress"):
            item = stage.running.setdefault(event.item, Item(now, event.expected))
            if event.state == "start":
                item.detail = event.detail
            else:
                item.done, item.total = event.done or 0, event.total
                item.unit, item.detail = event.unit, event.detail
        if event.state not in _LAST:
            return 0.0
        stage.counts[event.state] += 1
        ended = stage.running.pop(event.item, None)
        since = ended.started if ended else now
        return now - since if event.seconds is None else event.seconds
