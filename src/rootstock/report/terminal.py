"""What a person sees while rootstock works, all of it on standard error.

In a terminal, a few lines at the bottom show what is running. Above them stay long items, failures
and the result of each stage. Elsewhere each start and each end is a line of plain text, and after a
minute without any, a line says what is running.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from rootstock.core import streams
from rootstock.core.formatting import columns, duration, size, visible
from rootstock.core.progress import Event, State
from rootstock.report.progress_state import Item, Kind, ProgressState, Stage

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from rootstock.run.record import RunRecord

_WORTH = 2.0  # seconds from which the end of an item is worth a line in a terminal
_SHORT_HASH = 16  # digits of a sha256 for an image or a lock
_REFRESH = 8  # times a second
_SILENCE = 60.0  # seconds after which lines for a file say what is running
_LONGEST = 2000  # characters of a line of an error
_BAR = 20  # columns
_ROOMY = 90  # columns from which there is space for bars
_STYLES: dict[State, str] = {"done": "green", "kept": "green", "failed": "bold red"}
_MARKS: dict[State, str] = {"done": "✓", "kept": "✓", "failed": "✗", "skipped": "-", "note": "!"}
_ASCII: dict[State, str] = {"done": "+", "kept": "+", "failed": "x", "skipped": "-", "note": "!"}


class _Screen(Protocol):
    """Prints lines, and turns events into lines."""

    def __enter__(self) -> object: ...
    def __exit__(self, *exc: object) -> None: ...
    def show(self, event: Event) -> None: ...
    def write(self, lines: Sequence[str]) -> None: ...
    @property
    def width(self) -> int | None: ...


class Terminal(AbstractContextManager["Terminal"]):
    """The listener for people, which any thread may call.

    Use it as a context manager: its end restores the terminal. With `quiet` it prints nothing.
    `silence` are the seconds after which it says what is running, where it does not show that all
    the time.
    """

    def __init__(
        self, stream: TextIO | None = None, *, quiet: bool = False, silence: float = _SILENCE
    ) -> None:
        stream = stream or sys.stderr
        live = _is_live(stream) and not quiet
        self._screen: _Screen = _Live(stream) if live else _Plain(stream, silence)
        self._quiet = quiet

    def __enter__(self) -> "Terminal":
        if not self._quiet:
            self._screen.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._quiet:
            self._screen.__exit__(*exc)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if not self._quiet:
            self._screen.show(event)

    def say(self, text: str) -> None:
        """Print a text that is no event."""
        if not self._quiet:
            self._screen.write(text.splitlines() or [""])

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table."""
        if not self._quiet:
            self._screen.write(columns([head, *rows]))

    def summary(self, record: "RunRecord", report: Path) -> None:
        """Print the result of a run: its packages and cells, and the path of its report."""
        from rootstock.report.summary import summary_lines  # only where something is built

        self.say("\n".join(["", *summary_lines(record, self._screen.width), f"Report: {report}"]))


def print_error(message: str, remedy: str = "", stream: TextIO | None = None) -> None:
    """Print a failure, red in a terminal, and its remedy."""
    stream = stream or sys.stderr
    first, *rest = [_short(line) for line in message.splitlines()] or [""]
    lines = [f"error: {first}", *rest, *(f"  {line}" for line in remedy.splitlines())]
    _print(lines, stream, red=_colours(stream))


def _short(line: str) -> str:
    """Shorten a very long line."""
    more = len(line) - _LONGEST
    return line if more <= 0 else f"{line[:_LONGEST]} ... and {more} more characters"


