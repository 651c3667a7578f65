"""The numbers before are those of the newest release that the channel shows and that has some."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rootstock.acceptance.report import AcceptanceReport, AcceptanceResult
from rootstock.channel.reader import Channel
from rootstock.core.errors import RefusedError, SourceError
from rootstock.release import before
from rootstock.release.build import ReleaseInputs, build

from ..conftest import CELL, Released, records_of

OAK = AcceptanceResult(
    name="oak", title="Rings", outcome="passed", sha256="ab" * 32, numbers={"rings": 12}
)
REPORT = AcceptanceReport(cell=CELL.id, system="Debian 11", release=0, tests=(OAK,))


def accepted(inputs: ReleaseInputs, report: AcceptanceReport) -> ReleaseInputs:
    return replace(inputs, cells=[replace(inputs.cells[0], acceptance=report)])


@pytest.fixture
def made(publish: Callable[..., Released], inputs: ReleaseInputs) -> Released:
    return publish(cells=accepted(inputs, REPORT).cells)


def test_a_release_has_its_numbers_and_is_found(made: Released) -> None:
    found = before.find(Channel.at(made.channel), CELL)
    assert found
    assert (found.release, found.cell) == (made.release, CELL.id)
    assert found.numbers == {"oak": {"rings": 12}}


@pytest.mark.parametrize(
    ("values", "name", "is_found"),
    [
        (("6.42.00", "3.11"), "", True),
        (("6.40.00", "3.13"), "", True),
        (("6.42.00", "3.13"), "", False),
        (("6.42.00", "3.11"), "xenon", False),
    ],
)
def test_a_new_cell_is_compared_with_one_that_differs_in_one_axis(
    made: Released, values: tuple[str, ...], name: str, is_found: bool
) -> None:
    found = before.find(Channel.at(made.channel), replace(CELL, values=values, name=name))
    assert (found.cell if found else None) == (CELL.id if is_found else None)


def test_another_root_comes_before_another_python_and_the_newest_root_first(
    publish: Callable[..., Released], inputs: ReleaseInputs
) -> None:
    roots = ("6.9.00", "6.40.00")
    cells = [replace(CELL, values=(root, "3.13")) for root in roots]
    cells.append(replace(CELL, values=("6.42.00", "3.11")))
    passed = [
        replace(inputs.cells[0], cell=cell, acceptance=replace(REPORT, cell=cell.id))
        for cell in cells
    ]
    made = publish(cells=passed)
    found = before.find(Channel.at(made.channel), replace(CELL, values=("6.42.00", "3.13")))
    assert found
    assert found.cell == replace(CELL, values=("6.40.00", "3.13")).id


def test_a_release_without_numbers_and_no_channel_at_all_have_none(
    publish: Callable[..., Released], tmp_path: Any
) -> None:
    assert before.find(Channel.at(tmp_path / "nothing"), CELL) is None
    assert before.find(Channel.at(publish().channel), CELL) is None


def test_numbers_that_somebody_changed_are_refused(made: Released) -> None:
    path = made.folder / f"{CELL.id}.acceptance.json"
    path.write_text(path.read_text().replace("12", "13"))
    with pytest.raises(SourceError, match="is damaged"):
        before.find(Channel.at(made.channel), CELL)


def test_a_list_of_releases_that_cannot_be_read_is_reported(made: Released) -> None:
    table = made.channel / "releases.json"
    table.unlink()
    table.write_text("{")
    with pytest.raises(SourceError, match="list of releases cannot be read"):
        before.find(Channel.at(made.channel), CELL)


def test_what_failed_is_not_released(inputs: ReleaseInputs) -> None:
    failed = replace(REPORT, tests=(replace(OAK, outcome="failed"),))
    with pytest.raises(RefusedError, match="its acceptance tests did not pass"):
        build(accepted(inputs, failed), records_of(inputs))
