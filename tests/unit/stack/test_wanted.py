"""ci/stack.toml: what is wrong with it is told, with the table."""

from pathlib import Path

import pytest

from rootstock.errors import UsageError
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
    assert found.of("other") == wanted.Known()


@pytest.mark.parametrize(
    ("line", "other", "told"),
    [
        ('summary = "All trees"', 'sumary = "x"', r"\[sets\.orchard\] has the unknown key sumary"),
        ('why = "A reason"', "", r"\[packages\.Zarr\] has no why"),
        ('constraint = "<3"', 'constraint = "three"', "'three' bounds no version"),
        ('pythons = ">=3.10"', 'pythons = "new"', "'new' bounds no version"),
        ('"dask[array]"', '"dask["', "is no requirement"),
        ('packages = ["uproot>=5", "dask[array]"]', "packages = []", "has no packages"),
        ('recipes = ["root_numpy"]', 'recipes = "root_numpy"', "recipes is not a list of texts"),
        ('constraint = "<3"', "drop = [1]", "drop is not a list of texts"),
        ('"--pyargs"', "1", "suite is not a list of texts"),
        ('suite = ["--pyargs", "zarr", "-m", "not slow"]', "", "has suite_fails and no suite"),
        ('"It asks the network"', '" "', "suite_fails has no reason for each test"),
        ('{"zarr/tests/test_a.py::test_b[1]" = ', "[", "is not TOML"),
        (
            'suite_fails = {"zarr/tests/test_a.py::test_b[1]" = "It asks the network"}',
            'suite_fails = ["zarr/tests/test_a.py::test_b"]',
            "suite_fails has no reason for each",
        ),
        ("[sets.orchard]", "[sets.Orchard]", "is no name"),
        ("[sets.orchard]", "[set.orchard]", "the file has the unknown key set"),
        ("[sets.orchard]", "[sets.orchard", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, line: str, other: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
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
    with pytest.raises(UsageError, match=r"\[packages\.bud\] has source and no depends"):
        load(tmp_path, text)
    known = load(tmp_path, f"{text}depends = []\n").of("bud")
    assert (known.source, known.depends) == (True, ())
