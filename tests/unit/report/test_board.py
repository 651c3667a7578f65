import pytest

from rootstock.progress import Event
from rootstock.report.board import Board


@pytest.fixture
def board() -> Board:
    board = Board()
    board.take(Event(stage="build", state="start", total=4), 100.0)
    return board


def test_counts_what_is_left(board: Board) -> None:
    board.take(Event(stage="build", item="zlib", state="kept"), 100.0)
    board.take(Event(stage="build", item="xz", state="start"), 101.0)
    assert board.stages["build"].words == "1 of 4 done, 1 running, 2 left"


def test_seconds_are_the_events_or_measured(board: Board) -> None:
    board.take(Event(stage="build", item="xz", state="start"), 101.0)
    board.take(Event(stage="build", item="bzip2", state="start"), 101.0)
    done = Event(stage="build", item="xz", state="done", seconds=7.0)
    assert board.take(done, 111.0) == ("item", 7.0)
    assert board.take(Event(stage="build", item="bzip2", state="done"), 111.0) == ("item", 10.0)
    assert board.take(Event(stage="build", state="done"), 120.0) == ("stage", 20.0)


def test_a_part_of_an_item_is_not_counted(board: Board) -> None:
    board.take(Event(stage="build", item="cell", state="start"), 101.0)
    part = Event(stage="build", item="cell: import", state="done", seconds=1.0)
    assert board.take(part, 102.0) == ("part", 1.0)
    assert board.stages["build"].words == "0 of 4 done, 1 running, 3 left"
    assert board.stages["build"].running["cell"].detail == "import"


def test_a_total_that_is_overtaken_is_not_told(board: Board) -> None:
    for number in range(5):
        board.take(Event(stage="build", item=str(number), state="done"), 101.0)
    assert board.stages["build"].words == "5 done"


def test_progress_of_an_item() -> None:
    board = Board()
    event = Event(stage="sources", item="a", state="progress", done=5e6, total=20e6, unit="B")
    board.take(event, 1.0)
    item = board.stages["sources"].running["a"]
    assert item.part == 0.25
    assert item.words == "5.0 MB/20.0 MB"


def test_a_stage_that_begins_again_counts_anew(board: Board) -> None:
    board.take(Event(stage="build", item="zlib", state="done"), 101.0)
    board.take(Event(stage="build", state="done"), 102.0)
    board.take(Event(stage="build", state="start", total=2), 103.0)
    assert board.stages["build"].words == "0 of 2 done, 2 left"
