"""The program that runs the checks, with checks and a ROOT of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.smoke.choose import FOLDER, INSIDE

pytestmark = pytest.mark.system

ROOT = """
from types import SimpleNamespace
import os
gROOT = SimpleNamespace(GetVersion=lambda: "6")
started = os.getpid()
os.putenv("ROOTSYS", "/here")  # as the real one does
"""
Said = dict[str, str]


@pytest.fixture
def inside(tmp_path: Path) -> Callable[..., Said]:
    """Runs checks, by name and text, in a folder `out`; returns how each has ended."""
    folder, out = tmp_path / "checks", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    shutil.copy(FOLDER / INSIDE, folder)

    def run(
        *words: str, at_once: int = 2, root: str = ROOT, code: int = 0, **checks: str
    ) -> dict[str, str]:
        (folder / "ROOT.py").write_text(root)
        for name, text in checks.items():
            (folder / f"{name}.py").write_text(text)
        # Not isolated: how else would it find this ROOT.
        argv = [sys.executable, str(folder / INSIDE), str(at_once), *words]
        done = subprocess.run(argv, cwd=out, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        return dict(line.split(" ")[:2] for line in done.stdout.splitlines())

    return run


def test_checks_begin_where_root_was_started_and_end_by_themselves(
    inside: Callable[..., Said], tmp_path: Path
) -> None:
    look = (
        "import os, ROOT, sys\n"
        "assert ROOT.started == os.getppid(), 'another ROOT'\n"
        "assert (__name__, sys.argv) == ('__main__', [__file__])\n"
        "open('made', 'w').close()\n"
        "class Left:\n"
        "    def __del__(self): print('left')\n"
        "left = Left()\n"
    )
    assert inside("look,9,forked", "again,9,forked", look=look, again=look) == {
        "look": "0",
        "again": "0",
    }
    assert (tmp_path / "out/look/made").exists() and (tmp_path / "out/again/made").exists()
    assert (tmp_path / "out/look.log").read_text() == "left\n"


def test_a_fresh_check_is_a_program_of_its_own(inside: Callable[..., Said], tmp_path: Path) -> None:
    alone = (
        "import os, sys\n"
        "assert 'ROOT' not in sys.modules and sys.flags.isolated\n"
        "assert 'ROOTSYS' not in os.environ\n"
    )
    with_root = "import ROOT\n"
    said = inside("other,9,forked", "alone,9,fresh", at_once=1, alone=alone, other=with_root)
    assert said == {"alone": "0", "other": "0"}


def test_failures_are_each_check_s_own(inside: Callable[..., Said], tmp_path: Path) -> None:
    said = inside(
        "wrong,9,forked", "dead,9,forked", "slow,0.2,forked", "late,0.2,fresh", "well,9,forked",
        wrong="assert 1 == 2, 'withered'\n",
        dead="import os\nos.abort()\n",
        slow="import subprocess\nsubprocess.run(['sleep', '60'])\n",
        late="import time\ntime.sleep(60)\n",
        well="",
    )  # fmt: skip
    assert said == {"wrong": "1", "dead": "-6", "slow": "over", "late": "over", "well": "0"}
    assert "withered" in (tmp_path / "out/wrong.log").read_text()
    assert (tmp_path / "out/well.log").read_text() == ""


def test_where_root_does_not_start_each_check_says_why(
    inside: Callable[..., Said], tmp_path: Path
) -> None:
    said = inside(
        "one,9,forked", "two,9,fresh", root="raise ImportError('libCore')", one="import ROOT\n",
        two="import sys\n",
    )  # fmt: skip
    # On its own it is isolated, and does not find this ROOT either.
    assert said == {"one": "1", "two": "0"}
    assert "ModuleNotFoundError" in (tmp_path / "out/one.log").read_text()


def test_no_more_run_than_are_to(inside: Callable[..., Said], tmp_path: Path) -> None:
    lone = (
        "import os, time\n"
        f"os.mkdir({os.fspath(tmp_path / 'lock')!r})\n"
        "time.sleep(0.1)\n"
        f"os.rmdir({os.fspath(tmp_path / 'lock')!r})\n"
    )
    words = ("a,9,fresh", "b,9,forked", "c,9,forked")
    assert set(inside(*words, at_once=1, a=lone, b=lone, c=lone).values()) == {"0"}
