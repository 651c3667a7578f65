"""A file that two wheels of one set own is reported before anything is built."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rootstock.core.errors import UsageError
from rootstock.stack import clashes, wheel
from rootstock.stack.wheel import Wheel

from . import wheels

PROGRAMS = {"INFO/entry_points.txt": b"[console_scripts]\ngrow = x:main\n"}


def made(folder: Path, name: str, *files: str, drop: Sequence[str] = ()) -> Wheel:
    return wheel.read(wheels.make(folder, name, files=dict.fromkeys(files, b"")), drop)


def test_a_file_in_two_wheels_is_reported_with_both(tmp_path: Path) -> None:
    bud = made(tmp_path, "bud", "bud/a.py", "shared/x.py")
    twig = made(tmp_path, "twig", "twig/a.py", "shared/x.py")
    with pytest.raises(UsageError) as caught:
        clashes.require_none({"x, Python 3.11": [bud, twig], "x, Python 3.13": [bud, twig]})
    assert caught.value.message.splitlines() == [
        "two wheels of a set have the same files:",
        "    site-packages/shared/x.py is in bud 1.0 and in twig 1.0 "
        "(x, Python 3.11, x, Python 3.13)",
    ]
    assert 'drop = ["PATTERN"]' in caught.value.remedy
    assert "ci/stack.toml" in caught.value.remedy
    assert caught.value.code == 2


def test_a_dropped_file_is_no_clash(tmp_path: Path) -> None:
    bud = made(tmp_path, "bud", "shared/x.py", drop=["shared/*"])
    clashes.require_none({"x": [bud, made(tmp_path, "twig", "shared/x.py")]})


def test_folders_may_be_shared(tmp_path: Path) -> None:
    names = ("bud", "twig")
    both = [
        made(tmp_path, name, f"space/{name}.py", "tests/test_a.py", "space/__pycache__/x.pyc")
        for name in names
    ]
    clashes.require_none({"x": both})


def test_wheels_of_two_sets_are_not_compared(tmp_path: Path) -> None:
    bud, twig = (made(tmp_path, name, "shared/x.py") for name in ("bud", "twig"))
    clashes.require_none({"x": [bud], "y": [twig]})


def test_names_that_some_file_systems_take_for_one_are_reported(tmp_path: Path) -> None:
    bud, twig = (
        made(tmp_path, "bud", "Shared/\u00e9.py"),
        made(tmp_path, "twig", "shared/e\u0301.py"),
    )
    with pytest.raises(UsageError, match=r"shared/.*\.py is in bud 1\.0 and in twig 1\.0"):
        clashes.require_none({"x": [bud, twig]})


def test_a_program_is_a_file(tmp_path: Path) -> None:
    bud = made(tmp_path, "bud", "bud-1.0.data/scripts/grow")
    twig = wheel.read(wheels.make(tmp_path, "twig", files=PROGRAMS))
    with pytest.raises(UsageError, match=r"bin/grow is in bud 1\.0 and in twig 1\.0"):
        clashes.require_none({"x": [bud, twig]})


def test_of_many_files_the_first_are_reported(tmp_path: Path) -> None:
    files = [f"shared/{n:03}.py" for n in range(50)]
    both = [made(tmp_path, name, *files) for name in ("bud", "twig")]
    with pytest.raises(UsageError) as caught:
        clashes.require_none({"x": both})
    lines = caught.value.message.splitlines()
    assert lines[-1] == "    and 30 more" and len(lines) == 22
