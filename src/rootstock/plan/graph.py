"""The graph: rendered outputs and what each needs, with build keys and build numbers.

Dependencies between our own packages are found before anything is built. The match specs of a
recipe, and the run_exports in its build and host environments, are matched against the outputs of
all recipes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rootstock.core.errors import RecipeError, UsageError
from rootstock.core.names import listed
from rootstock.plan import numbers
from rootstock.plan.key import Builder, as_built, build_key, files_of, folder_hashes, key_inputs
from rootstock.plan.links import Links, link, link_tests, memoised_closure, require_order
from rootstock.plan.match import agrees, finder, preferring
from rootstock.plan.matrix import Cell
from rootstock.plan.position import Position
from rootstock.plan.recipe import Output

# The scopes of what is for this machine only, and of what is for builds only.
LOCAL, IMAGE = "local", "image"
# What is published under a file name: its build key, by file name.
Published = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Node:
    """One package to build: a rendered output with its place in the graph.

    Four fields are ids of nodes. `uses` are those of its build and host environments, `needs` those
    with all their dependencies. `runs` are its direct dependencies when installed, `tests` those
    that its tests install directly. Only `needs` affects the key: the others affect no byte.
    `recipe` is the recipe of the build. A node is `local_only` when it contains something of this
    machine.
    """

    output: Output
    id: str
    key: str
    number: int
    recipe: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(repr=False)
    uses: tuple[str, ...]
    needs: tuple[str, ...]
    runs: tuple[str, ...]
    tests: tuple[str, ...] = ()
    local_only: bool = False

    @property
    def build(self) -> str:
        """The build string, with the build number."""
        return str(self.recipe["build"]["string"])

    @property
    def filename(self) -> str:
        """The package's file name."""
        return filename(self.output, self.number)

    @property
    def artifact(self) -> str:
        """The name of its artifact: one key gives other bytes with another build number."""
        return f"{self.key}-{self.number}"

    @property
    def scope(self) -> str:
        """`channel` for what is published, `image` for builds only, `local` for this machine."""
        return LOCAL if self.local_only else str(self.output.extra.get("scope", "channel"))


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The nodes of a plan, dependencies first; and for each cell, the ids of all its users install.

    A noarch node serves several cells and runs with another Python in each, so that a cell's
    nodes cannot be found from the `runs` of its nodes.
    """

    nodes: Mapping[str, Node]
    cells: Mapping[str, tuple[str, ...]]

    def local_only(self, cell: str) -> bool:
        """Whether something in a cell, by its id, is for this machine only."""
        return any(self.nodes[id_].local_only for id_ in self.cells[cell])

    def closure(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The given nodes and all they depend on when installed, in the graph's order."""
        seen: set[str] = set()
        stack = list(ids)
        while stack:
            if (one := stack.pop()) not in seen:
                seen.add(one)
                stack.extend(self.nodes[one].runs)
        return tuple(sorted(seen, key=self._places.__getitem__))

    def origins(self, id_: str) -> tuple[Output, ...]:
        """The outputs whose sources are in a package: itself, or those that it is a part of.

        A package without a source is a part of what its build environment has for builds only. It
        has no origin where that has no source.
        """
        node = self.nodes[id_]
        if node.output.recipe.get("source"):
            return (node.output,)
        wholes = [one for one in node.uses if self.nodes[one].scope == IMAGE]
        found = {output.filename: output for one in wholes for output in self.origins(one)}
        return tuple(found.values())

    def build_prerequisites(self, id_: str) -> frozenset[str]:
        """The nodes that must be there before one is built.

        They are what its build and host environments may hold and, where a test of its own
        installs it, what it runs with and what the test asks for.
        """
        node = self.nodes[id_]
        installed = (*node.runs, *node.tests) if node.output.test_installs else ()
        # What is tested may be in there: a package downstream of it needs it.
        return frozenset(node.needs).union(self.closure(installed)) - {id_}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {id_: place for place, id_ in enumerate(self.nodes)}


def plan(
    outputs: Sequence[Output],
    cells: Sequence[Cell],
    specs: Sequence[str],
    builder: Builder,
    published: Published,
    pins: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType({}),
) -> Graph:
    """Link the outputs that the cells need into a graph with keys and build numbers.

    Each cell needs `specs` and its sets. `pins` say, by set and Python, which version of a package
    an environment with that set has.

    Raises `UsageError` when a requirement is met by no recipe, or in a circle.
    """
    by_id = ids_of(outputs)
    links, installed = _link_cells(by_id, cells, specs, pins)
    require_order(links, by_id)
    nodes = _nodes(links, by_id, builder, published)
    ordered = {cell: tuple(id_ for id_ in nodes if id_ in ids) for cell, ids in installed.items()}
    return Graph(nodes=nodes, cells=ordered)


def _link_cells(
    by_id: Mapping[str, Output],
    cells: Sequence[Cell],
    specs: Sequence[str],
    pins: Mapping[tuple[str, str], Mapping[str, str]],
) -> tuple[dict[str, Links], dict[str, frozenset[str]]]:
    """Return the links of all outputs that cells need, and by cell the ids that users install.

    Each output follows those that it needs.
    """
    find = finder(by_id)
    links: dict[str, Links] = {}
    installed: dict[str, frozenset[str]] = {}
    for cell in cells:
        own: dict[str, Links] = {}
        pinned: dict[str, str] = {}
        for name in cell.sets:
            pinned |= pins.get((name, cell.python), {})
        preferred = preferring(find, pinned)
        wanted = (*specs, *cell.sets)
        tops = [preferred(spec, cell.variant, f"the cell {cell.id}") for spec in wanted]
        for top in tops:
            link(top, cell.variant, by_id, preferred, own, ())
        link_tests(cell.variant, by_id, preferred, own)
        runs_of = memoised_closure({id_: one.run for id_, one in own.items()})
        installed[cell.id] = frozenset(tops).union(*(runs_of(top) for top in tops))
        # An output that an earlier cell has linked keeps its links and its position.
        links |= {id_: one for id_, one in own.items() if id_ not in links}
    return links, installed


