"""Files that others made: what several readers have of each branch, and why they differ."""

from pathlib import Path

import pytest

from rootstock.core.store import locate

from .conftest import CHECKOUT
from .files import compare, known, run
from .files.compare import Finding, Found
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
