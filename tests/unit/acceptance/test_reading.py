"""`tests/acceptance/NAME/acceptance.toml`: what it says, and each thing that is wrong with one."""

from pathlib import Path

import pytest

from rootstock.acceptance.model import Accepted, Tolerance
from rootstock.acceptance.reading import load
from rootstock.core.errors import UsageError

PROGRAMS = ("run.C", "run.py")


def write(folder: Path, text: str, *files: str) -> Path:
    test = folder / "oak"
    test.mkdir()
    (test / "acceptance.toml").write_text(text)
    for name in files or ("run.py",):
        (test / name).write_text("pass\n")
    return folder


def test_everything_is_read(tmp_path: Path) -> None:
    text = """
        title = "Rings"
        needs = ["numpy"]
        time_limit = 5
        [tolerance]
        age = {absolute = 0.5, relative = 1e-3}
        [[accepted]]
        number = "age"
        value = 31
        why = "A year passed"
        [[accepted]]
        number = "height"
        why = "The tree fell"
    """
    [test] = load(write(tmp_path, text, "run.C"), PROGRAMS)
    assert (test.name, test.title, test.program) == ("oak", "Rings", "run.C")
    assert (test.needs, test.limit) == (("numpy",), 5.0)
    assert test.tolerance == {"age": Tolerance(absolute=0.5, relative=1e-3)}
    assert test.accepted == (
        Accepted(number="age", value=31, why="A year passed"),
        Accepted(number="height", value=None, why="The tree fell"),
    )


def test_a_checkout_may_have_none(tmp_path: Path) -> None:
    assert load(tmp_path / "nothing", PROGRAMS) == ()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "README.md").touch()
    assert load(tmp_path, PROGRAMS) == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("title", "is not TOML"),
        ("titel = 'x'", "unknown key titel"),
        ("needs = 'numpy'", "needs: "),
        ("needs = 1", "needs: "),
        ("needs = ['../x']", "needs: '../x' is not a package name"),
        ("time_limit = 0", "time_limit is 0, not a number above 0"),
        ("time_limit = true", "time_limit is True"),
        ("time_limit = inf", "time_limit is inf"),
        ("tolerance = 1", "tolerance is not a table"),
        ("tolerance = {age = 1}", "the tolerance of age is 1"),
        ("tolerance = {age = {}}", "the tolerance of age is {...}"),
        ("tolerance = {age = {abs = 1}}", "the tolerance of age is {...}"),
        ("tolerance = {age = {absolute = -1}}", "absolute tolerance of age is -1"),
        ("tolerance = {age = {relative = nan}}", "relative tolerance of age is nan"),
        ("accepted = 1", "accepted has 1"),
        ("accepted = [{number = 'age', value = 1}]", "has no why"),
        ("accepted = [{number = 'age', why = ' '}]", "has no why"),
        ("accepted = [{value = 1, why = 'x'}]", "has no number"),
        ("accepted = [{number = 'age', value = nan, why = 'x'}]", "nan is not a finite number"),
        ("accepted = [{number = 'age', value = '1', why = 'x'}]", "'1' is not a finite number"),
        ("accepted = [{number = 'age', reason = 'x', why = 'x'}]", "accepted has {...}"),
    ],
)
def test_what_is_wrong_is_reported_with_the_file(tmp_path: Path, line: str, said: str) -> None:
    title = "" if line.startswith("title") else "title = 'Rings'\n"
    with pytest.raises(UsageError) as error:
        load(write(tmp_path, f"{title}{line}\n"), PROGRAMS)
    assert said in error.value.message
    assert "oak/acceptance.toml" in error.value.message


def test_a_title_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no title"):
        load(write(tmp_path, ""), PROGRAMS)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("run.sh",), r"oak has no run\.C or run\.py"),
        (("run.C", "run.py"), r"oak has both run\.C and run\.py"),
    ],
)
def test_a_test_has_one_program(tmp_path: Path, files: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(write(tmp_path, "title = 'Rings'\n", *files), PROGRAMS)


def test_a_folder_without_a_description_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "oak/acceptance.toml").unlink()
    with pytest.raises(UsageError, match="is missing"):
        load(tmp_path, PROGRAMS)


def test_a_folder_that_cannot_name_a_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "an oak").mkdir()
    with pytest.raises(UsageError, match="cannot be the name of a test"):
        load(tmp_path, PROGRAMS)
