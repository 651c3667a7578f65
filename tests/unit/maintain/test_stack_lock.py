"""Changes of the stack are reported line by line, and people's file keeps its comments."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tomlkit

from rootstock.core.errors import UsageError
from rootstock.maintain import stack_lock
from rootstock.maintain.stack_lock import Edit
from rootstock.stack.lock import EMPTY, Build, Lock

from ..stack.test_lock import ENTRY

TOML = """\
# Why there are sets.
[sets.orchard]
packages = [
    "uproot",  # reads
    "dask[array]",
]
"""


def lock(*versions: tuple[str, str, tuple[str, ...]]) -> Lock:
    return Lock(
        wheels=tuple(
            replace(
                ENTRY,
                name=name,
                version=version,
                builds=(Build(pythons=pythons, python="", depends=()),),
            )
            for name, version, pythons in versions
        ),
        sets=(),
        also={},
    )


def test_what_changes_is_reported() -> None:
    old = lock(("a", "1", ("3.11",)), ("b", "1", ("3.11",)), ("c", "1", ("3.11",)))
    new = lock(("b", "1", ("3.11",)), ("c", "1", ("3.10",)), ("c", "2", ("3.11",)), ("d", "1", ()))
    assert stack_lock.differences(old, new) == ["- a 1", "  c 1 -> 1 (3.10), 2 (3.11)", "+ d 1"]
    assert stack_lock.differences(new, new) == []
    assert stack_lock.differences(EMPTY, old) == ["+ a 1", "+ b 1", "+ c 1"]


def test_a_package_that_depends_on_something_else_is_reported() -> None:
    old = lock(("a", "1", ("3.11",)), ("b", "1", ("3.11",)))
    more = replace(old.wheels[1], builds=(replace(old.wheels[1].builds[0], depends=("c",)),))
    new = replace(old, wheels=(old.wheels[0], more))
    assert stack_lock.differences(old, new) == ["  b 1: its files or dependencies change"]


def test_names_are_added_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(TOML)
    edit = stack_lock.with_packages(path, "orchard", ["zfit>=1", "Dask"])
    assert path.read_text() == TOML
    assert edit.text == TOML.replace('"dask[array]",\n', '"dask[array]",\n    "zfit>=1",\n')
    assert edit.lines == ('ci/stack.toml: [sets.orchard] + "zfit>=1"',)
    assert stack_lock.with_packages(path, "orchard", ["dask", "UpRoot"]) == Edit(
        text=TOML, lines=()
    )


@pytest.mark.parametrize(
    ("there", "given", "becomes"),
    [
        (["bud"], "bud>=2", ["bud>=2"]),
        (["bud<2"], "Bud>=2,<3", ["bud<3,>=2"]),
        (["bud<2"], "bud", ["bud<2"]),
        (["bud[a]<2"], "bud[b]", ["bud[a,b]<2"]),
        (["bud<2; python_version >= '3.10'"], "bud<3", ["bud<3; python_version >= '3.10'"]),
        (
            ["bud; python_version >= '3.10'"],
            "bud<3; python_version < '3.10'",
            ["bud; python_version >= '3.10'", "bud<3; python_version < '3.10'"],
        ),
        (
            ["bud; python_version >= '3.10'", "bud<2; python_version < '3.10'"],
            'bud<3; python_version < "3.10"',
            ["bud; python_version >= '3.10'", "bud<3; python_version < '3.10'"],
        ),
        (
            ["bud<2; python_version < '3.10'", "bud"],
            "bud<9",
            ["bud<2; python_version < '3.10'", "bud<9"],
        ),
        ("bud", "leaf", ["bud", "leaf"]),
    ],
)
def test_a_new_bound_replaces_the_old(
    tmp_path: Path, there: object, given: str, becomes: list[str]
) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(f"[sets.x]\npackages = {json.dumps(there)}\n")
    edit = stack_lock.with_packages(path, "x", [given])
    assert tomlkit.parse(edit.text).unwrap()["sets"]["x"]["packages"] == becomes
    assert bool(edit.lines) == (there != becomes)


def test_which_of_two_to_change_must_be_clear(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    both = ["bud<2; python_version < '3.10'", "bud; python_version >= '3.10'"]
    path.write_text(f"[sets.x]\npackages = {json.dumps(both)}\n")
    with pytest.raises(UsageError, match="has bud more than once") as caught:
        stack_lock.with_packages(path, "x", ["bud<3"])
    assert "marker" in caught.value.remedy


@pytest.mark.parametrize(
    ("set_", "name", "said"),
    [
        ("vineyard", "zfit", "has no set 'vineyard'"),
        ("orchard", "z f", "'z f' is not a requirement"),
        ("orchard", "zfit @ https://example.org/zfit.whl", "is the address of a file"),
    ],
)
def test_what_cannot_be_added_is_reported(tmp_path: Path, set_: str, name: str, said: str) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(TOML)
    with pytest.raises(UsageError, match=said):
        stack_lock.with_packages(path, set_, [name])
