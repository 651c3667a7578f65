"""The packages' own tests, in the environment of a cell with the analysis stack."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rootstock.core.store import locate

from .conftest import CHECKOUT, COMMAND, PYTHON

pytestmark = pytest.mark.nightly

CELL = ("--root", "6", "--py", PYTHON, "--set", "analysis")


def test_the_packages_own_tests_pass_but_for_those_that_are_known() -> None:
    done = subprocess.run(
        [*COMMAND, "smoke", *CELL, "--deep", "--json"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    said = json.loads(done.stdout)
    assert done.returncode == 0, said["error"]
    [report] = said["suites"]
    assert report["passed"]
    for suite in report["suites"]:
        name = suite["package"]
        assert suite["passed"] >= 100, f"{name} ran next to nothing"
        ended = ("passed", "failed", "expected", "skipped", "errors")
        # Files that are left out as a whole are skipped, and are not among what was found.
        assert sum(suite[key] for key in ended) >= suite["found"], name
        assert not suite["mended"], f"{name}: take these out of ci/stack.toml"
        assert not suite["unseen"], f"{name}: take these out of ci/stack.toml"


# Without f2py's, which want meson and compilers, and those of type checkers.
NUMPY = (
    *("numpy._core", "numpy.fft", "numpy.lib", "numpy.linalg", "numpy.ma", "numpy.matrixlib"),
    *("numpy.polynomial", "numpy.random", "numpy.testing", "numpy.tests"),
)


@pytest.fixture
def numpy_with_tests(tmp_path: Path) -> Path:
    """The Python of an environment with ROOT and pytest, and the tests that NumPy's wheel has.

    The package leaves them out, for their size.
    """
    channel, env = tmp_path / "channel", tmp_path / "env"
    build = (sys.executable, CHECKOUT / "scripts/build.py", "--root", "6", "--py", PYTHON)
    subprocess.run([*build, "--set", "tests", "--channel", channel], check=True)
    specs = ("root", "numpy", "rootstock-tests", f"python={PYTHON}")
    subprocess.run([*COMMAND, "env", env, *specs, "--channel", channel], check=True)
    [record] = env.glob("conda-meta/numpy-*.json")
    version = json.loads(record.read_text())["version"]
    name = f"numpy-{version}-cp{PYTHON.replace('.', '')}-*.whl"
    [wheel] = (locate().root / "sources").glob(f"*/{name}")
    with zipfile.ZipFile(wheel) as members:
        tests = [one for one in members.namelist() if "/tests/" in one]
        members.extractall(env / f"lib/python{PYTHON}/site-packages", tests)
    return env / "bin/python"


def test_numpys_own_tests_pass(numpy_with_tests: Path, tmp_path: Path) -> None:
    results = tmp_path / "numpy.xml"
    words = ["-q", "-p", "no:cacheprovider", "-m", "not slow", f"--junitxml={results}"]
    argv = [str(numpy_with_tests), "-m", "pytest", *words, "--pyargs", *NUMPY]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    suite = ElementTree.parse(results).find("testsuite")
    assert suite is not None and int(suite.attrib["tests"]) > 10_000
