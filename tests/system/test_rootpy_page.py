"""The code of docs/rootpy.md and docs/tutorial.md, run in an environment of the channel."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.system

PAGE = CHECKOUT / "docs/rootpy.md"
TUTORIAL = CHECKOUT / "docs/tutorial.md"
PYTHON = "3.11"
# What is in every environment of a cell.
THERE = {"ROOT", "numpy"}


@dataclass(frozen=True)
class Example:
    """A block of the page, with those of its chapter that come before it."""

    chapter: str
    number: int
    before: tuple[str, ...]
    code: str

    @property
    def imports(self) -> set[str]:
        """The packages it imports which are neither Python's nor in every environment."""
        found = set()
        for node in ast.walk(ast.parse(self.code)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
        return found - THERE - sys.stdlib_module_names


def examples(page: Path) -> Iterator[Example]:
    for chapter in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"^```python\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
        title = chapter.partition("\n")[0]
        for number, code in enumerate(blocks):
            yield Example(title, number + 1, tuple(blocks[:number]), code)


EXAMPLES = list(examples(PAGE))
[FIRST] = examples(TUTORIAL)


@dataclass(frozen=True)
class Place:
    """An environment, and the names of all that the channel has for it."""

    python: Path
    packages: frozenset[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("rootpy")
    channel, env = folder / "channel", folder / "env"
    build = [sys.executable, str(CHECKOUT / "scripts/build.py"), "--root", "6", "--py", PYTHON]
    subprocess.run([*build, "--channel", str(channel)], check=True, capture_output=True)
    packages = set()
    for index in channel.glob("*/repodata.json"):
        tables = json.loads(index.read_text())
        packages |= {record["name"] for record in tables["packages.conda"].values()}
    wanted = set().union(*(one.imports for one in EXAMPLES)) & packages
    specs = (
        "root",
        "rootstock-frames",
        f"python {PYTHON}.*",
    )  # the tutorial's, and those examples'
    made = [*COMMAND, "env", str(env), *specs, *sorted(wanted)]
    subprocess.run([*made, "--channel", str(channel)], check=True, capture_output=True)
    return Place(env / "bin/python", frozenset(packages))


def test_the_page_has_an_example_for_each_thing_rootpy_did() -> None:
    assert list(dict.fromkeys(one.chapter for one in EXAMPLES)) == [
        "Files", "Trees", "Plots", "Messages",
    ]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.chapter}-{one.number}")
def test_an_example_runs(example: Example, place: Place, tmp_path: Path) -> None:
    if lacking := example.imports - place.packages:
        pytest.skip(f"the channel has no {', '.join(sorted(lacking))}")
    # Those before it which could run here, in their order.
    run = [code for code in example.before if not _lacks(code, place)]
    done = start("\n\n".join([*run, example.code]), place, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_the_program_of_the_tutorial_prints_what_the_tutorial_shows(
    place: Place, tmp_path: Path
) -> None:
    done = start(FIRST.code, place, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert f"```\n{done.stdout}```\n" in TUTORIAL.read_text()


def start(code: str, place: Place, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "example.py"
    program.write_text(code)
    return subprocess.run(
        [place.python, "-I", program],
        cwd=tmp_path,
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _lacks(code: str, place: Place) -> bool:
    return bool(Example("", 0, (), code).imports - place.packages)
