"""The code of docs/rootpy.md and docs/tutorial.md, run in an environment of the channel.

The plots need the set `analysis`: a nightly test has them.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..examples import ROOTPY, TUTORIAL, Example, examples, start
from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.system

PYTHON = "3.11"
PLOTS = {"matplotlib", "mplhep"}
EXAMPLES = list(examples(ROOTPY))
HERE = [one for one in EXAMPLES if one.imports.isdisjoint(PLOTS)]
[FIRST] = examples(TUTORIAL)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with all that the examples import."""
    folder = tmp_path_factory.mktemp("rootpy")
    channel, env = folder / "channel", folder / "env"
    build = [sys.executable, str(CHECKOUT / "scripts/build.py"), "--root", "6", "--py", PYTHON]
    subprocess.run([*build, "--channel", str(channel)], check=True, capture_output=True)
    packages = set()
    for index in channel.glob("*/repodata.json"):
        tables = json.loads(index.read_text())
        packages |= {record["name"] for record in tables["packages.conda"].values()}
    wanted = set().union(*(one.imports for one in HERE)) & packages
    # The first three are the tutorial's.
    specs = ("root", "rootstock-frames", f"python {PYTHON}.*", *sorted(wanted))
    made = [*COMMAND, "env", str(env), *specs, "--channel", str(channel)]
    subprocess.run(made, check=True, capture_output=True)
    return env / "bin/python"


def test_the_page_has_an_example_for_each_thing_rootpy_did() -> None:
    assert list(dict.fromkeys(one.chapter for one in EXAMPLES)) == [
        "Files", "Trees", "Plots", "Messages",
    ]  # fmt: skip


@pytest.mark.parametrize("example", HERE, ids=str)
def test_an_example_runs(example: Example, python: Path, tmp_path: Path) -> None:
    done = start(example.program(without=PLOTS), python, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_the_program_of_the_tutorial_prints_what_the_tutorial_shows(
    python: Path, tmp_path: Path
) -> None:
    done = start(FIRST.code, python, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert f"```\n{done.stdout}```\n" in TUTORIAL.read_text()
