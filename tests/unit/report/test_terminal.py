import io
import os
import pty
import re
import threading
import time
from pathlib import Path

import pytest

from rootstock.progress import Event
from rootstock.report.record import CellRecord, NodeRecord, RunRecord
from rootstock.report.terminal import Terminal, install_lines, summary_lines, tell_error


def record(*nodes: NodeRecord) -> RunRecord:
    cell = CellRecord(id="root6.40.00-cp311", root="6.40.00", python="3.11", state="promoted")
    return RunRecord(
        run="r",
        rootstock="0",
        command=("build",),
        started="2026-01-01T00:00:00Z",
        seconds=151.0,
        code=0,
        channel="/c",
        cells=(cell,),
        nodes=nodes,
    )


ZLIB = NodeRecord(
    package="zlib",
    version="1.3.1",
    state="built",
    key="k",
    filename="zlib-1.3.1-h1_0.conda",
    sha256="ab" * 32,
    size=87_300,
    seconds=12.0,
)


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


def test_kept_is_told_where_no_stage_will_sum_it_up() -> None:
    assert plain(Event(stage="image", item="debian", state="kept")) == ["image    debian: kept"]


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(quiet=True) as terminal:
        terminal(Event(stage="build", state="start"))
        terminal.say("a")
        terminal.install(Path("/c"), ["root"])
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
    told = bytearray()

    def read() -> None:
        try:
            while chunk := os.read(master, 65536):
                told.extend(chunk)
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
            told_by = "see the log\x1b[2J"
            terminal(Event(stage="build", item="package1", state="failed", detail=told_by))
            terminal(Event(stage="build", state="failed"))
        tell_error("it failed", "do this", stream)
    reader.join()
    os.close(master)
    return told.decode()


def test_live(monkeypatch: pytest.MonkeyPatch) -> None:
    told = in_terminal(monkeypatch)
    assert re.search(r"0 of 30 done, 20 running, 10 left.*unshare.*, ~1:(29|30) left", told)
    assert re.search(r"package2 .*0:0\d of ~2:56", told)
    assert "✓ package0  9.0 s" in told
    assert "✗ package1  see the log\\x1b[2J" in told
    assert "\x1b[1;31merror: it failed\x1b[0m" in told
    assert told.count("\x1b[?25l") == told.count("\x1b[?25h")  # the cursor is given back


def test_live_fits_a_small_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told = in_terminal(monkeypatch, columns=30)
    assert "and 15 more" in told


def test_live_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    told = in_terminal(monkeypatch, colour=False)
    assert "\x1b[31m" not in told
    assert "error: it failed" in told


def test_summary_has_whole_hashes_where_there_is_room() -> None:
    kept = NodeRecord(package="xz", version="5", state="kept", key="k", size=2_000_000)
    lines = summary_lines(record(ZLIB, kept))
    assert lines == [
        "package                   size    time  sha256",
        f"zlib-1.3.1-h1_0.conda  87.3 kB  12.0 s  {'ab' * 32}",
        "",
        "root6.40.00-cp311  promoted",
        "2 packages (1 built, 1 kept), 2.1 MB, in 2 min 31 s",
    ]
    assert summary_lines(record(ZLIB), width=80)[1].endswith(f"  {'ab' * 8}")


def test_summary_is_short_when_nothing_was_built() -> None:
    kept = NodeRecord(package="xz", version="5", state="kept", key="k", size=2_000_000)
    assert summary_lines(record(kept)) == [
        "root6.40.00-cp311  promoted",
        "1 packages (1 kept), 2.0 MB, in 2 min 31 s",
    ]


def test_install_lines_can_be_pasted() -> None:
    text = "\n".join(install_lines(Path("/data/my channel"), ["root", "python=3.11"]))
    assert "-c file:///data/my%20channel root python=3.11" in text
    assert "--channel '/data/my channel'" in text


# What a terminal takes for commands: clear it, set its title, go back over a line, turn it round.
HOSTILE = "a\x1b[2J\x1b]0;title\x07\x08\x9b1mb\u202ec"


def test_a_log_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "a\\x1b[2J\\x1b]0;title\\x07\\x08\\x9b1mb\\u202ec"
    stream = io.StringIO()
    tell_error(f"failed:\n  {HOSTILE}", HOSTILE, stream)
    assert stream.getvalue() == f"error: failed:\n  {shown}\n  {shown}\n"
    stream = io.StringIO()
    with Terminal(stream) as terminal:
        for state in ("note", "failed", "done"):
            terminal(Event(stage="build", item=HOSTILE, state=state, detail=HOSTILE))
        terminal.say(HOSTILE)
        terminal.table(["head"], [[HOSTILE]])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", stream.getvalue())
    assert shown in stream.getvalue()
