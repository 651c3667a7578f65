"""Files that others made: what several readers have of each branch, and why they differ."""

from pathlib import Path

import pytest

from rootstock.core.store import locate

from .conftest import CHECKOUT
from .files import compare, known, run
from .files.compare import Finding, Found
from .files.known import Known
from .reading import page

pytestmark = pytest.mark.nightly

PAGE = CHECKOUT / "docs/readers.md"
RENEW = "python scripts/test.py --nightly -k real_files --renew"


@pytest.fixture(scope="module")
def came(analysis: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What each reader has of all files."""
    store = locate()
    store.prepare()
    folder = tmp_path_factory.mktemp("files")
    paths = run.files(store, folder)
    return run.read(analysis / "bin/python", paths, tmp_path_factory.mktemp("came"))


@pytest.fixture(scope="module")
def found(came: Found, request: pytest.FixtureRequest) -> dict[int, list[Finding]]:
    """The differences by table of known.toml; `--renew` writes their numbers, and the page."""
    sorted_ = known.sort(compare.findings(came), known.load())
    if request.config.getoption("renew", default=False):
        known.renew(sorted_)
        block = known.page(came, known.load(), sorted_)
        PAGE.write_text(page.put(PAGE.read_text(), block, known.MARK))
    return sorted_


def test_real_files_have_no_difference_that_is_not_known(found: dict[int, list[Finding]]) -> None:
    new = "\n".join(map(str, found[-1]))
    assert not new, f"find out why, and write tables for these into known.toml:\n{new}"


def test_real_files_have_every_difference_that_is_known(found: dict[int, list[Finding]]) -> None:
    changed = [
        f"{table.what}: {table.count}, now {len(found[index])}"
        for index, table in enumerate(known.load())
        if not found[index] or table.count != len(found[index])
    ]
    assert not changed, "\n".join([RENEW, *changed])


def test_real_files_are_on_the_page(came: Found, found: dict[int, list[Finding]]) -> None:
    block = known.page(came, known.load(), found)
    assert page.between(PAGE.read_text(), known.MARK) == block, RENEW


@pytest.mark.parametrize("seen", ["other values", "OverflowError: out of range"])
def test_either_outcome_of_a_table_makes_the_same_page(seen: str) -> None:
    either = Known("pyroot", ["other values", "OverflowError*"], "either", "", "")
    behind = Known("pyroot", ["OverflowError*"], "OverflowError", "", "")
    came = {"error": "OverflowError", "message": ""}
    lines: Found = {reader: {("f.root", "t:x"): came} for reader in run.READERS}
    sorted_ = known.sort([Finding("pyroot", seen, "f.root", "t:x")], [either, behind])
    assert list(map(len, sorted_.values())) == [0, 1, 0]
    made = known.page(lines, [either, behind], sorted_).splitlines()
    assert "| PyROOT | 1 | 0 | 1 | 0 |" in made
    assert "| PyROOT | either | 1 in f.root |  |  |" in made


def test_an_outcome_that_a_table_does_not_name_is_not_known() -> None:
    table = Known("pyroot", ["other values", "OverflowError*"], "either", "", "")
    crash = Finding("pyroot", "crash", "f.root", "t:x")
    assert known.sort([crash], [table]) == {-1: [crash], 0: []}
