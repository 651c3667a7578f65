"""Acceptance tests of a small checkout: a changed number stops a promotion, until it is accepted.

Its Python is a shell script, so the tests are, too.
"""

import json
import subprocess
from typing import Any

import pytest

from .conftest import COMMAND, WELL, Bench

pytestmark = pytest.mark.system

CELL = "root6.40.00-cp311-linux_x86_64"
RUNS = WELL.replace("|| exit 0", '|| exec /bin/sh "$1"')
# The number is what the package root has in its file.
RINGS = """
. ./age.sh
printf '{"rings": %s, "age": %s}' "$(cat /rootstock/env/root.txt)" "$AGE" > numbers.json
"""


@pytest.fixture
def oak(bench: Bench) -> Bench:
    """A channel with a release, whose acceptance test counted 12 rings."""
    bench.recipe("python", python_sh=RUNS)
    bench.recipe("root", root_txt="12\n")
    write(bench, "run.py", RINGS)
    write(bench, "age.sh", "AGE=30\n")
    write(bench, "acceptance.toml", 'title = "Rings of an oak"\n')
    assert promote(bench)["code"] == 0
    return bench


def write(bench: Bench, name: str, text: str) -> None:
    folder = bench.checkout / "tests/acceptance/oak"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def promote(bench: Bench, *words: str) -> Any:
    return json.loads(bench.run("build", "--py", "3.11", "--json", *words).stdout)


def grow(bench: Bench, rings: int) -> None:
    """Let root have another number of rings, which makes another build of it."""
    bench.recipe("root", root_txt=f"{rings}\n")


def numbers(bench: Bench, release: int) -> Any:
    path = bench.channel / f"releases/{release:04d}/{CELL}.acceptance.json"
    return json.loads(path.read_text())


def test_a_changed_number_stops_the_promotion_and_names_the_package(oak: Bench) -> None:
    grow(oak, 13)
    before = oak.packages()
    record = promote(oak)
    assert record["code"] == 1, record["error"]
    assert "rings: 12 -> 13 (it must not change)" in record["error"]
    [between] = [line for line in record["error"].splitlines() if "_0 -> " in line]
    assert between.split()[0] == "root" and between.endswith("_1")
    assert "oak/acceptance.toml" in record["remedy"]
    assert oak.packages() == before
    [report] = record["acceptance"]
    assert (report["release"], report["passed"]) == (1, False)
    assert [cell["state"] for cell in record["cells"]] == ["failed"]


def test_an_accepted_number_is_promoted_and_the_release_has_the_reason(oak: Bench) -> None:
    grow(oak, 13)
    accepted = (
        'title = "Rings of an oak"\n[[accepted]]\nnumber = "rings"\nvalue = 13\nwhy = "A year"'
    )
    write(oak, "acceptance.toml", accepted)
    assert promote(oak)["release"] == 2
    [difference] = numbers(oak, 2)["tests"]["oak"]["accepted"]
    assert (difference["before"], difference["now"], difference["why"]) == (12, 13, "A year")
    assert numbers(oak, 2)["compared_with"] == 1
    assert oak.run("verify", "2").returncode == 0
    # It accepts no other number.
    grow(oak, 15)
    assert "rings: 13 -> 15" in promote(oak)["error"]


def test_a_tolerance_allows_a_change(oak: Bench) -> None:
    grow(oak, 13)
    write(oak, "acceptance.toml", 'title = "Rings"\n[tolerance]\nrings = {absolute = 1}\n')
    assert promote(oak)["release"] == 2
    assert numbers(oak, 2)["tests"]["oak"]["numbers"] == {"age": 30, "rings": 13}


def test_a_changed_file_of_the_test_runs_it_again(oak: Bench) -> None:
    """The result is stored, and its files are part of what it is stored by."""
    again = oak.run("smoke", "--py", "3.11")
    assert "acceptance 1 kept" in again.stderr, again.stderr
    write(oak, "age.sh", "AGE=31\n")
    changed = oak.run("smoke", "--py", "3.11")
    assert changed.returncode == 1
    assert "age: 30 -> 31" in changed.stderr
    assert "All packages are those of release 1" in changed.stderr


def test_after_a_rollback_the_release_that_is_shown_counts(oak: Bench) -> None:
    grow(oak, 13)
    write(oak, "acceptance.toml", 'title = "Rings"\n[tolerance]\nrings = {absolute = 1}\n')
    assert promote(oak)["release"] == 2
    argv = [*COMMAND, "rollback", "--to", "1", "--channel", str(oak.channel)]
    subprocess.run(argv, env=oak.env, check=True)
    grow(oak, 14)
    assert "rings: 12 -> 14" in promote(oak)["error"]


def test_a_new_root_is_compared_with_the_one_before(oak: Bench) -> None:
    matrix = oak.checkout / "ci/matrix.yaml"
    matrix.write_text(matrix.read_text().replace("6.40.00", "6.42.00"))
    grow(oak, 13)
    error = promote(oak)["error"]
    assert "rings: 12 -> 13 (it must not change)" in error
    assert f"Packages that changed since {CELL} of release 1:\n    root 6.40.00-" in error
    # A package with the same number passes.
    grow(oak, 12)
    done = oak.run("build", "--py", "3.11")
    assert done.returncode == 0, done.stderr
    assert f"compared with {CELL} of release 1" in done.stderr


def test_a_program_that_fails_is_reported_with_its_last_lines(oak: Bench) -> None:
    write(oak, "run.py", "echo no rings\nexit 3\n")
    done = oak.run("smoke", "--py", "3.11")
    assert done.returncode == 1
    assert "oak: exit code 3" in done.stderr and "no rings" in done.stderr


def test_a_package_that_is_not_there_is_the_reason_not_to_run(oak: Bench) -> None:
    write(oak, "acceptance.toml", 'title = "Rings"\nneeds = ["pandas"]\n')
    [report] = oak.json("smoke", "--py", "3.11")["acceptance"]
    [test] = report["tests"]
    assert (test["outcome"], test["reason"]) == ("not run", "not in the environment: pandas")


def test_a_wrong_description_ends_the_command_before_anything_is_built(bench: Bench) -> None:
    write(bench, "run.py", RINGS)
    write(bench, "acceptance.toml", 'titel = "Rings"\n')
    done = bench.run("build", "--py", "3.11")
    assert done.returncode == 2
    assert "acceptance.toml has the unknown key titel" in done.stderr
