"""The code of docs/rootpy.md and docs/tutorial.md, run in an environment of the channel.

The plots need the set `analysis`: a nightly test has them.
"""

from pathlib import Path

import pytest

from ..examples import ROOTPY, TUTORIAL, Example, examples, start

pytestmark = pytest.mark.system

PLOTS = {"matplotlib", "mplhep"}
EXAMPLES = list(examples(ROOTPY))
HERE = [one for one in EXAMPLES if one.imports.isdisjoint(PLOTS)]
[FIRST] = examples(TUTORIAL)


def test_the_page_has_an_example_for_each_thing_rootpy_did() -> None:
    assert list(dict.fromkeys(one.chapter for one in EXAMPLES)) == [
        "Files", "Trees", "Plots", "Messages",
    ]  # fmt: skip


@pytest.mark.parametrize("example", HERE, ids=str)
def test_an_example_runs(example: Example, frames: Path, tmp_path: Path) -> None:
    done = start(example.program(without=PLOTS), frames, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_the_program_of_the_tutorial_prints_what_the_tutorial_shows(
    frames: Path, tmp_path: Path
) -> None:
    done = start(FIRST.code, frames, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert f"```\n{done.stdout}```\n" in TUTORIAL.read_text()
