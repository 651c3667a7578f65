"""The program within: what it writes of tests that end in every way."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.suites.results import Reading, judge
from rootstock.suites.run import INSIDE
from rootstock.suites.suite import Suite

TESTS = """
import unittest

import pytest


@pytest.fixture
def broken():
    raise RuntimeError("no setup")


@pytest.fixture
def late():
    yield
    raise RuntimeError("no teardown")


def test_good(): pass
def test_bad():
    assert 1 == 2, "first line\\nsecond"
def test_not_for_here(): pytest.skip("no network")
@pytest.mark.xfail(reason="known")
def test_known(): assert False
@pytest.mark.xfail(reason="was known")
def test_mended(): pass
@pytest.mark.xfail(reason="was known", strict=True)
def test_strict(): pass
def test_setup(broken): pass
def test_teardown(late): pass
@pytest.mark.parametrize("x", [1, 2])
def test_many(x): assert x == 1
class TestOld(unittest.TestCase):
    def test_it(self): self.assertTrue(True)
def test_left_out(): pass
"""


def written(folder: Path, *words: str) -> list[Any]:
    """The lines that come of running the tests in a folder."""
    spec = importlib.util.spec_from_file_location("run_suite", INSIDE / "run_suite.py")
    assert spec and spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    results = program.Results(str(folder / "results"))
    ini = INSIDE / "suite.ini"
    own = [f"--config-file={ini}", f"--rootdir={folder}", "-pno:cacheprovider", "-q"]
    code = pytest.main([*own, *words], plugins=[results])
    results.write("over", int(code))
    return [json.loads(line) for line in (folder / "results").read_text().splitlines()]


def test_each_way_to_end_is_reported_by_the_test_s_id(tmp_path: Path) -> None:
    (tmp_path / "test_oak_ends.py").write_text(TESTS)
    lines = written(tmp_path, str(tmp_path), "-k", "not left_out")
    assert lines[0] == ["found", 11, 1]
    assert lines[-1] == ["over", 1]
    ends = {line[1].partition("::")[2]: line[2:] for line in lines if line[0] == "end"}
    assert all(line[1].startswith("test_oak_ends.py::") for line in lines if line[0] == "end")
    assert {test: outcome for test, (outcome, _) in ends.items()} == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_not_for_here": "skipped",
        "test_known": "expected",
        "test_mended": "unexpected",
        "test_strict": "failed",
        "test_setup": "error",
        "test_teardown": "error",
        "test_many[1]": "passed",
        "test_many[2]": "failed",
        "TestOld::test_it": "passed",
    }
    assert ends["test_bad"][1].startswith("AssertionError: first line")
    assert "second" not in ends["test_bad"][1]
    assert ends["test_not_for_here"][1] == "Skipped: no network"
    assert "no setup" in ends["test_setup"][1]
    assert "no teardown" in ends["test_teardown"][1]
    reading = Reading()
    reading.take((tmp_path / "results").read_bytes())
    found = judge(Suite(package="oak", version="1", words=()), reading, seconds=1, code=1)
    counted = (found.passed, found.failed, found.expected, found.skipped, found.errors)
    assert counted == (4, 3, 1, 1, 2)


def test_files_that_cannot_be_read_are_errors_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "test_oak_lost.py").write_text("import no_such_module_anywhere\n")
    (tmp_path / "test_oak_apart.py").write_text(
        "import pytest\npytest.skip('not for here', allow_module_level=True)\n"
    )
    lines = written(tmp_path, str(tmp_path))
    ends = {line[1]: line[2:] for line in lines if line[0] == "end"}
    assert ends["test_oak_lost.py"][0] == "error"
    assert "no_such_module_anywhere" in ends["test_oak_lost.py"][1]
    assert ends["test_oak_apart.py"][0] == "skipped"


def test_a_module_that_says_what_its_tests_are_has_just_these(tmp_path: Path) -> None:
    (tmp_path / "test_oak_named.py").write_text(
        "import unittest\n"
        "class Base(unittest.TestCase):\n"
        "    def test_size(self): self.assertEqual(self.size, 3)\n"
        "class Small(Base):\n"
        "    size = 3\n"
        "def suite():\n"
        "    found = unittest.TestSuite()\n"
        "    found.addTest(unittest.defaultTestLoader.loadTestsFromTestCase(Small))\n"
        "    return unittest.TestSuite([found])\n"
        "def test_plain(): pass\n"
    )
    lines = written(tmp_path, str(tmp_path))
    assert lines[0] == ["found", 2, 1]
    ends = [line[1].partition("::")[2] for line in lines if line[0] == "end"]
    assert ends == ["Small::test_size", "test_plain"]
    assert lines[-1] == ["over", 0]
