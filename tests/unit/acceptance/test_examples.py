"""The tests that this checkout has, and the page that shows them."""

from pathlib import Path

import pytest

from rootstock.acceptance.model import AcceptanceTest
from rootstock.acceptance.reading import load
from rootstock.core.checkout import Checkout
from rootstock.product.root import PRODUCT

CHECKOUT = Path(__file__).parents[3]
TESTS = load(Checkout(CHECKOUT).acceptance, [*PRODUCT.acceptance])


def test_there_is_one_of_each_program() -> None:
    assert {test.program for test in TESTS} == {*PRODUCT.acceptance}


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_the_page_shows_the_files_as_they_are(test: AcceptanceTest) -> None:
    page = (CHECKOUT / "docs/acceptance.md").read_text()
    for name in (test.program, "acceptance.toml"):
        assert f"\n{(test.folder / name).read_text()}```\n" in page, name
