"""A set with the versions that an experiment publishes: it locks to these, and has its own cell.

It asks the package index. Where an interpreter of its Python is at hand, it is built and tested.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import tomlkit

from rootstock.core.checkout import Checkout
from rootstock.core.errors import MachineError
from rootstock.core.store import Store, locate
from rootstock.maintain import stack_lock
from rootstock.run import planning
from rootstock.run.request import Request
from rootstock.smoke.systems import BUILDING
from rootstock.sources import local
from rootstock.stack import lock as locks
from rootstock.stack import names, wanted
from rootstock.stack.lock import Lock

from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.nightly

PYTHON = "3.12"
EXAMPLE = CHECKOUT / "docs/examples/xenonnt.toml"
NUMPY = "2.0.2"  # of the example; the recipe makes another for this Python


@pytest.fixture(scope="module")
def store() -> Store:
    found = locate()
    found.prepare()
    return found


@pytest.fixture(scope="module")
def own(store: Store) -> Lock:
    """The lock of ci/stack.toml with the example at its end, of which one set more is left."""
    known = tomlkit.parse((CHECKOUT / wanted.FILE).read_text() + EXAMPLE.read_text()).unwrap()
    known["sets"] = {name: known["sets"][name] for name in ("frames", "xenonnt")}
    text = tomlkit.dumps(known)
    return stack_lock.relock(Checkout(CHECKOUT), store, lambda event: None, text=text).lock


def test_the_lock_has_just_the_versions_that_are_pinned(own: Lock) -> None:
    [asked] = wanted.load(EXAMPLE).sets
    _, made = own.sets
    [member] = made.members
    assert member.python == PYTHON
    naming = names.load(CHECKOUT / names.FILE)
    pins = {naming.of(name): str(version) for name, version in asked.pins("3.12.13").items()}
    assert len(pins) == len(asked.packages) - 2  # pip is the recipe's, and uproot is the newest
    assert {name: member.packages[name] for name in pins} == pins
    files = {(one.project, one.version): one.file for one in own.wheels}
    assert files["numpy", NUMPY].endswith("x86_64.whl")
    assert all(one.license_files or one.license_source or one.waive for one in own.wheels)
    assert "pip" not in {one.project for one in own.wheels}
    assert [version for project, version in files if project == "numpy"] == [NUMPY]


@pytest.fixture
def checkout(own: Lock, tmp_path: Path) -> Checkout:
    """A copy of this checkout with the example in it, and its lock."""
    made = Checkout(tmp_path)
    for name in ("ci", "recipes"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, symlinks=True)
    with made.stack.open("a") as file:
        file.write(EXAMPLE.read_text())
    locks.write(own, made.stack_lock)
    return made


def test_it_has_a_cell_of_its_own(checkout: Checkout, store: Store, tmp_path: Path) -> None:
    request = Request(
        checkout=checkout,
        axes={"root": ("6",), "python": (PYTHON,)},
        sets=("xenonnt",),
        channel=tmp_path / "channel",
    )
    graph = planning.plan(request, store, lambda event: None).graph
    numpies = {
        cell: [graph.nodes[id_].output for id_ in ids if graph.nodes[id_].output.name == "numpy"]
        for cell, ids in graph.cells.items()
    }
    (_, [general]), (cell, [pinned]) = numpies.items()
    assert cell.endswith("-xenonnt")
    assert pinned.version == NUMPY != general.version
    assert (general.lock, pinned.lock) == (None, checkout.stack_lock)
    straxen = [node for node in graph.nodes.values() if node.output.name == "straxen"]
    assert [node.output.version for node in straxen] == ["4.0.0"]


def test_it_works_with_an_interpreter_of_this_machine(
    checkout: Checkout, store: Store, tmp_path: Path
) -> None:
    try:
        local.take(PYTHON, store)
    except MachineError as error:
        pytest.skip(f"no Python {PYTHON} on this machine: {error.message}")
    words = ["--root", "6", "--py", PYTHON, "--local-python", PYTHON, "--set", "xenonnt"]
    words += ["--only", "*-xenonnt", "--checkout", str(checkout), "--channel", str(tmp_path / "c")]
    done = subprocess.run(
        [*COMMAND, "smoke", *words, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    said = json.loads(done.stdout)
    assert done.returncode == 0, said["error"]
    [report] = said["smoke"]
    assert report["system"] == BUILDING.name
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert {outcomes[name] for name in ("declared", "stack", "threads")} == {"passed"}
    installed = {package["name"]: package["version"] for package in report["packages"]}
    assert (installed["numpy"], installed["strax"], installed["straxen"]) == (
        NUMPY,
        "2.2.3",
        "4.0.0",
    )
