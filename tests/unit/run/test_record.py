import json
from pathlib import Path

import pytest

from rootstock.run.record import NAME, CellRecord, NodeRecord, RunRecord, load, write

RUN = RunRecord(
    run="20260101T000000Z-1",
    rootstock="0.1.0",
    command=("build", "--root", "6"),
    started="2026-01-01T00:00:00Z",
    seconds=1.5,
    code=1,
    channel="/c",
    cells=(
        CellRecord(
            id="c", axes={"root": "6.40.00", "python": "3.11"}, state="failed", files=("a", "b")
        ),
    ),
    nodes=(NodeRecord(package="zlib", version="1", state="failed", key="k", log="/l"),),
    audit=({"file": "a", "problems": []},),
    smoke=({"cell": "c", "checks": [{"name": "import", "outcome": "failed"}]},),
    error="it failed",
)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = write(RUN, tmp_path)
    assert path == tmp_path / NAME
    assert load(tmp_path) == RUN
    assert [entry.name for entry in tmp_path.iterdir()] == [NAME]


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps({**RUN.as_json(), "format": 0}))
    with pytest.raises(ValueError, match="another version"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ValueError, match=r"no report|Expecting"):
        load(tmp_path)
