"""Which suites run where."""

from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.plan.graph import Graph
from rootstock.plan.matrix import Cell
from rootstock.product.root import PRODUCT
from rootstock.stack import names, wanted
from rootstock.stack.lock import TESTS, Lock, LockedSet, Member
from rootstock.stack.names import Names
from rootstock.suites import choose
from rootstock.suites.suite import Suite

TEXT = """
[sets.orchard]
packages = ["tables"]

[packages.tables]
suite = ["--pyargs", "tables"]
suite_fails = {"tables/tests/test_a.py::test_b" = "no network"}
why = "It brings tests."

[packages.scipy]
suite = ["--pyargs", "scipy.linalg"]
why = "It brings tests."

[packages.other]
license = "MIT"
why = "It says none."
"""
NAMING = Names(differing={"tables": "pytables"}, also={})
CELL = Cell(
    product=PRODUCT, values=("6.40.00", "3.11"), platform="linux-64", sets=("rootstock-orchard",)
)


def known(folder: Path) -> wanted.Wanted:
    return wanted.load(folder / "stack.toml", TEXT)


def lock(*tests: str, pluggy: str = "1") -> Lock:
    members = (Member(python="3.11", packages={"pluggy": "1"}),)
    orchard = LockedSet(name="rootstock-orchard", summary="", version="1", members=members)
    own = tuple(Member(python=one, packages={"pluggy": pluggy, "pytest": "9"}) for one in tests)
    runs = LockedSet(name=TESTS, summary="", version="1", members=own)
    return Lock(wheels=(), sets=(orchard, runs), also={})


def test_what_is_there_and_described_runs(tmp_path: Path) -> None:
    versions = {"pytables": "3", "other": "1", "numpy": "2"}
    assert choose.choose(versions, (), known(tmp_path), NAMING) == (
        Suite(
            package="pytables",
            version="3",
            words=("--pyargs", "tables"),
            fails={"tables/tests/test_a.py::test_b": "no network"},
        ),
    )


@pytest.mark.parametrize("name", ["tables", "pytables"])
def test_a_package_is_chosen_by_either_name(tmp_path: Path, name: str) -> None:
    versions = {"pytables": "3", "scipy": "1"}
    found = choose.choose(versions, (name,), known(tmp_path), NAMING)
    assert [one.package for one in found] == ["pytables"]


def test_what_a_checkout_describes_is_found_by_conda_s_names(tmp_path: Path) -> None:
    assert choose.described(["pytables"], Checkout(tmp_path)) == []
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/stack.toml").write_text(TEXT)
    (tmp_path / "ci/names.toml").write_text('[names]\ntables = "pytables"\n')
    packages = ["scipy", "other", "pytables", "numpy"]
    assert choose.described(packages, Checkout(tmp_path)) == ["pytables", "scipy"]


def test_what_runs_tests_is_beside_a_cell_s_own_sets_and_in_a_cell_of_its_own() -> None:
    [(id_, cell)] = choose.beside([CELL], lock("3.11", "3.12")).items()
    assert id_ == CELL.id != cell.id
    assert cell.sets == ("rootstock-orchard", TESTS)
    assert CELL.sets == ("rootstock-orchard",)


def test_a_cell_that_has_it_already_has_it_once() -> None:
    cell = Cell(product=PRODUCT, values=("6.40.00", "3.11"), platform="linux-64", sets=(TESTS,))
    assert choose.beside([cell], lock("3.11"))[cell.id].sets == (TESTS,)


def test_what_cannot_be_together_is_reported() -> None:
    with pytest.raises(UsageError, match="need other versions than its sets"):
        choose.beside([CELL], lock("3.11", pluggy="2"))


def test_a_cell_of_another_python_is_left_out_and_alone_is_refused() -> None:
    other = Cell(product=PRODUCT, values=("6.40.00", "3.9"), platform="linux-64")
    assert set(choose.beside([CELL, other], lock("3.11"))) == {CELL.id}
    with pytest.raises(UsageError, match=r"run for Python 3\.11 only"):
        choose.beside([other], lock("3.11"))


def test_without_the_set_the_way_to_it_is_reported() -> None:
    with pytest.raises(UsageError, match="has no set tests") as caught:
        choose.beside([CELL], Lock(wheels=(), sets=(), also={}))
    assert "rootstock stack lock" in caught.value.remedy


def checkout(folder: Path) -> Path:
    (folder / "ci").mkdir()
    (folder / wanted.FILE).write_text(TEXT)
    (folder / names.FILE).write_text("[names]\n")
    return folder


def test_a_name_without_suite_is_refused_with_those_there_are(tmp_path: Path) -> None:
    graph = Graph(nodes={}, cells={CELL.id: ()})
    with pytest.raises(UsageError, match=r"'other': ci/stack\.toml has no suite") as caught:
        choose.tested({CELL.id: CELL}, graph, Checkout(checkout(tmp_path)), ["other"])
    assert "Known: scipy, tables" in caught.value.remedy


def test_a_cell_with_nothing_to_run_is_refused(tmp_path: Path) -> None:
    graph = Graph(nodes={}, cells={CELL.id: ()})
    with pytest.raises(UsageError, match="have no package with a suite of that name"):
        choose.tested({CELL.id: CELL}, graph, Checkout(checkout(tmp_path)), ["scipy"])


def test_files_with_tests_are_those_in_a_package_s_folders_of_tests() -> None:
    site = "lib/python3.11/site-packages"
    assert choose.tests_in([f"{site}/a/tests/test_b.py", f"{site}/a/b/test/c/test_d.py"]) == 2
    assert choose.tests_in(["site-packages/a/tests/test_b.py"]) == 1
    others = [f"{site}/a/test_b.py", f"{site}/a/tests/data.py", "share/a/tests/test_b.py"]
    assert choose.tests_in(others) == 0
