"""Which checks apply, and whether each is there."""

import ast

import pytest

from rootstock.product.model import Check
from rootstock.product.root import PRODUCT
from rootstock.smoke.choose import FOLDER, INSIDE, choose

CATALOGUE = PRODUCT.checks

ROOT = {"python", "pyroot", "root-core", "root"}
ALL = ROOT | {
    "awkward",
    "cffi",
    "dask-awkward",
    "dask-histogram",
    "gxx",
    "hist",
    "numba",
    "numpy",
    "pandas",
    "pip",
    "uproot",
    "xrootd",
}


def test_all_checks_apply_to_a_whole_environment() -> None:
    apply, reasons = choose(ALL, CATALOGUE)
    assert apply == list(CATALOGUE)
    assert not reasons


def test_a_check_without_its_packages_is_not_run_and_says_why() -> None:
    apply, reasons = choose({"python", "zlib"}, CATALOGUE)
    assert {check.name for check in apply} == {"libraries", "python_modules", "system", "tls"}
    assert reasons["ttree"] == "not in the environment: pyroot, root-core"
    assert set(reasons) | {check.name for check in apply} == {check.name for check in CATALOGUE}


def test_what_needs_a_bare_system_is_not_run_on_another_and_says_why() -> None:
    apply, reasons = choose(ALL, CATALOGUE, bare=False)
    bare = {"compiler", "foreign", "libraries", "python_modules", "system", "tls"}
    assert set(reasons) == bare
    assert "not bare" in reasons["tls"]
    assert {check.name for check in apply} == {check.name for check in CATALOGUE} - set(reasons)


def test_without_python_nothing_applies() -> None:
    apply, reasons = choose({"root-core"}, CATALOGUE)
    assert not apply
    assert len(reasons) == len(CATALOGUE)


def test_order_is_the_catalogue_s() -> None:
    slow = Check(name="slow", needs=frozenset({"a"}))
    fast = Check(name="fast", needs=frozenset())
    assert choose({"a"}, [slow, fast])[0] == [slow, fast]


def test_every_program_is_in_the_catalogue_once() -> None:
    programs = sorted(path.name for path in FOLDER.glob("*.py"))
    assert sorted([INSIDE, *(check.program for check in CATALOGUE)]) == programs


def test_what_is_forked_from_a_process_with_root_is_not_about_its_start() -> None:
    for check in CATALOGUE:
        assert not check.forked or ("pyroot" in check.needs and "import" not in check.name)


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.name)
def test_every_check_says_what_it_checks_and_can_fail(check: Check) -> None:
    tree = ast.parse((FOLDER / check.program).read_text())
    assert ast.get_docstring(tree)
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 2


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.name)
def test_a_check_that_imports_a_package_needs_it(check: Check) -> None:
    tree = ast.parse((FOLDER / check.program).read_text())
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert ("ROOT" in imports) <= ("pyroot" in check.needs)
    assert imports & {"awkward", "hist", "numpy", "pandas", "uproot"} <= check.needs
