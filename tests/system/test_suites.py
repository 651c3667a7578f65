"""A suite with a pytest and processes that are real; its sandbox is none, but a change of paths.

The file with the tests is not in site-packages, for which pytest leaves its name out of the ids.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.image.engines import Sandbox
from rootstock.smoke.run import System
from rootstock.suites.results import SuiteResult
from rootstock.suites.run import run
from rootstock.suites.suite import Suite

pytestmark = pytest.mark.system


class Paths:
    """What finds the sandbox's folders where they are on the machine, and this Python in it."""

    name, remedy = "paths", ""

    def probe(self) -> list[str]:
        return []

    def prepare(self, root: Path) -> None:
        pass

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        words = list(argv)
        for mount in sandbox.mounts:
            words = [word.replace(mount.target, str(mount.source)) for word in words]
        return [sys.executable, *words[1:]]


def ran(folder: Path, text: str, limit: float = 60.0) -> SuiteResult:
    """What came of a suite of one file."""
    store = Store(folder / "store")
    store.prepare()
    (folder / "test_leaves.py").write_text(text)
    return run(
        Suite(package="oak", version="1", words=(str(folder / "test_leaves.py"),)),
        folder,
        label="oak",
        limit=limit,
        memory=4e9,
        expected=None,
        system=System("this", folder, ""),
        engine=Paths(),
        store=store,
        logs=folder,
        listen=silent,
    )


def _has_ended(pid: str) -> bool:
    """Whether a process has ended, which may take the system a moment after it was killed."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":  # only its number is left
            return True
        time.sleep(0.05)
    return False


def test_it_passes_and_its_log_is_pytest_s(tmp_path: Path) -> None:
    found = ran(tmp_path, "def test_a(): pass\ndef test_b(): pass\n")
    assert (found.state, found.reason, found.found, found.passed) == ("passed", "", 2, 2)
    assert "2 passed" in Path(found.log).read_text()


def test_at_its_limit_it_and_its_children_have_ended_and_the_rest_is_reported(
    tmp_path: Path,
) -> None:
    child = tmp_path / "child"
    started = time.monotonic()
    found = ran(
        tmp_path,
        "import subprocess, sys, time\n"
        "def test_a(): pass\n"
        "def test_slow():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)'])\n"
        f"    open({os.fspath(child)!r}, 'w').write(str(child.pid))\n"
        "    time.sleep(120)\n",
        limit=5.0,
    )
    assert time.monotonic() - started < 60
    assert (found.state, found.found, found.passed) == ("stopped", 2, 1)
    assert found.reason.endswith("in ::test_slow")
    assert _has_ended(child.read_text())


def test_a_crash_is_reported_with_the_test_that_ran(tmp_path: Path) -> None:
    found = ran(tmp_path, "import os\ndef test_a(): pass\ndef test_b(): os.abort()\n")
    assert (found.state, found.passed) == ("failed", 1)
    assert "by signal 6" in found.reason and ", in ::test_b," in found.reason


def test_a_crash_at_the_end_of_the_process_is_reported(tmp_path: Path) -> None:
    text = "import atexit, os\natexit.register(os.abort)\ndef test_a(): pass\n"
    found = ran(tmp_path, text)
    assert (found.state, found.passed) == ("failed", 1)
    assert found.reason == "its process ended by signal 6, after its tests"


def test_children_that_tests_fork_write_no_results(tmp_path: Path) -> None:
    text = (
        "import os, pytest\n"
        "def test_a():\n"
        "    if not (child := os.fork()):\n"
        "        pytest.fail('in the child')\n"
        "    os.waitpid(child, 0)\n"
    )
    found = ran(tmp_path, text)
    assert (found.state, found.passed, found.failed) == ("passed", 1, 0)
