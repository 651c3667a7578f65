import pytest

from rootstock.core.progress import Event
from rootstock.report.progress_state import ProgressState


@pytest.fixture
def board() -> ProgressState:
    board = ProgressState()
    board.take(Event(stage="build", state="start", total=4), 100.0)
    return board


def test_counts_what_is_left(board: ProgressState) -> None:
    board.take(Event(stage="build", item="zlib", state="kept"), 100.0)
    board.take(Event(stage="build", item="xz", state="start"), 101.0)
    assert board.stages["build"].words == "1 of 4 done, 1 running, 2 left"


def test_seconds_are_the_events_or_measured(board: ProgressState) -> None:
    board.take(Event(stage="build", item="xz", state="start"), 101.0)
    board.take(Event(stage="build", item="bzip2", state="start"), 101.0)
    done = Event(stage="build", item="xz", state="done", seconds=7.0)
    assert board.take(done, 111.0) == ("item", 7.0)
    assert board.take(Event(stage="build", item="bzip2", state="done"), 111.0) == ("item", 10.0)
    assert board.take(Event(stage="build", state="done"), 120.0) == ("stage", 20.0)


def test_a_part_of_an_item_is_not_counted(board: ProgressState) -> None:
    board.take(Event(stage="build", item="cell", state="start"), 101.0)
    part = Event(stage="build", item="cell: import", state="done", seconds=1.0)
    assert board.take(part, 102.0) == ("part", 1.0)
    assert board.stages["build"].words == "0 of 4 done, 1 running, 3 left"
    assert board.stages["build"].running["cell"].detail == "import"


def test_a_total_that_is_overtaken_is_not_reported(board: ProgressState) -> None:
    for number in range(5):
        board.take(Event(stage="build", item=str(number), state="done"), 101.0)
    assert board.stages["build"].words == "5 done"


def test_progress_of_an_item() -> None:
    board = ProgressState()
    event = Event(stage="sources", item="a", state="progress", done=5e6, total=20e6, unit="B")
    board.take(event, 1.0)
    item = board.stages["sources"].running["a"]
    assert item.part(2.0) == 0.25
    assert item.words == "5.0 MB/20.0 MB"


def test_a_stage_that_begins_again_counts_anew(board: ProgressState) -> None:
    board.take(Event(stage="build", item="zlib", state="done"), 101.0)
    board.take(Event(stage="build", state="done"), 102.0)
    board.take(Event(stage="build", state="start", total=2), 103.0)
    assert board.stages["build"].words == "0 of 2 done, 2 left"


def test_a_build_is_measured_by_what_it_took_before(board: ProgressState) -> None:
    board.take(Event(stage="build", item="xz", state="start", expected=60.0, detail="cp311"), 200.0)
    item = board.stages["build"].running["xz"]
    assert item.words == "cp311"
    assert (item.part(215.0), item.time(215.0)) == (0.25, "0:15 of ~1:00")
    assert (item.part(290.0), item.time(290.0)) == (1.0, "1:30 of ~1:00")


def test_what_is_not_expected_has_no_end(board: ProgressState) -> None:
    board.take(Event(stage="build", item="xz", state="start"), 200.0)
    item = board.stages["build"].running["xz"]
    assert (item.part(215.0), item.time(215.0)) == (None, "0:15")
    assert board.stages["build"].time(215.0) == "1:55"


def test_the_end_of_a_stage_comes_nearer_until_it_is_forecast_anew(board: ProgressState) -> None:
    board.take(Event(stage="build", state="progress", expected=90.0), 110.0)
    build = board.stages["build"]
    assert build.time(110.0) == "0:10, ~1:30 left"
    assert build.time(150.0) == "0:50, ~0:50 left"
    assert build.time(900.0) == "13:20, ~0:00 left"
    board.take(Event(stage="build", state="progress", expected=20.0), 150.0)
    assert build.time(150.0) == "0:50, ~0:20 left"