def _is_live(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _colours(stream: TextIO) -> bool:
    return _is_live(stream) and not os.environ.get("NO_COLOR")


def _print(lines: Sequence[str], stream: TextIO, *, red: bool = False) -> None:
    """Print lines from any source safely, the first one red if requested."""
    shown = [visible(line) for line in lines]
    if red:
        shown[0] = f"\x1b[1;31m{shown[0]}\x1b[0m"
    text = "".join(f"{line}\n" for line in shown)
    try:
        streams.show(text, stream)
    except UnicodeEncodeError:  # a stream that `streams.ready` has not prepared
        streams.show(text.encode("ascii", "replace").decode(), stream)


def _took(event: Event, seconds: float) -> tuple[str, str, str]:
    """Return the details of the end of something: its size, the event's detail, the time."""
    worth = event.state != "skipped" and seconds >= 0.05
    amount = event.done if event.done is not None else event.total
    weight = size(amount) if event.unit == "B" and amount is not None else ""
    return weight, event.detail, duration(seconds) if worth else ""


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


class _Plain:
    """Lines for pipes and files: the seconds since the start, then the event."""

    width = None

    def __init__(self, stream: TextIO, silence: float) -> None:
        self._stream, self._silence = stream, silence
        self._lock = threading.Lock()
        self._board = ProgressState()
        self._started = self._printed = time.monotonic()
        self._ended = threading.Event()
        self._reminder = threading.Thread(target=self._remind, daemon=True)

    def __enter__(self) -> "_Plain":
        self._reminder.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._reminder.join(1.0)  # it may wait for who reads its lines

    def show(self, event: Event) -> None:
        with self._lock:
            now = time.monotonic()
            kind, seconds = self._board.take(event, now)
            stage = self._board.stages[event.stage]
            self._print(event.stage, [*self._lines(event, kind, stage, seconds)], now)

    def write(self, lines: Sequence[str]) -> None:
        with self._lock:
            _print(lines, self._stream)
            self._printed = time.monotonic()

    def _print(self, stage: str, lines: Sequence[str], now: float) -> None:
        head = f"[{now - self._started:7.1f}] {stage:<8}"
        _print([f"{head} {line}" for line in lines], self._stream)
        self._printed = now if lines else self._printed

    def _remind(self) -> None:
        """Say what is running whenever nothing was printed for a while."""
        pause = self._silence
        while not self._ended.wait(pause):
            with self._lock:
                now = time.monotonic()
                if now - self._printed >= self._silence:
                    for name, stage in self._board.stages.items():
                        self._print(name, [*_running(stage, now)], now)
                    self._printed = now
                pause = self._printed + self._silence - now

    def _lines(self, event: Event, kind: Kind, stage: Stage, seconds: float) -> Iterator[str]:
        subject = f"{event.item}: " if event.item else ""
        if event.state == "note":
            yield from (f"{subject}{line}" for line in event.detail.splitlines())
        elif event.state == "start":
            total = f"{stage.total} to do" if kind == "stage" and stage.total else ""
            takes = f"~{duration(event.expected)}" if event.expected else ""
            yield subject + _joined("begins", event.detail, total, takes)
        elif event.state == "progress" or (
            event.state == "kept" and kind == "item" and stage.announced is not None
        ):
            return  # the last line of the stage counts these
        else:
            words = stage.result if kind == "stage" else ""
            yield subject + _joined(words or event.state, *_took(event, seconds))


def _running(stage: Stage, now: float) -> Iterator[str]:
    """Yield a line with what runs in a stage, unless it has ended."""
    if stage.ended or not stage.running:
        return
    items = [f"{name} ({item.time(now)})" for name, item in stage.running.items()]
    whole = [stage.words, stage.time(now)] if stage.announced is not None else []
    yield "; ".join(filter(None, [*whole, f"running: {', '.join(items)}"]))


class _Live:
    """A terminal: running items at the bottom, important lines above."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False, emoji=False, markup=False)
        self._marks = _MARKS if self._console.encoding.startswith("utf") else _ASCII
        self._frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if self._marks is _MARKS else "|/-\\"
        self._lock = (
            threading.Lock()
        )  # of the board; never held while Rich, with its own lock, works
        self._board = ProgressState()
        self._live = Live(
            console=self._console,
            get_renderable=self._bottom,
            refresh_per_second=_REFRESH,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> "_Live":
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    @property
    def width(self) -> int:
        return self._console.width

    def show(self, event: Event) -> None:
        with self._lock:
            kind, seconds = self._board.take(event, time.monotonic())
            stage = self._board.stages[event.stage]
            line = self._line(event, kind, stage, seconds)
        if line:
            self._write(line, _STYLES.get(event.state, ""))

    def write(self, lines: Sequence[str]) -> None:
        self._write("\n".join(lines), "")

    def _write(self, text: str, style: str) -> None:
        from rich.text import Text

        text = "\n".join(map(visible, text.split("\n")))
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _line(self, event: Event, kind: Kind, stage: Stage, seconds: float) -> str:
        mark = self._marks.get(event.state, "")
        if event.state == "note":
            return f"{mark} {event.stage}: {event.detail}"
        if event.state in ("start", "progress"):
            return ""
        if kind == "stage":
            return f"{mark} {event.stage:<8} {_joined(stage.result, *_took(event, seconds))}"
        if event.state == "failed" or (event.state == "done" and seconds >= _WORTH):
            weight, detail, took = _took(event, seconds)
            detail = detail[:_SHORT_HASH] if re.fullmatch("[0-9a-f]{64}", detail) else detail
            return f"  {mark} {event.item}  {_joined(weight, detail, took)}"
        return ""

    def _bottom(self) -> "RenderableType":
        """Return the lines at the bottom, never more than the terminal has."""
        from rich.console import Group
        from rich.text import Text

        now = time.monotonic()
        frame = self._frames[int(now * _REFRESH) % len(self._frames)]
        room = max(self._console.height - 3, 1)
        parts: list[RenderableType] = []
        shown = 0
        with self._lock:
            active = [s for s in self._board.stages.items() if not s[1].ended]
            hidden = sum(1 + len(stage.running) for _, stage in active) - room
            for name, stage in active:
                if stage.announced is not None or stage.running:
                    parts.append(self._stage(f"{frame} {name:<8}", stage, now))
                    shown += 1
                items = _grid(3)
                for label, item in stage.running.items():
                    if hidden <= 0 or shown < room - 1:
                        self._add_item(items, label, item, now)
                        shown += 1
                parts.append(items)
        if hidden > 0:
            parts.append(Text(f"    and {hidden + 1} more", style="dim"))
        return Group(*parts)

    def _stage(self, title: str, stage: Stage, now: float) -> "Table":
        from rich.text import Text

        words = stage.words if stage.announced is not None else ""
        title_text = Text(f"{title} {words}", style="bold")
        title_text.append(f"  {visible(stage.detail)}", style="not bold dim")
        line = _grid(2)
        line.add_row(title_text, stage.time(now))
        return line

    def _add_item(self, table: "Table", label: str, item: Item, now: float) -> None:
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        far: RenderableType = Text(visible(item.words), style="dim")
        part = item.part(now)
        if part is not None and self._console.width >= _ROOMY:
            both = type(table).grid(padding=(0, 1))
            both.add_row(far, ProgressBar(total=1.0, completed=part, width=_BAR))
            far = both
        table.add_row(f"    {visible(label)}", far, item.time(now))


def _grid(columns: int) -> "Table":
    """Make a table as wide as the terminal; the first column gets the remaining width."""
    from rich.table import Table

    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for _ in range(columns - 1):
        table.add_column(no_wrap=True, justify="right", overflow="ellipsis")
    return table
