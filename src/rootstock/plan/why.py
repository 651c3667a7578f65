"""Why a package is built: which inputs of its build key are not what they were before.

What is compared is what `key.key_inputs` gives: of the planned node, and of the artifact that it
succeeds. A dependency that changed is followed down to the package in which the change began.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rootstock.plan.changes import Change, Inputs, compare, dependencies
from rootstock.plan.graph import Graph, Node

# The inputs of an artifact by its name in the store, or None when they are not there any more.
Recall = Callable[[str], Inputs | None]
# What changed of a node itself, since it was an artifact with these inputs.
Own = Callable[[Node, str, Inputs | None], tuple[Change, ...]]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A dependency in which a change began, and the way to it: package names, nearest first."""

    path: tuple[str, ...]
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        first, *others = self.path
        because = ", ".join(("rebuilt", *(f"because of {name}" for name in others)))
        if not others:
            because += ", because"
        return f"dependency {first}: {because}: " + "; ".join(map(str, self.changes))


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """The artifact that a node succeeds: its file, its name in the store, and its inputs.

    `published` tells whether it is in the channel; `inputs` is None when the store does not have
    them any more.
    """

    filename: str
    artifact: str
    published: bool
    inputs: Inputs | None


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a node is what it is. `kept` tells whether the store has its artifact."""

    node: str
    package: str
    filename: str
    key: str
    cached: bool
    before: Predecessor | None
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    verdict: str = ""

    @property
    def title(self) -> str:
        """The package, its state, and what it is compared with."""
        state = "kept" if self.cached else "to build"
        follows = ""
        if self.before and (self.changes or self.causes):
            where = "of the channel" if self.before.published else "of the store"
            follows = f", in the place of {self.before.filename} {where}"
        return f"{self.filename}: {state}{follows}"

    @property
    def lines(self) -> list[str]:
        """The answer in words, a line for each input that changed."""
        return [*filter(None, [self.verdict]), *map(str, self.changes), *map(str, self.causes)]

    @property
    def reason(self) -> str:
        """The answer in one line."""
        first, *others = self.lines
        return f"{first} (and {len(others)} more)" if others else first

    def as_json(self) -> dict[str, Any]:
        """The answer as `json.dumps` takes it."""
        before = self.before
        return {
            "node": self.node,
            "package": self.package,
            "filename": self.filename,
            "key": self.key,
            "state": "kept" if self.cached else "to build",
            "follows": before and {"filename": before.filename, "published": before.published},
            "verdict": self.verdict,
            "changes": [vars(change) for change in self.changes],
            "causes": [
                {"path": cause.path, "changes": [vars(change) for change in cause.changes]}
                for cause in self.causes
            ],
        }


def explain(
    node: Node,
    graph: Graph,
    before: Predecessor | None,
    recall: Recall,
    *,
    cached: bool,
    brief: bool = False,
) -> Why:
    """Why a node is to be built, or was.

    `before` is the artifact it succeeds; it may be the node's own. With `brief`, dependencies are
    followed only for a node with no other input that changed, and to the first cause: a plan
    asks for every node.
    """
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    verdict = ""
    if before is None:
        verdict = "nothing changed: it is there" if cached else "never built"
    elif before.artifact == node.artifact:
        verdict = "nothing changed: it is there"
        if not cached:
            verdict = "nothing changed, but the store does not have it any more"
    elif before.artifact.startswith(f"{node.key}-"):
        verdict = f"nothing changed but its number: the channel has another {before.filename}"
    elif before.inputs is None:
        verdict = f"what {before.filename} was built from is no longer in the store"
    else:
        changes = compare(before.inputs, node.inputs)
        if before.inputs["format"] == node.inputs["format"] and not (brief and changes):
            found = find_causes(node, graph, before.inputs, recall)
            causes = tuple(islice(found, 1) if brief else found)
        if not changes and not causes:
            changes = dependencies(before.inputs, node.inputs)
        if not changes and not causes:
            found = find_causes(node, graph, before.inputs, recall, own=_own_dependencies)
            causes = tuple(islice(found, 1) if brief else found)
        if not changes and not causes:
            verdict = "something that it is built with changed"
    return Why(
        node=node.id,
        package=node.output.name,
        filename=node.filename,
        key=node.key,
        cached=cached,
        before=before,
        changes=changes,
        causes=causes,
        verdict=verdict,
    )


def find_causes(
    node: Node, graph: Graph, old: Inputs, recall: Recall, own: Own | None = None
) -> Iterator[Cause]:
    """The dependencies in which a change began, each once, by the shortest way to it.

    `own` tells what changed of a dependency itself: its inputs, when it is not given.

    What changed for all packages alike, such as the image, is no cause: it is an input of the
    node itself.
    """
    common = {(change.input, change.words) for change in compare(old, node.inputs)}
    seen: set[str] = set()
    # With each, the dependencies that what has it in its environments had before.
    queue: deque[tuple[str, tuple[str, ...], Mapping[str, str]]] = deque(
        (id_, (), old["dependencies"]) for id_ in node.uses
    )
    while queue:
        id_, path, had = queue.popleft()
        if id_ in seen:
            continue
        seen.add(id_)
        dependency = graph.nodes[id_]
        before = _counterpart(dependency, had, graph)
        if before is None or before == dependency.artifact:
            continue  # what is new is named by the requirement that brought it
        path = (*path, f"{dependency.output.name} {dependency.output.version}")
        inputs = recall(before)
        changes = (own or _own)(dependency, before, inputs)
        told = tuple(c for c in changes if (c.input, c.words) not in common)
        if told:
            yield Cause(path=path, changes=told)
        queue.extend((below, path, had) for below in dependency.runs)
        if inputs:
            queue.extend((below, path, inputs["dependencies"]) for below in dependency.uses)


def _own(node: Node, before: str, inputs: Inputs | None) -> tuple[Change, ...]:
    """What changed of a dependency itself since it was the artifact `before`."""
    if before.startswith(f"{node.key}-"):
        words = f"{before.rpartition('-')[2]} -> {node.number}"
        return (Change(input="build number", old=before, new=node.artifact, words=words),)
    if inputs is None:
        words = "what it was is no longer in the store"
        return (Change(input="all of it", old=before, new=node.artifact, words=words),)
    return compare(inputs, node.inputs)


def _own_dependencies(node: Node, before: str, inputs: Inputs | None) -> tuple[Change, ...]:
    """The packages that a dependency itself was built with and is not any more, or the reverse."""
    return dependencies(inputs, node.inputs) if inputs else ()


def _counterpart(node: Node, had: Mapping[str, str], graph: Graph) -> str | None:
    """The artifact in whose place a node is, among those there were (id -> artifact)."""
    if node.id in had:
        return had[node.id]
    # With another version, or other variants in its build string; what is still planned
    # beside the node did not become it.
    same = [
        artifact
        for id_, artifact in had.items()
        if id_.rsplit("-", 2)[0] == node.output.name
        and (id_ not in graph.nodes or graph.nodes[id_].artifact != artifact)
    ]
    return same[0] if len(same) == 1 else None