def _nodes(
    links: Mapping[str, Links],
    by_id: Mapping[str, Output],
    builder: Builder,
    published: Published,
) -> dict[str, Node]:
    """Return a node for each linked output; the key of one contains those of its dependencies."""
    runs_of = memoised_closure({id_: one.run for id_, one in links.items()})
    folders = cache(_hashes)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}  # exact pins to those whose build number is not 0
    for id_, one in links.items():
        needs: set[str] = set().union(*(runs_of(dep) | {dep} for dep in (*one.build, *one.host)))
        output = by_id[id_]
        recipe = _with_numbers(as_built(output.recipe), renamed)
        dependencies = {dep: nodes[dep].artifact for dep in needs}
        files = files_of(folders(output.folder, output.path), output.recipe)
        inputs = key_inputs(recipe, output.variant, files, builder, dependencies)
        node = _node(id_, output, recipe, inputs, one, needs, published)
        local_only = output.extra.get("scope") == LOCAL or any(
            nodes[dep].local_only for dep in needs
        )
        nodes[id_] = node = replace(node, local_only=local_only)
        if node.number:
            pin = f"{output.name} =={output.version}"
            renamed[f"{pin} {output.build}"] = f"{pin} {node.build}"
    return nodes


def find(graph: Graph, name: str) -> list[Node]:
    """The nodes that a name means: a package's, a node's id or a file's.

    Raises `UsageError`, with names that are like it, when there is none.
    """
    nodes = graph.nodes.values()
    found = [node for node in nodes if name in (node.output.name, node.id, node.filename)]
    if not found:
        known = sorted({node.output.name for node in nodes})
        like = get_close_matches(name, known) or known
        raise UsageError(f"{name} is no package of the plan", f"Known: {listed(like)}")
    return found


def ids_of(outputs: Sequence[Output]) -> dict[str, Output]:
    """The outputs by their file name without its ending.

    Rendering gives an output that is the same for two Pythons twice. Raises `RecipeError` when
    others have one name.
    """
    by_id: dict[str, Output] = {}
    by_version: dict[tuple[str, str], list[Output]] = {}
    for output in outputs:
        id_ = output.filename.removesuffix(".conda")
        same = by_version.setdefault((output.name, output.version), [])
        for other in same:
            if other.path != output.path and agrees(other.variant, output.variant):
                raise RecipeError(
                    output.path,
                    f"{other.path} makes {output.name} {output.version} as well",
                    "Remove one of them, or give its package another name.",
                    line=Position(output).line(("package", "name"), output.name),
                )
        same.append(output)
        if by_id.get(id_, output) != output:
            raise RecipeError(
                output.path,
                f"{id_} is one file name for several variants",
                "A noarch package must not have python in its host requirements; other packages "
                "need ${{ hash }} in their build string.",
                line=Position(output).line(("build",)),
            )
        by_id[id_] = output
    return by_id


def _node(
    id_: str,
    output: Output,
    recipe: Mapping[str, Any],
    inputs: Mapping[str, Any],
    own: Links,
    needs: set[str],
    published: Published,
) -> Node:
    key = build_key(inputs)
    number = _number(output, key, published)
    return Node(
        output=output,
        id=id_,
        key=key,
        number=number,
        recipe=_numbered(recipe, number),
        inputs=inputs,
        uses=tuple(dict.fromkeys((*own.build, *own.host))),
        needs=tuple(sorted(needs)),
        runs=tuple(sorted(own.run)),
        tests=tuple(sorted(own.test)),
    )


def _with_numbers(recipe: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Put the build numbers of other outputs into exact pins to them."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        return renamed.get(value, value) if isinstance(value, str) else value

    pinned = {key: walk(recipe[key]) for key in ("requirements", "tests") if key in recipe}
    return {**recipe, **pinned}


def _number(output: Output, key: str, published: Published) -> int:
    """The build number: that of the published package with this key, or the next free one."""
    try:
        return numbers.free(output.name, output.version, output.build, key, published)
    except ValueError as error:
        raise RecipeError(output.path, str(error)) from error


def _hashes(folder: Path, recipe: Path) -> dict[str, str]:
    """What `folder_hashes` gives; raises `UsageError` when the recipe is not there any more."""
    try:
        found = folder_hashes(folder)
        if not recipe.is_file():
            raise UsageError(f"{folder} is gone", "Put it back, and run the same command again.")
        return found
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} cannot be read: {error.strerror}",
            "If something else is changing the recipes: run the same command again after it.",
        ) from error


def filename(output: Output, number: int) -> str:
    """The file name of an output's package with a build number."""
    return numbers.file_name(output.name, output.version, output.build, number)


def _numbered(recipe: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A recipe with its build number: in its build string, and in exact pins to itself."""
    package, old = recipe["package"], recipe["build"]["string"]
    string = numbers.numbered(old, number)
    pin = f"{package['name']} =={package['version']}"
    own = _with_numbers(recipe, {f"{pin} {old}": f"{pin} {string}"})
    return {**own, "build": {**recipe["build"], "number": number, "string": string}}
