"""Which artifact a node succeeds, in stores and channels of nothing but records."""

import json
import os
from pathlib import Path

import pytest

from rootstock.building.previous import Previous
from rootstock.core.store import Store
from rootstock.plan.graph import Graph, Node, find, plan
from rootstock.plan.key import Builder
from rootstock.plan.matrix import Cell
from rootstock.plan.recipe import render
from rootstock.product.root import PRODUCT

RECIPE = """
package: {name: zlib, version: "%s"}
build: {string: "h${{ hash }}_0"}
requirements: {build: ["${{ stdlib('c') }}"], host: [python]}
about: {summary: %s}
"""
SYSROOT = 'package: {name: sysroot_linux-64, version: "2.17"}\n'
PYTHON = """
package: {name: python, version: "${{ cpython }}.1"}
build: {string: "0_cp${{ cpython | replace('.', '') }}"}
"""


class World:
    """Recipes, a store, and what is published."""

    def __init__(self, folder: Path) -> None:
        self.recipes, self.store = folder / "recipes", Store(folder / "store")
        self.published: dict[str, str] = {}
        self.clock = 1_000_000.0
        for name, text in (("sysroot", SYSROOT), ("python", PYTHON), ("zlib", "")):
            (self.recipes / name).mkdir(parents=True)
            (self.recipes / name / "recipe.yaml").write_text(text)

    def plan(self, version: str = "1", summary: str = "first", python: str = "3.11") -> Graph:
        cell = Cell(product=PRODUCT, values=("6", python), platform="linux-64")
        (self.recipes / "zlib/recipe.yaml").write_text(RECIPE % (version, summary))
        common = {"c_stdlib": ["sysroot"], "c_stdlib_version": ["2.17"]}
        variants = {**common, **{key: [value] for key, value in cell.variant.items()}}
        outputs = [
            output
            for folder in self.recipes.iterdir()
            for output in render(folder, variants, (("python", "cpython"),), "linux-64")
        ]
        return plan(outputs, [cell], ["zlib"], Builder(image="i", parts={}), self.published)

    def keep(self, graph: Graph, *, inputs: bool = True, publish: bool = False) -> Node:
        """Put the record of the plan's zlib into the store, later than all before it."""
        [node] = find(graph, "zlib")
        folder = self.store.artifact(node.artifact)
        folder.mkdir(parents=True)
        record = {"name": "zlib", "path": node.filename, "key": node.key}
        (folder / "artifact.json").write_text(json.dumps(record))
        self.clock += 1
        os.utime(folder / "artifact.json", (self.clock, self.clock))
        if inputs:
            (folder / "inputs.json").write_text(json.dumps(node.inputs))
        if publish:
            self.published[node.filename] = node.key
        return node

    def why(self, graph: Graph, *, cached: bool = False) -> list[str]:
        [node] = find(graph, "zlib")
        return Previous(self.store, self.published, graph, PRODUCT).why(node, cached=cached).lines


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_first_of_its_kind_was_never_built(world: World) -> None:
    assert world.why(world.plan()) == ["never built"]
    world.keep(world.plan(python="3.13"))
    assert world.why(world.plan()) == ["never built"]  # another Python's is no predecessor


def test_it_is_compared_with_the_last_that_was_built(world: World) -> None:
    world.keep(world.plan(summary="first"))
    world.keep(world.plan(summary="second"))
    assert world.why(world.plan(summary="third")) == ["recipe about.summary: second -> third"]


def test_what_is_published_comes_before_what_was_only_built(world: World) -> None:
    world.keep(world.plan(summary="first"), publish=True)
    world.keep(world.plan(summary="second"))
    assert world.why(world.plan(summary="third")) == ["recipe about.summary: first -> third"]


def test_of_what_is_published_the_last_counts(world: World) -> None:
    for summary in ("first", "second"):
        world.keep(world.plan(summary=summary), publish=True)
    assert [name[-7:] for name in world.published] == ["0.conda", "1.conda"]
    assert world.why(world.plan(summary="third")) == ["recipe about.summary: second -> third"]


def test_an_older_version_is_succeeded_too(world: World) -> None:
    world.keep(world.plan(version="1"), publish=True)
    assert world.why(world.plan(version="2")) == ["recipe package.version: 1 -> 2"]


def test_what_is_published_and_there_did_not_change(world: World) -> None:
    graph = world.plan()
    world.keep(graph, publish=True)
    assert world.why(graph, cached=True) == ["nothing changed: the store has it"]


def test_published_inputs_that_the_store_lost_are_reported(world: World) -> None:
    lost = world.keep(world.plan(), inputs=False, publish=True)
    [line] = world.why(world.plan(summary="second"))
    assert line == f"the store no longer has the inputs of {lost.filename}"


def test_a_damaged_record_is_passed_over(world: World) -> None:
    world.keep(world.plan(summary="first"))
    newest = world.keep(world.plan(summary="second"))
    (world.store.artifact(newest.artifact) / "artifact.json").write_text("{")
    assert world.why(world.plan(summary="third")) == ["recipe about.summary: first -> third"]
