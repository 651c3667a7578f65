import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from rootstock.core.errors import UsageError
from rootstock.plan.matrix import Cell, Matrix, adding, load, select

CHECKOUT = Path(__file__).resolve().parents[3]
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
    assert ids(select(matrix, {"root": ["6"], "python": ["3.11"]})) == [
        "root6.40.00-cp311-linux_x86_64"
    ]
    assert ids(select(matrix, {"root": ["6.38"], "python": ["3.11"]})) == [
        "root6.38.00-cp311-linux_x86_64"
    ]


def test_a_version_is_cut_at_dots_only(matrix: Matrix) -> None:
    with pytest.raises(UsageError):
        select(matrix, {"root": ["6.4"], "python": ["3.11"]})


def test_all_is_every_cell(matrix: Matrix) -> None:
    assert select(matrix, {"root": ["all"], "python": ["all"]}) == matrix.cells
    assert select(matrix, {}) == matrix.cells
    assert len(matrix.cells) == 3


def test_cells_are_chosen_by_glob(matrix: Matrix) -> None:
    assert ids(select(matrix, {}, ["*-cp39-*"])) == ["root6.38.00-cp39-linux_x86_64"]


def test_what_is_unknown_is_refused_with_what_is_known(matrix: Matrix) -> None:
    with pytest.raises(UsageError, match=r"ROOT 7") as caught:
        select(matrix, {"root": ["7"]})
    assert "6.38.00, 6.40.00" in caught.value.remedy
    with pytest.raises(UsageError, match=r"Python 2.7") as caught:
        select(matrix, {"python": ["2.7"]})
    assert "3.9, 3.11" in caught.value.remedy


def test_a_root_that_has_no_such_python_is_no_cell(matrix: Matrix) -> None:
    with pytest.raises(UsageError, match="no cell") as caught:
        select(matrix, {"root": ["6.40"], "python": ["3.9"]})
    assert "root6.38.00-cp39-linux_x86_64" in caught.value.remedy


def test_variants_of_cells_go_together(matrix: Matrix) -> None:
    variants = matrix.variants_of(matrix.cells)
    assert variants["python"] == ["3.9.* *_cp39", "3.11.* *_cp311"]
    assert variants["cpython"] == ["3.9", "3.11"]
    assert variants["root_version"] == ["6.38.00", "6.40.00"]
    assert variants["c_stdlib"] == ["sysroot"]


def test_packages_are_added_to_every_environment(matrix: Matrix) -> None:
    more = adding(matrix, ["gxx >=14", "python"])
    assert more.specs_of(more.cells[0]) == ["root 6.38.00.*", "python 3.9.*", "gxx >=14"]
    assert adding(matrix, []) == matrix


@pytest.mark.parametrize("spec", ["Gxx", "gxx >=", "../gxx", ""])
def test_what_cannot_name_a_package_is_not_added(matrix: Matrix, spec: str) -> None:
    with pytest.raises(UsageError, match=r"--with .* is no match spec") as caught:
        adding(matrix, [spec])
    assert "Write the name of a package" in caught.value.remedy


def complaint(tmp_path: Path, old: str, new: str) -> UsageError:
    assert old in GOOD
    path = tmp_path / "matrix.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.code == 2
    assert caught.value.message.startswith(f"{path}:")
    return caught.value


MISTAKES = [
    ("platform: linux-64", "platform: linux-32", 2, "linux-32 is none of linux-64"),
    ('pythons: ["3.9", "3.11"]', 'pythons: ["3.11"]', 5, "asks for Python 3.9"),
    ('pythons: ["3.9", "3.11"]', "pythons: []", 3, "the list is empty"),
    ('pythons: ["3.9", "3.11"]', 'pythons: "3.9"', 3, "3.9 is not a list"),
    ('pythons: ["3.9", "3.11"]', 'pythons: ["3.9", "3.9"]', 3, "3.9 is there twice"),
    ('pythons: ["3.9", "3.11"]', 'pythons: ["3.9", "3.11.2"]', 3, "not a Python version"),
    ("specs: [root, python]", "", 2, "missing: specs"),
    ("specs: [root, python]", "specs: [root, [python]]", 7, "a list is not text"),
    ("specs:", "specs: [root]\nspecs:", 8, "specs occurs twice"),
    ("specs:", "spec: [root]\nspecs:", 7, "unknown key spec"),
    ("6.40.00", "6.38.00", 6, "ROOT 6.38.00 is there twice"),
    ("6.40.00", "6.40", 6, "6.40 is not a ROOT version"),
    ("origin: wheel", "origin: crystal", 5, "crystal is none of wheel, source"),
    ("origin: wheel", "source: wheel", 5, "unknown key source"),
    (', pythons: ["3.11"]}', ', pythons: ["3.11", "3.11"]}', 6, "3.11 is there twice"),
    (', pythons: ["3.11"]}', "}", 6, "missing: pythons"),
    ("variants: {c_stdlib: sysroot}", "variants: sysroot", 8, "sysroot is not a mapping"),
    (
        "variants: {",
        'variants: {cpython: "3.9", ',
        8,
        "cpython is not a variant value of the matrix",
    ),
    ("variants: {", "variants: {target_platform: a, ", 8, "target_platform is not a variant value"),
    ('pythons: ["3.9", "3.11"]', 'pythons: ["3.9", "3.09"]', 3, "3.09 is not a Python version"),
    ("6.40.00", "06.38.00", 6, "06.38.00 is not a ROOT version"),
    ("roots:", "roots: [", 5, "not YAML"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), MISTAKES)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    message = complaint(tmp_path, old, new).message
    assert said in message
    assert message.startswith(f"{tmp_path / 'matrix.yaml'}:{line}: ")


# What a schema cannot say: it does not compare one value with another, and YAML comes before it.
BEYOND = ("asks for Python", "specs occurs twice", "ROOT 6.38.00 is there twice", "not YAML")


def faults(text: str) -> list[str]:
    """What the schema that editors use says of a matrix."""
    schema = json.loads((CHECKOUT / "ci/matrix.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checked = jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))
    return [error.message for error in checked]


def test_the_schema_takes_what_the_program_takes() -> None:
    assert faults(GOOD) == []
    assert faults((CHECKOUT / "ci/matrix.yaml").read_text()) == []
    load(CHECKOUT / "ci/matrix.yaml")


@pytest.mark.parametrize(
    ("old", "new"), [mistake[:2] for mistake in MISTAKES if not mistake[3].startswith(BEYOND)]
)
def test_the_schema_refuses_what_the_program_refuses(old: str, new: str) -> None:
    assert faults(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new"), [('"3.11"]}', "3.10]}"), ('["3.9", "3.11"]', "[3.10]")])
def test_a_version_that_yaml_would_shorten_has_to_be_quoted(
    tmp_path: Path, old: str, new: str
) -> None:
    error = complaint(tmp_path, old, new)
    assert "3.10 is a number" in error.message
    assert error.remedy == 'Quote it: "3.10"'


def test_a_matrix_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "matrix.yaml")
    (tmp_path / "matrix.yaml").write_text("# nothing\n")
    with pytest.raises(UsageError, match="empty"):
        load(tmp_path / "matrix.yaml")


@pytest.mark.parametrize("spec", ["Root", "root >=", "../root", "-root", '""'])
def test_what_cannot_name_a_package_is_no_spec(tmp_path: Path, spec: str) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(GOOD.replace("[root, python]", f"[root, {spec}]"))
    with pytest.raises(UsageError, match=f"{path}:7: .* is no match spec"):
        load(path)
