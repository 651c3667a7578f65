"""A set with the versions that an experiment publishes: it locks to these, and has its own cell.

It asks the package index. Nothing is built.
"""

import shutil
from pathlib import Path

import pytest
import tomlkit

from rootstock.core.checkout import Checkout
from rootstock.core.store import Store, locate
from rootstock.maintain import stack_lock
from rootstock.run import planning
from rootstock.run.request import Request
from rootstock.stack import lock as locks
from rootstock.stack import names, wanted
from rootstock.stack.lock import Lock

from .conftest import CHECKOUT

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


def test_it_has_a_cell_of_its_own(own: Lock, store: Store, tmp_path: Path) -> None:
    for name in ("ci", "recipes"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, symlinks=True)
    locks.write(own, Checkout(tmp_path).stack_lock)
    request = Request(
        checkout=Checkout(tmp_path),
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
    assert (general.lock, pinned.lock) == (None, Checkout(tmp_path).stack_lock)
    straxen = [node for node in graph.nodes.values() if node.output.name == "straxen"]
    assert [node.output.version for node in straxen] == ["4.0.0"]
