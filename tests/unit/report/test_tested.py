"""Which system passed: what is kept of a run, and the table."""

import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.core.errors import UsageError
from rootstock.report import tested
from rootstock.run.record import CellRecord, RunRecord
from rootstock.smoke.systems import SystemEntry

CELL = "root6.40.00-cp311-linux_x86_64"
SYSTEMS = (
    SystemEntry(id="old", name="Old 1", image="old"),
    SystemEntry(id="new", name="New 2", container="host.example/new:2"),
)


DAY = "2026-11-28"


def record(*outcomes: str, system: str = "Old 1", day: str = DAY) -> RunRecord:
    checks = [{"name": f"c{i}", "outcome": outcome} for i, outcome in enumerate(outcomes)]
    report: dict[str, Any] = {"cell": CELL, "system": system, "glibc": "2.31", "checks": checks}
    axes = {"root": "6.40.00", "python": "3.11"}
    return RunRecord(
        run="r",
        rootstock="0",
        command=(),
        started=f"{day}T22:00:00+00:00",
        seconds=1.0,
        code=0,
        channel="/c",
        cells=(CellRecord(id=CELL, axes=axes, state="passed"),),
        smoke=(report,),
    )


def test_a_later_result_takes_the_place_of_the_same_system_s(tmp_path: Path) -> None:
    path = tmp_path / "data/systems.json"
    tested.write(tested.results(record("passed", "failed", "not run")), path)
    tested.write(tested.results(record("passed", system="New 2")), path)
    new, old = tested.read(path)
    assert (new.system, old.system) == ("New 2", "Old 1")
    assert (old.passed, old.failed, old.not_run, old.date) == (1, 1, 1, DAY)
    assert old.axes == {"root": "6.40.00", "python": "3.11"}
    tested.write(tested.results(record("passed", day="2027-01-02")), path)
    assert [(one.system, one.date) for one in tested.read(path)] == [
        ("New 2", DAY),
        ("Old 1", "2027-01-02"),
    ]
    assert tested.read(path)[1].failed == 0


def test_the_table_is_in_the_order_of_the_list_and_others_were_never_run() -> None:
    old = tested.results(record("passed", "failed"))
    both = [*tested.results(record("passed", system="New 2")), *old]
    *_, first, last = tested.as_markdown(both, SYSTEMS).splitlines()
    assert first == f"| Old 1 | 2.31 | {CELL} | 1 passed, 1 failed | {DAY} |"
    assert last.startswith("| New 2 |")
    assert tested.never_run(old, SYSTEMS) == [SYSTEMS[1]]
    assert tested.never_run(both, SYSTEMS) == []


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "tested": []}', '{"tested": [{}]}'])
def test_another_file_is_refused_and_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "systems.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a file of test results"):
        tested.write(tested.results(record("passed")), path)
    assert path.read_text() == text
    path.write_text(json.dumps({"format": 1, "tested": []}))
    assert tested.read(path) == ()
