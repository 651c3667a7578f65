"""`ci/stack.toml`: what is wrong with it is reported, with the table."""

from pathlib import Path

import pytest
from packaging.version import Version

from rootstock.core.audit_rules import Waiver
from rootstock.core.errors import UsageError
from rootstock.stack import wanted

GOOD = """
[sets.orchard]
summary = "All trees"
pythons = ">=3.10"
packages = ["uproot>=5", "dask[array]"]
recipes = ["root_numpy"]

[packages.Zarr]
constraint = "<3"
suite = ["--pyargs", "zarr", "-m", "not slow"]
suite_fails = {"zarr/tests/test_a.py::test_b[1]" = "It asks the network"}
why = "A reason"
"""


def load(folder: Path, text: str) -> wanted.Wanted:
    path = folder / "stack.toml"
    path.write_text(text)
    return wanted.load(path)


def test_it_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    [own] = found.sets
    assert (own.name, own.summary) == ("orchard", "All trees")
    assert [one.name for one in own.packages] == ["uproot", "dask"]
    assert own.recipes == ("root_numpy",)
    assert own.pythons.contains("3.10.20") and not own.pythons.contains("3.9.2")
    assert str(found.of("zarr").constraint) == "<3"
    assert found.of("zarr").suite == ("--pyargs", "zarr", "-m", "not slow")
    assert found.of("zarr").suite_fails == {
        "zarr/tests/test_a.py::test_b[1]": "It asks the network"
    }
    assert found.of("other") == wanted.PackageSettings()


