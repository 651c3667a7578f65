"""Style and types, here so that one command and one last line tell everything."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "words",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    ids=lambda words: " ".join(words),
)
def test_style(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", *words], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"
