import io
import os
import pty
import re
import threading
import time

import pytest

from rootstock.core.progress import Event
from rootstock.report.terminal import Terminal, print_error


def plain(*events: Event) -> list[str]:
    stream = io.StringIO()
    with Terminal(stream) as terminal:
        for event in events:
            terminal(event)
    return [re.sub(r"^\[ *\d+\.\d\] ", "", line) for line in stream.getvalue().splitlines()]


def test_plain_lines() -> None:
    assert plain(
        Event(stage="build", state="start", total=3),
        Event(stage="build", item="xz", state="kept"),
        Event(stage="build", item="zlib", state="start"),
        Event(stage="build", item="zlib", state="progress", detail="testing"),
        Event(stage="build", item="zlib", state="done", seconds=12.0, done=87e3, unit="B"),
        Event(stage="build", item="root", state="skipped", detail="needs gcc"),
        Event(stage="build", state="failed", seconds=90.0),
    ) == [
        "build    begins, 3 to do",
        "build    zlib: begins",
        "build    zlib: done, 87.0 kB, 12.0 s",
        "build    root: skipped, needs gcc",
        "build    1 done, 1 kept, 1 skipped, 1 min 30 s",
    ]


def test_plain_lines_say_what_is_expected() -> None:
    assert plain(
        Event(stage="build", state="start", total=3, expected=559.0, detail="bubblewrap"),
        Event(stage="build", item="python", state="start", expected=151.0, detail="2 cells"),
        Event(stage="build", state="progress", expected=540.0),
    ) == [
        "build    begins, bubblewrap, 3 to do, ~9 min 19 s",
        "build    python: begins, 2 cells, ~2 min 31 s",
    ]


def test_plain_note_of_several_lines() -> None:
    note = Event(stage="image", item="debian", state="note", detail="one\ntwo")
    assert plain(note) == ["image    debian: one", "image    debian: two"]


def test_kept_is_reported_where_no_stage_will_sum_it_up() -> None:
    assert plain(Event(stage="image", item="debian", state="kept")) == ["image    debian: kept"]


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(quiet=True) as terminal:
        terminal(Event(stage="build", state="start"))
        terminal.say("a")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_all_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal() as terminal:
        terminal(Event(stage="build", state="start"))
        terminal.table(("name", "size"), [("zlib", "1 MB")])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "begins" in captured.err
    assert "zlib  1 MB" in captured.err


def test_many_threads_write_whole_lines() -> None:
    stream = io.StringIO()

    def work(number: int) -> None:
        for turn in range(50):
            terminal(Event(stage="build", item=f"{number}-{turn}", state="start"))
            terminal(Event(stage="build", item=f"{number}-{turn}", state="done", seconds=1.0))

    with Terminal(stream) as terminal:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 8 * 50 * 2
    assert all(re.fullmatch(r"\[.{7}\] build    \d-\d+: (begins|done, 1\.0 s)", ln) for ln in lines)


def test_a_stream_without_unicode() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with Terminal(stream) as terminal:
        terminal.say("é")
    stream.seek(0)
    assert stream.read() == "?\n"


def in_terminal(monkeypatch: pytest.MonkeyPatch, *, columns: int = 80, colour: bool = True) -> str:
    """What a terminal gets while two packages are built by two threads."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "10")
    if colour:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    master, slave = pty.openpty()
    said = bytearray()

    def read() -> None:
        try:
            while chunk := os.read(master, 65536):
                said.extend(chunk)
        except OSError:  # EIO: the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with open(slave, "w", encoding="utf-8") as stream:
        with Terminal(stream) as terminal:
            terminal(Event(stage="build", state="start", total=30, detail="unshare", expected=90))
            for number in range(20):
                item = f"package{number}"
                terminal(Event(stage="build", item=item, state="start", expected=176))
            time.sleep(0.4)
            terminal(Event(stage="build", item="package0", state="done", seconds=9.0))
            reported_by = "see the log\x1b[2J"
            terminal(Event(stage="build", item="package1", state="failed", detail=reported_by))
            terminal(Event(stage="build", state="failed"))
        print_error("it failed", "do this", stream)
    reader.join()
    os.close(master)
    return said.decode()


def test_live(monkeypatch: pytest.MonkeyPatch) -> None:
    said = in_terminal(monkeypatch)
    assert re.search(r"0 of 30 done, 20 running, 10 left.*unshare.*, ~1:(29|30) left", said)
    assert re.search(r"package2 .*0:0\d of ~2:56", said)
    assert "✓ package0  9.0 s" in said
    assert "✗ package1  see the log\\x1b[2J" in said
    assert "\x1b[1;31merror: it failed\x1b[0m" in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h")  # the cursor is given back


def test_live_fits_a_small_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    said = in_terminal(monkeypatch, columns=30)
    assert "and 15 more" in said


def test_live_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    said = in_terminal(monkeypatch, colour=False)
    assert "\x1b[31m" not in said
    assert "error: it failed" in said


# What a terminal takes for commands: clear it, set its title, go back over a line, turn it round.
HOSTILE = "a\x1b[2J\x1b]0;title\x07\x08\x9b1mb\u202ec"


def test_a_log_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "a\\x1b[2J\\x1b]0;title\\x07\\x08\\x9b1mb\\u202ec"
    stream = io.StringIO()
    print_error(f"failed:\n  {HOSTILE}", HOSTILE, stream)
    assert stream.getvalue() == f"error: failed:\n  {shown}\n  {shown}\n"
    stream = io.StringIO()
    with Terminal(stream) as terminal:
        for state in ("note", "failed", "done"):
            terminal(Event(stage="build", item=HOSTILE, state=state, detail=HOSTILE))
        terminal.say(HOSTILE)
        terminal.table(["head"], [[HOSTILE]])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", stream.getvalue())
    assert shown in stream.getvalue()


def test_a_line_that_names_very_many_things_is_cut() -> None:
    stream = io.StringIO()
    print_error(f"gone: {', '.join(['root-6.40.00-h0_0.conda'] * 20_000)}", "", stream)
    assert len(stream.getvalue()) < 3000
    assert re.search(r"\.\.\. and \d+ more characters\n$", stream.getvalue())


def test_a_file_gets_a_line_of_what_is_running_after_a_silence() -> None:
    stream = io.StringIO()
    with Terminal(stream, silence=0.05) as terminal:
        terminal(Event(stage="build", state="start", total=3, expected=559.0))
        terminal(Event(stage="build", item="zlib", state="done", seconds=1.0))
        terminal(Event(stage="build", item="python", state="start", expected=151.0))
        deadline = time.monotonic() + 5
        while "running: " not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        terminal(Event(stage="build", state="done"))
        ended = len(stream.getvalue())
        time.sleep(0.2)
        assert len(stream.getvalue()) == ended
    line = stream.getvalue().splitlines()[3]
    assert re.fullmatch(
        r"\[ *0\.\d\] build    1 of 3 done, 1 running, 1 left; 0:0\d, ~9:1\d left; "
        r"running: python \(0:0\d of ~2:31\)",
        line,
    ), line


def test_a_listener_without_a_terminal_leaves_no_thread() -> None:
    before = {*threading.enumerate()}
    with Terminal(io.StringIO()), Terminal(io.StringIO(), quiet=True):
        [own] = {*threading.enumerate()} - before
    assert not own.is_alive()
