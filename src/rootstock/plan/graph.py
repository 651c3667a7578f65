"""The graph: rendered outputs and what each needs, with build keys and build numbers.

Dependencies between our own packages are found before anything is built: the match specs of a
recipe, and the run_exports of what is in its build and host environments, are matched against
what the recipes make.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any

from rattler import MatchSpec, PackageRecord
from rattler.package import BuildString

from rootstock.errors import UsageError
from rootstock.plan.key import Builder, as_built, build_key, files_of, folder_hashes, key_inputs
from rootstock.plan.matrix import Cell
from rootstock.plan.recipe import Output

# The scope of what is for this machine only.
LOCAL = "local"
# What is published under a file name: its build key, by file name.
Published = Mapping[str, str]
# Where conda-forge's build strings have their build number: h1a2b3c4_0, 0_cp311, h1a2b3c4_0_cp311.
_NUMBERED = re.compile(r"^0(?=_)|(?<=_)0(?=$|_cp)")
_PIN_COMPATIBLE = re.compile(r"\$\{\{ pin_compatible\('([^']+)'")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One package to build: a rendered output with its place in the graph.

    `uses` are the ids of the nodes that its build and host environments are made of, `needs`
    those with all they depend on; `runs` are the ids of those it depends on when installed,
    directly. `recipe` is as a build gets it. What is `private` was built with something of
    this machine, and is for this machine only.
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
    private: bool = False

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
        return LOCAL if self.private else str(self.output.extra.get("scope", "channel"))


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The nodes of a plan, dependencies first; by cell, what its users install, with all of it.

    A noarch node serves several cells and runs with another Python in each, so that a cell's
    nodes cannot be found from the `runs` of its nodes.
    """

    nodes: Mapping[str, Node]
    cells: Mapping[str, tuple[str, ...]]

    def private(self, cell: str) -> bool:
        """Whether something in a cell, by its id, is for this machine only."""
        return any(self.nodes[id_].private for id_ in self.cells[cell])

    def closure(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The given nodes and all they depend on when installed, in the graph's order."""
        seen: set[str] = set()
        stack = list(ids)
        while stack:
            if (one := stack.pop()) not in seen:
                seen.add(one)
                stack.extend(self.nodes[one].runs)
        return tuple(sorted(seen, key=self._places.__getitem__))

    def beneath(self, id_: str) -> frozenset[str]:
        """The nodes that must be there before one is built.

        They are what its build and host environments may hold and, where a test of its own
        installs it, what it runs with.
        """
        node = self.nodes[id_]
        return frozenset(node.needs) | {
            dep for dep in self.closure(node.runs) if node.output.test_installs
        }

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {id_: place for place, id_ in enumerate(self.nodes)}


@dataclass
class _Links:
    """What one output needs, before keys: ids of direct build, host and run dependencies."""

    build: list[str]
    host: list[str]
    run: list[str]


def plan(
    outputs: Sequence[Output],
    cells: Sequence[Cell],
    specs: Sequence[str],
    builder: Builder,
    published: Published,
) -> Graph:
    """Link the outputs that the cells need into a graph with keys and build numbers.

    Raises `UsageError` when a requirement is met by no recipe, or in a circle.
    """
    by_id = _by_id(outputs)
    find = _finder(by_id)
    links: dict[str, _Links] = {}
    sets: dict[str, frozenset[str]] = {}
    for cell in cells:
        own: dict[str, _Links] = {}
        tops = [find(spec, cell.variant, f"the cell {cell.id}") for spec in specs]
        for top in tops:
            _link(top, cell.variant, by_id, find, own, ())
        beneath = _memoised_closure({id_: link.run for id_, link in own.items()})
        sets[cell.id] = frozenset(tops).union(*(beneath(top) for top in tops))
        # What an earlier cell has linked stays where it is, behind all that it needs.
        links |= {id_: link for id_, link in own.items() if id_ not in links}
    runs_of = _memoised_closure({id_: link.run for id_, link in links.items()})
    folders = cache(folder_hashes)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}  # exact pins to those whose build number is not 0
    for id_, link in links.items():  # dependencies first: `_link` fills it in that order
        needs: set[str] = set().union(*(runs_of(dep) | {dep} for dep in (*link.build, *link.host)))
        output = by_id[id_]
        recipe = _with_numbers(as_built(output.recipe), renamed)
        dependencies = {dep: nodes[dep].artifact for dep in needs}
        files = files_of(folders(output.folder), output.recipe)
        inputs = key_inputs(recipe, output.variant, files, builder, dependencies)
        node = _node(id_, output, recipe, inputs, link, needs, published)
        mine = output.extra.get("scope") == LOCAL or any(nodes[dep].private for dep in needs)
        nodes[id_] = node = replace(node, private=mine)
        if node.number:
            pin = f"{output.name} =={output.version}"
            renamed[f"{pin} {output.build}"] = f"{pin} {node.build}"
    ordered = {cell: tuple(id_ for id_ in nodes if id_ in ids) for cell, ids in sets.items()}
    return Graph(nodes=nodes, cells=ordered)


