"""The structure of src/rootstock: rooms that import downwards, small modules, a test for each."""

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent / "src/rootstock"
# From the ground up: a room imports of those before it only. docs have the picture.
ROOMS = [
    "core",
    "environment",
    "sources",
    "product",
    "stack",
    "plan",
    "image",
    "building",
    "channel",
    "audit",
    "smoke",
    "suites",
    "acceptance",
    "maintain",
    "verify",
    "release",
    "offline",
    "publish",
    "serve",
    "run",
    "report",
    "cli",
]
LINES, FUNCTION = 350, 60
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
BARE = 15  # a channel is a Channel, but where a command gets it and where a folder is enough


def imported(path: Path) -> Iterator[str]:
    """The rooms that a module imports of, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "rootstock":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rootstock."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("rootstock."))


def test_the_rooms_are_those_of_the_list() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(ROOMS)
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_downwards(room: str) -> None:
    below = {*ROOMS[: ROOMS.index(room) + 1], "__version__"}
    upwards = {
        (name, other)
        for name, path in MODULES.items()
        if name.startswith(f"{room}/")
        for other in imported(path)
        if other not in below
    }
    assert upwards == set()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_small(name: str) -> None:
    assert len(MODULES[name].read_text().splitlines()) <= LINES


@pytest.mark.parametrize("name", MODULES)
def test_a_function_is_small(name: str) -> None:
    """As a whole; of a command its body, because the rest is what `--help` prints."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            first = body[0] if name.startswith("cli/") and body else node
            lines = (node.end_lineno or 0) - first.lineno + 1
            assert lines <= FUNCTION, f"{node.name}: {lines} lines"


def test_a_class_has_a_name_of_its_own() -> None:
    """So that a name means one thing wherever it is read. Checks run without the rest."""
    homes: dict[str, list[str]] = {}
    for name, path in MODULES.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not name.startswith("smoke/checks/"):
                homes.setdefault(node.name, []).append(name)
    several = {one: where for one, where in homes.items() if len(where) > 1 and one[0] != "_"}
    assert several == {}


def test_the_pipeline_reads_from_top_to_bottom() -> None:
    text = (ROOT / "run/pipeline.py").read_text()
    assert len(text.splitlines()) <= 120
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, node.name


def test_a_channel_is_rarely_a_bare_path() -> None:
    """Parameters and fields of that name; `ChannelFolder` is a command's option, a path."""
    named = [
        f"{name}: {ast.unparse(node)}"
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.arg) and node.arg == "channel")
        or (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "channel")
    ]
    bare = [one for one in named if re.search(r"Path|ChannelFolder", one.partition(": ")[2])]
    assert 0 < len(bare) <= BARE, "\n".join(bare)


def test_every_module_has_its_tests() -> None:
    """Of its own name, or in the list, by name or by a pattern."""
    listed = tomlkit.parse((TESTS / "mirrors.toml").read_text()).unwrap()
    without = {
        name
        for name in MODULES
        if Path(name).name not in ("__init__.py", "__main__.py")
        and not (TESTS / "unit" / name).with_name(f"test_{Path(name).name}").exists()
    }
    matched = {pattern: set(fnmatch.filter(without, pattern)) for pattern in listed}
    assert set().union(*matched.values()) == without
    assert [pattern for pattern, names in matched.items() if not names] == []
    gone = [path for tests in listed.values() for path in tests if not (TESTS / path).exists()]
    assert gone == []
