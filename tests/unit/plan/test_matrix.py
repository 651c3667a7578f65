from pathlib import Path

import pytest

from rootstock.errors import UsageError
from rootstock.plan.matrix import Cell, Matrix, load, select

GOOD = """
platform: linux-64
pythons: ["3.9", "3.11"]
roots:
  - {version: "6.38.00", origin: wheel, pythons: ["3.9", "3.11"]}
  - {version: "6.40.00", origin: wheel, pythons: ["3.11"]}
specs: [root, python]
variants: {c_stdlib: sysroot}
"""


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(GOOD)
    return load(path)


def ids(cells: tuple[Cell, ...]) -> list[str]:
    return [cell.id for cell in cells]


def test_a_short_version_is_the_newest_that_begins_so(matrix: Matrix) -> None:
    assert ids(select(matrix, ["6"], ["3.11"])) == ["root6.40.00-cp311-linux_x86_64"]
    assert ids(select(matrix, ["6.38"], ["3.11"])) == ["root6.38.00-cp311-linux_x86_64"]


def test_a_version_is_cut_at_dots_only(matrix: Matrix) -> None:
    with pytest.raises(UsageError):
        select(matrix, ["6.4"], ["3.11"])


def test_all_is_every_cell(matrix: Matrix) -> None:
    assert select(matrix, ["all"], ["all"]) == matrix.cells
    assert select(matrix, [], []) == matrix.cells
    assert len(matrix.cells) == 3


def test_cells_are_chosen_by_glob(matrix: Matrix) -> None:
    assert ids(select(matrix, [], [], ["*-cp39-*"])) == ["root6.38.00-cp39-linux_x86_64"]


def test_what_is_unknown_is_refused_with_what_is_known(matrix: Matrix) -> None:
    with pytest.raises(UsageError, match=r"ROOT 7") as caught:
        select(matrix, ["7"], [])
    assert "6.38.00, 6.40.00" in caught.value.remedy
    with pytest.raises(UsageError, match=r"Python 2.7") as caught:
        select(matrix, [], ["2.7"])
    assert "3.9, 3.11" in caught.value.remedy


def test_a_root_that_has_no_such_python_is_no_cell(matrix: Matrix) -> None:
    with pytest.raises(UsageError, match="no cell") as caught:
        select(matrix, ["6.40"], ["3.9"])
    assert "root6.38.00-cp39-linux_x86_64" in caught.value.remedy


def test_variants_of_cells_go_together(matrix: Matrix) -> None:
    variants = matrix.variants_of(matrix.cells)
    assert variants["python"] == ["3.9.* *_cp39", "3.11.* *_cp311"]
    assert variants["cpython"] == ["3.9", "3.11"]
    assert variants["root_version"] == ["6.38.00", "6.40.00"]
    assert variants["c_stdlib"] == ["sysroot"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("platform: linux-64", "platform: linux-32", "linux-32"),
        ('pythons: ["3.9", "3.11"]\nroots', 'pythons: ["3.11"]\nroots', "3.9"),
        ("specs:", "spec:", "specs"),
        ("roots:", "roots: [", "not YAML"),
    ],
)
def test_a_wrong_matrix_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError, match=told) as caught:
        load(path)
    assert str(path) in caught.value.message
