"""The examples of a page of docs/, and how they are run in an environment."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
ROOTPY, TUTORIAL = DOCS / "rootpy.md", DOCS / "tutorial.md"
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
        return _imports(self.code)

    def __str__(self) -> str:
        return f"{self.chapter}-{self.number}"

    def program(self, without: Collection[str] = ()) -> str:
        """Its code, after those blocks before it that import nothing of `without`."""
        before = [code for code in self.before if _imports(code).isdisjoint(without)]
        return "\n\n".join([*before, self.code])


def _imports(code: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found - THERE - sys.stdlib_module_names


def examples(page: Path) -> Iterator[Example]:
    """Yield the Python blocks of a page, by chapter."""
    for chapter in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"^```python\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
        title = chapter.partition("\n")[0]
        for number, code in enumerate(blocks):
            yield Example(title, number + 1, tuple(blocks[:number]), code)


def start(code: str, python: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment and an empty folder."""
    program = folder / "example.py"
    program.write_text(code)
    return subprocess.run(
        [python, "-I", program],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
