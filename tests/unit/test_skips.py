"""The option `--no-skips`, on small test files beside a copy of this suite's conftest.py."""

import shutil
from pathlib import Path

import pytest
import tomlkit

pytest_plugins = "pytester"

TESTS = Path(__file__).parents[1]
LIST = """
[[skip]]
tests = "*::test_of_root*"
reason = "root may .*"
why = "..."
"""
FILE = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_of_root(number):
    pytest.skip("root may write")

@pytest.mark.skipif(True, reason="root may write")
def test_other(): ...

def test_of_root_but_not_why():
    pytest.skip("no root may write")

@pytest.mark.xfail(reason="known")
def test_known():
    assert False

@pytest.fixture
def lacking():
    pytest.skip("podman is not here")

def test_with_a_fixture(lacking): ...

def test_well(): ...
"""
WHOLE = "import pytest\npytest.skip('not for here', allow_module_level=True)\n"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(TESTS / "conftest.py", pytester.path)
    (pytester.path / "skips.toml").write_text(LIST)
    pytester.makepyfile(FILE)
    return pytester


def test_without_the_option_a_skip_is_a_skip(suite: pytest.Pytester) -> None:
    done = suite.runpytest_inprocess()
    done.assert_outcomes(skipped=5, xfailed=1, passed=1)
    assert done.ret == pytest.ExitCode.OK


def test_a_skip_fails_unless_its_test_and_its_reason_are_in_the_list(
    suite: pytest.Pytester,
) -> None:
    done = suite.runpytest_inprocess("--no-skips", "-rA")
    # What a mark or a fixture skips never began: to pytest that is an error, not a failure.
    done.assert_outcomes(skipped=2, failed=1, errors=2, xfailed=1, passed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    text = done.stdout.str()
    assert "skipped, which skips.toml does not allow: root may write" in text
    assert "skipped, which skips.toml does not allow: podman is not here" in text


def test_a_file_that_is_skipped_as_a_whole_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_whole=WHOLE)
    suite.runpytest_inprocess("test_whole.py").assert_outcomes(skipped=1)
    done = suite.runpytest_inprocess("test_whole.py", "--no-skips")
    done.assert_outcomes(errors=1)
    assert "does not allow: not for here" in done.stdout.str()


def test_the_list_of_this_suite_names_tests_that_are_there_and_says_why() -> None:
    for one in tomlkit.parse((TESTS / "skips.toml").read_text()).unwrap()["skip"]:
        assert one.keys() == {"tests", "reason", "why"}
        file, _, test = one["tests"].partition("::")
        assert f"def {test.rstrip('*')}" in (TESTS.parent / file).read_text()
