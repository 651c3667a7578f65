import json
from pathlib import Path

from rootstock.run.record import FORMAT, NAME, CellRecord, NodeRecord, RunRecord, write

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


def test_the_file_is_the_record_with_a_line_for_each_item(tmp_path: Path) -> None:
    path = write(RUN, tmp_path)
    assert path == tmp_path / NAME
    assert [entry.name for entry in tmp_path.iterdir()] == [NAME]
    text = path.read_text()
    read = json.loads(text)
    assert read == json.loads(json.dumps(RUN.as_json()))
    assert (read["format"], read["code"], read["command"]) == (FORMAT, 1, ["build", "--root", "6"])
    [cell], [node] = read["cells"], read["nodes"]
    assert (cell["root"], cell["python"], cell["files"]) == ("6.40.00", "3.11", ["a", "b"])
    assert json.dumps(cell) in text.splitlines() and json.dumps(node) in text.splitlines()
