"""That `stack` shows what it would do, writes that and nothing else, and leaves no half."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from rootstock.cli import main
from rootstock.core.errors import RootstockError, UsageError
from rootstock.sources import tools
from rootstock.stack import lock as locks

from ..stack import uvs, wheels

MATRIX = """
platform: linux-64
pythons: ["3.11"]
roots: [{version: "6.40.00", origin: source, pythons: ["3.11"]}]
specs: [python]
variants: {}
"""
PYTHON = """
package: {name: python, version: "${{ cpython }}.2"}
build: {string: 'h${{ hash }}_0_cp${{ cpython | replace(".", "") }}'}
about: {license: MIT, license_file: recipe.yaml, summary: A file}
"""
STACK = """\
# Why there are sets.
[sets.orchard]
packages = [
    "bud",  # it grows
    "leaf<3",
]
"""
WHEELS = {"bud": "123", "leaf": "123", "twig": "12", "thorn": "1"}
FILES = {name: f"{name}/__init__.py" for name in WHEELS} | {"thorn": "bud/__init__.py"}


@dataclass(frozen=True)
class Bench:
    """A checkout whose index has the wheels of `WHEELS`, all of which the store has."""

    checkout: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def files(self) -> dict[str, str]:
        """The texts of all files of ci/."""
        return {path.name: path.read_text() for path in (self.checkout / "ci").iterdir()}

    @property
    def versions(self) -> Mapping[str, str]:
        [own] = locks.load(self.checkout / "ci/stack.lock").sets
        [member] = own.members
        return member.packages

    def run(self, *words: str) -> list[str]:
        """Run the command, and return the lines that it prints."""
        self.capsys.readouterr()
        group: Any = typer.main.get_command(main._application())
        argv = ["stack", *words, "--checkout", str(self.checkout)]
        group.main(argv, prog_name="rootstock", standalone_mode=False)
        return self.capsys.readouterr().out.splitlines()

    def fails(self, *words: str) -> RootstockError:
        """Run the command, which must fail and change nothing; return its error."""
        before = self.files
        with pytest.raises(RootstockError) as caught:
            self.run(*words)
        assert self.files == before
        return caught.value


@pytest.fixture
def bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bench:
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    files = {
        "ci/matrix.yaml": MATRIX,
        "ci/names.toml": "[names]\n",
        "ci/stack.toml": STACK,
        "recipes/base/python/recipe.yaml": PYTHON,
    }
    for name, text in files.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made = [
        wheels.make(
            tmp_path,
            name,
            version,
            metadata="License-Expression: MIT\n",
            files={FILES[name]: b""},
        )
        for name, versions in WHEELS.items()
        for version in versions
    ]
    uvs.resolving(tmp_path / "env", made)
    for path in made:
        place = home / "sources" / hashlib.sha256(path.read_bytes()).hexdigest()
        place.mkdir(parents=True)
        path.rename(place / path.name)
    monkeypatch.setenv("ROOTSTOCK_HOME", str(home))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://example.org/simple")
    monkeypatch.setattr(sys, "argv", ["rootstock"])
    monkeypatch.setattr(tools, "ensure", lambda *words: tmp_path / "env")
    return Bench(checkout=checkout, capsys=capsys)


def aged(bench: Bench) -> None:
    """Lock the first versions of all packages, while the index has newer ones."""
    path = bench.checkout.parent / "env/bin/index.json"
    text = path.read_text()
    first = {name: {"1": files["1"]} for name, files in json.loads(text).items()}
    path.write_text(json.dumps(first))
    bench.run("lock")
    path.write_text(text)


def test_a_dry_run_shows_the_changes_and_writes_nothing(bench: Bench) -> None:
    before = bench.files
    said = bench.run("lock", "--dry-run")
    assert said == ["+ bud 3", "+ leaf 2"]
    assert bench.files == before
    assert bench.run("lock") == said
    assert bench.files.keys() - before.keys() == {"stack.lock"}
    assert bench.versions == {"bud": "3", "leaf": "2"}
    assert bench.run("lock") == ["Nothing changes."]


def test_versions_stay_unless_they_are_named(bench: Bench) -> None:
    aged(bench)
    assert bench.versions == {"bud": "1", "leaf": "1"}
    assert bench.run("lock") == ["Nothing changes."]
    before = bench.files
    assert bench.run("lock", "--upgrade", "Leaf", "--dry-run") == ["  leaf 1 -> 2"]
    assert bench.files == before
    assert bench.run("lock", "--upgrade", "leaf") == ["  leaf 1 -> 2"]
    assert bench.versions == {"bud": "1", "leaf": "2"}
    assert bench.run("lock", "-U", "all") == ["  bud 1 -> 3"]
    assert bench.files["stack.toml"] == STACK


def test_two_projects_are_upgraded_at_once(bench: Bench) -> None:
    aged(bench)
    said = bench.run("lock", "-U", "leaf", "-U", "bud")
    assert said == ["  bud 1 -> 3", "  leaf 1 -> 2"]


def test_a_strange_project_is_not_upgraded(bench: Bench) -> None:
    aged(bench)
    failed = bench.fails("lock", "--upgrade", "leaf", "--upgrade", "bub")
    assert isinstance(failed, UsageError)
    assert failed.message == "'bub': ci/stack.lock has no such project"
    assert "stack add" in failed.remedy


def test_the_answer_says_whether_it_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[object] = []
    monkeypatch.setattr("rootstock.cli.stack.print_json", answers.append)
    for words in (("--dry-run",), ()):
        bench.run("add", "--set", "orchard", "twig", "--json", *words)
    asked = ('ci/stack.toml: [sets.orchard] + "twig"',)
    changes = ("+ bud 3", "+ leaf 2", "+ twig 2")
    assert answers == [
        {"sets": asked, "changes": changes, "written": written} for written in (False, True)
    ]


def test_a_package_is_added(bench: Bench) -> None:
    bench.run("lock")
    before = bench.files
    said = bench.run("add", "--set", "orchard", "twig<2", "--dry-run")
    assert said == ['ci/stack.toml: [sets.orchard] + "twig<2"', "+ twig 1"]
    assert bench.files == before
    assert bench.run("add", "--set", "orchard", "twig<2") == said
    assert bench.versions == {"bud": "3", "leaf": "2", "twig": "1"}
    assert bench.files["stack.toml"] == STACK.replace('"leaf<3",\n', '"leaf<3",\n    "twig<2",\n')


def test_a_new_bound_is_taken(bench: Bench) -> None:
    bench.run("lock")
    before = bench.files
    said = bench.run("add", "--set", "orchard", "leaf<2", "bud", "--dry-run")
    line = 'ci/stack.toml: [sets.orchard] "leaf<3" -> "leaf<2"'
    assert said == [line, "  leaf 2 -> 1"]
    assert bench.files == before
    assert bench.run("add", "--set", "orchard", "leaf<2", "bud") == said
    assert bench.versions == {"bud": "3", "leaf": "1"}
    assert bench.files["stack.toml"] == STACK.replace("leaf<3", "leaf<2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lock", "bud"), "takes no names"),
        (("add", "--set", "orchard"), "needs names"),
        (("add", "bud"), "needs a set"),
        (("add", "--set", "vineyard", "bud"), "has no set 'vineyard'"),
        (("add", "--set", "orchard", "bub"), "the package index has no project bub"),
        (("add", "--set", "orchard", "bud>9"), "there is no version of bud>9"),
        (("show", "bud"), "no package is called bud"),
    ],
)
def test_what_cannot_be_is_reported_and_changes_nothing(
    bench: Bench, words: tuple[str, ...], said: str
) -> None:
    failed = bench.fails(*words)
    assert said in failed.message
    assert failed.remedy
    assert failed.code == 2


def test_two_wheels_with_one_file_are_not_locked(bench: Bench) -> None:
    bench.run("lock")
    failed = bench.fails("add", "--set", "orchard", "thorn")
    assert "site-packages/bud/__init__.py is in bud 3 and in thorn 1" in failed.message
    assert "(orchard, Python 3.11)" in failed.message
    assert "drop" in failed.remedy and failed.code == 2
    path = bench.checkout / "ci/stack.toml"
    path.write_text(f'{STACK}[packages.thorn]\ndrop = ["bud/*"]\nwhy = "It is bud\'s."\n')
    assert bench.run("add", "--set", "orchard", "thorn")[-1] == "+ thorn 1"


def test_what_the_file_has_wrong_is_reported(bench: Bench) -> None:
    path = bench.checkout / "ci/stack.toml"
    path.write_text(f'{STACK}\n[packages.bud]\nlicense = "BSD"\nwhy = "x"\n')
    failed = bench.fails("lock")
    assert f"{path}: [packages.bud] license is 'BSD'" in failed.message
    assert failed.code == 2


# Ends like a killed process when it renames a file of ci/ for the n-th time.
KILLED = """
import os, sys
from pathlib import Path
from rootstock.stack import lock