@pytest.mark.parametrize(
    ("line", "other", "said"),
    [
        ('summary = "All trees"', 'sumary = "x"', r"\[sets\.orchard\] has the unknown key sumary"),
        ('why = "A reason"', "", r"\[packages\.Zarr\] has no why"),
        ('constraint = "<3"', 'constraint = "three"', "'three' is not a version bound"),
        ('pythons = ">=3.10"', 'pythons = "new"', "'new' is not a version bound"),
        ('"dask[array]"', '"dask["', "is not a requirement"),
        ('packages = ["uproot>=5", "dask[array]"]', "packages = []", "has no packages"),
        ('recipes = ["root_numpy"]', 'recipes = "root_numpy"', "recipes is not a list of texts"),
        ('constraint = "<3"', "drop = [1]", "drop is not a list of texts"),
        ('"--pyargs"', "1", "suite is not a list of texts"),
        ('suite = ["--pyargs", "zarr", "-m", "not slow"]', "", "has suite_fails but no suite"),
        ('"It asks the network"', '" "', "suite_fails has no reason for each test"),
        ('{"zarr/tests/test_a.py::test_b[1]" = ', "[", "is not TOML"),
        (
            'suite_fails = {"zarr/tests/test_a.py::test_b[1]" = "It asks the network"}',
            'suite_fails = ["zarr/tests/test_a.py::test_b"]',
            "suite_fails has no reason for each",
        ),
        ("[sets.orchard]", "[sets.Orchard]", "is not a valid name"),
        ("[sets.orchard]", "[set.orchard]", "the file has the unknown key set"),
        ("[sets.orchard]", "[sets.orchard", "is not TOML"),
    ],
)
def test_what_is_wrong_is_reported(tmp_path: Path, line: str, other: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load(tmp_path, GOOD.replace(line, other))
    assert str(tmp_path / "stack.toml") in caught.value.message


def test_there_is_at_least_one_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no set"):
        load(tmp_path, "")


def test_the_projects_own_is_right() -> None:
    checkout = Path(__file__).resolve().parents[3]
    assert {one.name for one in wanted.load(checkout / "ci/stack.toml").sets} >= {"frames"}


def test_what_a_source_distribution_requires_is_written_down(tmp_path: Path) -> None:
    text = '[sets.x]\npackages = ["bud"]\n[packages.bud]\nsource = true\nwhy = "x"\n'
    with pytest.raises(UsageError, match=r"\[packages\.bud\] has source but no depends"):
        load(tmp_path, text)
    known = load(tmp_path, f"{text}depends = []\n").of("bud")
    assert (known.source, known.depends) == (True, ())
    with pytest.raises(UsageError, match="has source and license_source"):
        load(tmp_path, f"{text}depends = []\nlicense_source = true\n")


def test_what_a_set_pins_are_versions_and_no_ranges(tmp_path: Path) -> None:
    packages = ["Bud==1.0", "leaf==2.*", "twig>=3", "old==1 ; python_version < '3.12'", "bark==1a1"]
    [own] = load(tmp_path, f"[sets.x]\npackages = {packages}\n").sets
    assert own.pins("3.12.13") == {"bud": Version("1"), "bark": Version("1a1")}
    assert own.pins("3.11.2").keys() == {"bud", "old", "bark"}


SAID = '[sets.x]\npackages = ["bud"]\n[packages.bud]\nwhy = "x"\n'


def test_what_few_packages_have_is_read(tmp_path: Path) -> None:
    known = load(
        tmp_path,
        f'{SAID}license_source = true\ncheck_env = {{BUD_HOME = "a b"}}\n'
        '[[packages.bud.waive]]\nrule = "licence"\nfile = "info/*"\nwhy = "none has it"\n',
    ).of("bud")
    assert known.license_source is True
    assert known.check_env == {"BUD_HOME": "a b"}
    assert known.waive == (Waiver(rule="licence", file="info/*", why="none has it"),)


def test_license_texts_may_be_of_another_release(tmp_path: Path) -> None:
    assert load(tmp_path, f'{SAID}license_source = "1.2.0"\n').of("bud").license_source == "1.2.0"
    assert load(tmp_path, SAID).of("bud").license_source is False


def test_a_license_is_an_spdx_expression(tmp_path: Path) -> None:
    found = load(tmp_path, f'{SAID}license = "mit or LicenseRef-Own"\n').of("bud")
    assert found.license == "MIT OR LicenseRef-Own"
    assert load(tmp_path, SAID).of("bud").license == ""


@pytest.mark.parametrize("value", ['"BSD"', '"Apache License 2.0"', '"MIT or"', '""', "true", "[]"])
def test_another_license_is_reported_with_its_table_and_key(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match="which is not an SPDX expression") as caught:
        load(tmp_path, f"{SAID}license = {value}\n")
    assert f"{tmp_path / 'stack.toml'}: [packages.bud] license is " in caught.value.message
    assert "BSD-3-Clause" in caught.value.remedy
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('license_source = "yes"', "license_source is 'yes'"),
        ("license_source = 1.2", "license_source is 1.2"),
        ('check_env = ["A"]', "check_env is not a table"),
        ('check_env = {LD_PRELOAD = "x"}', "'LD_PRELOAD' is not a variable that may be set"),
        ('check_env = {PATH = "x"}', "PATH, HOME, .* decide what runs"),
        ('check_env = {PYTHONPATH = "x"}', "'PYTHONPATH' is not a variable"),
        ('check_env = {"A=B" = "x"}', "'A=B' is not a variable"),
        ("check_env = {A = 1}", "1 is not a line of text"),
        ('waive = "licence"', "waive has 'licence', which is not a waiver"),
        ('waive = [{rule = "licence", file = "x"}]', "which is not a waiver"),
        ('waive = [{rule = "licence", file = "x", why = " "}]', "which is not a waiver"),
        ('waive = [{rule = "licence", file = "x", why = "y", more = "z"}]', "is not a waiver"),
        ('waive = [{rule = "waiver", file = "x", why = "y"}]', "which is not a waiver"),
        ('waive = [{rule = "lizenz", file = "x", why = "y"}]', "which is not a waiver"),
    ],
)
def test_what_few_packages_cannot_have_is_reported(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load(tmp_path, f"{SAID}{line}\n")
    assert "[packages.bud]" in caught.value.message
