from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.core.errors import MachineError
from rootstock.core.process import Completed
from rootstock.release import gather


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [(0, "c0ffee-dirty\n", "c0ffee-dirty"), (128, "fatal: not a git repository\n", "")],
)
def test_the_revision_is_what_git_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, output: str, expected: str
) -> None:
    asked: list[object] = []

    def run(argv: list[object]) -> Completed:
        asked.extend(argv)
        return Completed(code=code, output=output, seconds=0.0)

    monkeypatch.setattr(process, "run", run)
    assert gather.revision(tmp_path) == expected
    assert asked[:3] == ["git", "-C", tmp_path]


def test_without_git_there_is_no_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(argv: list[object]) -> Completed:
        raise MachineError("git is not on this machine")

    monkeypatch.setattr(process, "run", run)
    assert gather.revision(tmp_path) == ""