def find(graph: Graph, name: str) -> list[Node]:
    """The nodes that a name means: a package's, a node's id or a file's.

    Raises `UsageError`, with names that are like it, when there is none.
    """
    nodes = graph.nodes.values()
    found = [node for node in nodes if name in (node.output.name, node.id, node.filename)]
    if not found:
        known = sorted({node.output.name for node in nodes})
        like = get_close_matches(name, known) or known
        raise UsageError(f"{name} is no package of the plan", f"Known: {', '.join(like)}")
    return found


def _by_id(outputs: Sequence[Output]) -> dict[str, Output]:
    """The outputs by their file name without its ending.

    Rendering gives an output that is the same for two Pythons twice.
    """
    by_id: dict[str, Output] = {}
    for output in outputs:
        id_ = output.filename.removesuffix(".conda")
        if by_id.get(id_, output) != output:
            raise UsageError(
                f"{output.folder / 'recipe.yaml'}: {id_} is one file name for several variants",
                "A noarch package must not have python in its host requirements; other packages "
                "need ${{ hash }} in their build string.",
            )
        by_id[id_] = output
    return by_id


def _finder(by_id: Mapping[str, Output]) -> Callable[[str, Mapping[str, str], str], str]:
    """A function that finds the output a match spec means, seen from a variant."""
    by_name: dict[str, list[tuple[str, PackageRecord]]] = {}
    for id_, output in by_id.items():
        record = PackageRecord(
            name=output.name,
            version=output.version,
            build=BuildString(output.build),
            build_number=0,
            subdir=output.subdir,
        )
        by_name.setdefault(output.name, []).append((id_, record))

    spec_of = cache(MatchSpec)

    @cache
    def order(id_: str) -> tuple[tuple[int, int | str], ...]:
        return version_order(by_id[id_].version)

    def find(spec: str, variant: Mapping[str, str], needed_by: str) -> str:
        name = name_of(spec)
        candidates = by_name.get(name, [])
        if spec == name and name in variant:
            spec = f"{name} {variant[name]}"
        match = None if spec == name or "${{" in spec else spec_of(spec)
        fitting = [id_ for id_, record in candidates if match is None or match.matches(record)]
        fitting = [id_ for id_ in fitting if _agrees(by_id[id_].variant, variant)] or fitting
        fitting = [id_ for id_ in fitting if _runs_with(by_id[id_], variant.get("cpython"))]
        if not fitting:
            made = ", ".join(id_ for id_, _ in candidates) or f"no recipe makes {name}"
            raise UsageError(f"{needed_by} needs {spec}, which is not to be had: {made}")
        # Of what fits, the newest: what a solver would take.
        return max(fitting, key=order)

    return find


def _runs_with(output: Output, cpython: str | None) -> bool:
    """Whether a noarch output accepts the Python of a cell; others belong to one by their build."""
    if cpython is None or output.subdir != "noarch":
        return True
    build = BuildString(f"0_cp{cpython.replace('.', '')}")
    python = PackageRecord(
        name="python", version=cpython, build=build, build_number=0, subdir="linux-64"
    )
    wanted = [spec for spec in output.requirements("run") if name_of(spec) == "python"]
    return all(MatchSpec(spec).matches(python) for spec in wanted)