folder, left = Path(sys.argv[1]), int(sys.argv[2])
replace = os.replace

def counted(source, target):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    replace(source, target)

os.replace = counted
new = lock.Lock(wheels=(), sets=(), also={"new": ("one",)})
lock.write(new, folder / "stack.lock", {folder / "stack.toml": "new = true"})
"""


@pytest.mark.parametrize(("renamed", "new"), [(0, []), (1, ["stack.toml"])])
def test_a_kill_leaves_whole_files_and_no_lock_of_what_nobody_asked_for(
    bench: Bench, renamed: int, new: list[str]
) -> None:
    bench.run("lock")
    before = bench.files
    words = [sys.executable, "-c", KILLED, str(bench.checkout / "ci"), str(renamed)]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(words, check=False, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 9
    after = {name: text for name, text in bench.files.items() if not name.startswith(".")}
    assert [name for name in before if after[name] != before[name]] == new
    assert after.keys() == before.keys()
    (bench.checkout / "ci/stack.toml").write_text(STACK)
    bench.run("add", "--set", "orchard", "twig")
    assert bench.files.keys() == before.keys()  # what was left is gone


def test_an_error_leaves_both_files_as_they_were(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run("lock")
    really, left = os.replace, [1]

    def once(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise PermissionError(13, "Permission denied", str(target))
        really(source, target)

    monkeypatch.setattr(os, "replace", once)
    failed = bench.fails("add", "--set", "orchard", "twig")
    assert left[0] < 0
    assert "cannot be written" in failed.message and failed.code == 2
