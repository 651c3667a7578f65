"""Checks, run by the Python of a small environment that is as it should be, or is not."""

import json
import os
import subprocess
import tempfile
import venv
from pathlib import Path

import pytest

from rootstock.smoke.choose import FOLDER

pytestmark = pytest.mark.system


class Small:
    """An environment with modules of its own, and a folder that checks run in."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "env"
        self.work = folder / "work"
        self.work.mkdir()
        venv.create(self.prefix, symlinks=True)
        [self.site] = self.prefix.glob("lib/python*/site-packages")
        (self.prefix / "conda-meta").mkdir()

    def package(self, name: str, code: str, *depends: str) -> None:
        """A package with one module of its name, as an installer has noted it."""
        module = self.site / name / "__init__.py"
        module.parent.mkdir()
        module.write_text(code)
        record = {
            "name": name,
            "depends": ["python >=3.9", *depends],
            "files": [str(module.relative_to(self.prefix))],
        }
        (self.prefix / "conda-meta" / f"{name}-1-0.json").write_text(json.dumps(record))

    def check(self, name: str) -> str:
        """What a check says: nothing, when all is well."""
        done = subprocess.run(
            [self.prefix / "bin/python", "-I", FOLDER / f"{name}.py"],
            cwd=tempfile.mkdtemp(dir=self.work),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == (not done.stderr), done
        return done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """An environment without packages."""
    return Small(tmp_path)


def test_a_package_needs_no_more_than_it_depends_on(small: Small) -> None:
    small.package("first", "")
    small.package("second", "import first", "first >=1")
    small.package("third", "import second, first", "second")
    assert small.check("declared") == ""


def test_what_a_package_imports_and_does_not_depend_on_is_reported(small: Small) -> None:
    small.package("first", "")
    small.package("second", "import first.part")
    said = small.check("declared")
    assert "No module named 'first'" in said
    assert "second/__init__.py:1" in said
    small.package("whole", "import second", "second", "first")  # whose others do not help
    assert "No module named 'first'" in small.check("declared")


def test_a_plugin_may_want_what_depends_on_it(small: Small) -> None:
    small.package("base", "", "plugin", "more")
    small.package("more", "")
    small.package("plugin", "try:\n import base\nexcept ImportError: raise ImportError('no base')")
    assert small.check("declared") == ""


def test_a_package_has_a_home_and_the_variables_of_its_set(small: Small) -> None:
    said = small.prefix / "share/rootstock/sets/own.json"
    said.parent.mkdir(parents=True)
    said.write_text(json.dumps({"check_env": {"MODE": "quiet"}}))
    small.package("own", "import os\nassert not os.listdir(os.environ['HOME'])\nos.environ['MODE']")
    assert small.check("declared") == ""


def test_each_library_keeps_to_the_processors_that_it_has(small: Small) -> None:
    small.package("numba", "import os\nget_num_threads = lambda: len(os.sched_getaffinity(0))")
    small.package("numexpr", "import os\nnthreads = len(os.sched_getaffinity(0))")
    assert small.check("threads") == ""


def test_a_library_that_wants_a_variable_to_keep_to_them_is_reported(small: Small) -> None:
    small.package("numexpr", "import os\nnthreads = int(os.environ.get('OMP_NUM_THREADS', 7))")
    assert "numexpr would use 7 threads" in small.check("threads")


@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor shows nothing")
def test_a_library_that_takes_every_processor_is_reported(small: Small) -> None:
    small.package("numexpr", "import os\nnthreads = os.cpu_count()")
    assert f"numexpr would use {os.cpu_count()} threads" in small.check("threads")
