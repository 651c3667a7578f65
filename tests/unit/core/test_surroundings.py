"""What PYTHONPATH brings into an environment."""

from pathlib import Path

import pytest

from rootstock.core.surroundings import intruders


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The lib folder of another ROOT."""
    for name in ("ROOT", "cppyy"):
        (tmp_path / "lib" / name).mkdir(parents=True)
    (tmp_path / "lib/libcppyy.so").touch()
    return tmp_path / "lib"


def test_modules_of_another_root_are_reported_by_folder(other: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/analysis.py").touch()
    path = f"{tmp_path}/mine:{other}"
    assert intruders({"PYTHONPATH": path}) == {str(other): ["ROOT", "cppyy", "libcppyy"]}


def test_an_empty_entry_is_the_present_folder(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(other)
    assert list(intruders({"PYTHONPATH": "/nowhere:"})) == ["."]


def test_without_the_variable_nothing_comes_in(
    other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(other)
    assert intruders({}) == intruders({"PYTHONPATH": ""}) == {}


def test_a_name_that_only_begins_alike_is_no_module_of_root(tmp_path: Path) -> None:
    (tmp_path / "ROOT_tools").mkdir()
    (tmp_path / "numpy_extras.py").touch()
    assert intruders({"PYTHONPATH": str(tmp_path)}) == {}
