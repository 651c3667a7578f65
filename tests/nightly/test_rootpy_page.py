"""All examples of docs/rootpy.md, its plots among them, in an environment with `analysis`."""

import re
from pathlib import Path

import pytest

from ..examples import DOCS, ROOTPY, Example, examples, start

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("example", list(examples(ROOTPY)), ids=str)
def test_an_example_runs(example: Example, analysis: Path, tmp_path: Path) -> None:
    done = start(example.program(), analysis / "bin/python", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_mini_tree_of_the_page_is_made(analysis: Path, tmp_path: Path) -> None:
    [code] = re.findall(r"^```\n(import awkward.*?)^```$", ROOTPY.read_text(), re.M | re.S)
    examples_ = f"import sys; sys.path.insert(0, {str(DOCS / 'examples')!r})"
    write = "import events; events.write_tree(events.generate(20), 'events.root')"
    columns = "['number', 's1', 's2', 'drift_time', 'peaks']"
    asked = f"assert list(frame) == {columns} and len(frame) == 20 and frame.peaks.min() >= 2"
    program = "\n".join((examples_, write, code, asked))
    done = start(program, analysis / "bin/python", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
