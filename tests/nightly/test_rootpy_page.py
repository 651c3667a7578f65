"""All examples of docs/rootpy.md, its plots among them, in an environment with `analysis`."""

from pathlib import Path

import pytest

from ..examples import ROOTPY, Example, examples, start

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("example", list(examples(ROOTPY)), ids=str)
def test_an_example_runs(example: Example, analysis: Path, tmp_path: Path) -> None:
    done = start(example.program(), analysis / "bin/python", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