def version_order(version: str) -> tuple[tuple[int, int | str], ...]:
    """What to sort versions by."""
    parts = re.findall(r"\d+|[a-z]+", version)
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)


def _agrees(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    # A noarch package has "noarch" for its platform, and others to go with it.
    own = {key: value for key, value in one.items() if key != "target_platform"}
    return all(other.get(key, value) == value for key, value in own.items())


@cache
def name_of(spec: str) -> str:
    """The package name that a requirement is about."""
    if match := _PIN_COMPATIBLE.match(spec):
        return match[1]
    return re.split(r"[\s=<>!~\[]", spec, maxsplit=1)[0]


def _link(
    id_: str,
    variant: Mapping[str, str],
    by_id: Mapping[str, Output],
    find: Callable[[str, Mapping[str, str], str], str],
    links: dict[str, _Links],
    path: tuple[str, ...],
) -> None:
    """Find the dependencies of an output, and theirs, into `links`."""
    if id_ in path:
        raise UsageError("recipes need each other: " + " -> ".join((*path, id_)))
    if id_ in links:
        return
    output = by_id[id_]
    if not output.complete:
        values = ", ".join(f"{key} {value}" for key, value in sorted(output.variant.items()))
        raise UsageError(
            f"{output.folder / 'recipe.yaml'}: none of its sources is for {id_} ({values})",
            "docs/recipes.md tells what a new version needs.",
        )
    # Its own values first: an output made for sysroot 2.28 needs what is made for that.
    seen = {**variant, **output.variant}

    def found(requirements: Iterable[str]) -> list[str]:
        ours = [spec for spec in requirements if not spec.startswith("__")]
        return [find(spec, seen, output.name) for spec in ours]

    build, host = found(output.requirements("build")), found(output.requirements("host"))
    exported = [spec for dep in build for spec in by_id[dep].run_exports("strong")]
    strengths = ("noarch",) if output.subdir == "noarch" else ("strong", "weak")
    for strength in strengths:
        exported += [spec for dep in host for spec in by_id[dep].run_exports(strength)]
    ignored = output.ignored_run_exports
    kept = [spec for spec in exported if name_of(spec) not in ignored]
    run = found([*output.requirements("run"), *kept])
    run = [dep for dep in dict.fromkeys(run) if dep != id_]
    for dep in dict.fromkeys((*build, *host, *run)):
        _link(dep, seen, by_id, find, links, (*path, id_))
    links[id_] = _Links(build=build, host=host, run=run)


def _memoised_closure(direct: Mapping[str, Sequence[str]]) -> Callable[[str], frozenset[str]]:
    known: dict[str, frozenset[str]] = {}

    def closure(id_: str) -> frozenset[str]:
        if id_ not in known:
            known[id_] = frozenset().union(*({dep} | closure(dep) for dep in direct[id_]))
        return known[id_]

    return closure


def _node(
    id_: str,
    output: Output,
    recipe: Mapping[str, Any],
    inputs: Mapping[str, Any],
    link: _Links,
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
        uses=tuple(dict.fromkeys((*link.build, *link.host))),
        needs=tuple(sorted(needs)),
        runs=tuple(sorted(link.run)),
    )


def _with_numbers(recipe: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Put the build numbers of other outputs into exact pins to them."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        return renamed.get(value, value) if isinstance(value, str) else value

    return {**recipe, "requirements": walk(recipe.get("requirements", {}))}


def _number(output: Output, key: str, published: Published) -> int:
    """The build number: that of the published package with this key, or the next free one."""
    number = 0
    while published.get(filename(output, number), key) != key:
        number += 1
    return number


def filename(output: Output, number: int) -> str:
    """The file name of an output's package with a build number."""
    build = _NUMBERED.sub(str(number), output.build)
    return f"{output.name}-{output.version}-{build}.conda"


def _numbered(recipe: Mapping[str, Any], number: int) -> dict[str, Any]:
    string = _NUMBERED.sub(str(number), recipe["build"]["string"])
    return {**recipe, "build": {**recipe["build"], "number": number, "string": string}}
