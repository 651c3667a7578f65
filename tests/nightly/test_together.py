"""All sets of a Python in one environment: on an old and bare system, and where compilers are."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.product.root import PRODUCT
from rootstock.smoke.choose import FOLDER
from rootstock.smoke.run import OLD_SYSTEM
from rootstock.smoke.systems import BUILDING
from rootstock.stack import lock as locks

from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.nightly

# What a cell is tested for: every package imports, before ROOT and after it, pip check finds
# nothing, no file is in two packages, each declares what it imports, and the threads are bounded.
TOGETHER = {"declared", "frames", "stack", "threads"}
MANY = {"dask_arrays", "hist_histograms", "numba_declare", "xrootd"}  # of the set analysis
BARE = {check.name for check in PRODUCT.checks if check.bare} - {"compiler"}


@dataclass(frozen=True)
class Together:
    """A cell: its ROOT and Python, the sets, and the checks that must run on each system."""

    root: str
    python: str
    sets: tuple[str, ...]
    checks: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "-".join((self.python, *self.sets))


CELLS = (
    Together("6.38", "3.9", ("analysis",), frozenset(MANY - {"hist_histograms"})),
    Together("6", "3.11", ("analysis", "coffea", "fit", "jupyter"), frozenset(MANY)),
    Together("6", "3.11", ("xenon",)),
    Together("6", "3.13", ("analysis", "fit", "jupyter"), frozenset(MANY)),
    Together("6", "3.14", ("analysis", "fit", "jupyter"), frozenset(MANY)),
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_everything_is_together_and_works_on_both_systems(cell: Together, tmp_path: Path) -> None:
    words = [
        "--root",
        cell.root,
        "--py",
        cell.python,
        "--only",
        "*-xenon" if "xenon" in cell.sets else "*",
    ]
    words += [word for name in cell.sets for word in ("--set", name)]
    words += ["--on", "debian11", "--on", BUILDING.id, "--channel", str(tmp_path), "--json"]
    done = subprocess.run(
        [*COMMAND, "smoke", *words], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False
    )
    said = json.loads(done.stdout)
    assert done.returncode == 0, said["error"]
    assert [report["system"] for report in said["smoke"]] == [OLD_SYSTEM, BUILDING.name]
    packages = _locked(cell)
    for report in said["smoke"]:
        outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
        by_outcome = {
            how: {n for n, o in outcomes.items() if o == how} for how in {*outcomes.values()}
        }
        assert not by_outcome.get("failed")
        assert TOGETHER | cell.checks <= by_outcome["passed"]
        bare = report["system"] == OLD_SYSTEM
        assert by_outcome["passed" if bare else "not run"] >= BARE
        installed = {package["name"]: package["version"] for package in report["packages"]}
        assert packages.items() <= installed.items()


@pytest.mark.parametrize("check", sorted(TOGETHER - {"declared"}))
def test_the_environment_of_these_tests_is_together(
    check: str, analysis: Path, tmp_path: Path
) -> None:
    argv = [str(analysis / "bin/python"), "-I", str(FOLDER / f"{check}.py")]
    env = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _locked(cell: Together) -> dict[str, str]:
    """The packages that the sets of a cell have in the lock, with their versions."""
    found: dict[str, str] = {}
    for one in locks.load(Checkout(CHECKOUT).stack_lock).sets:
        if one.name.removeprefix(locks.PREFIX) in cell.sets:
            [member] = [member for member in one.members if member.python == cell.python]
            assert all(found.get(name, v) == v for name, v in member.packages.items())
            found |= member.packages
    return found
