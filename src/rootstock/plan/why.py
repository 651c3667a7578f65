"""Explains why a package is built: which inputs of its build key changed.

It compares the result of `key.key_inputs` for the planned node with that of the artifact that it
replaces. It follows a changed dependency down to the package in which the change began.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rootstock.plan.changes import InputChange, Inputs, compare, dependencies
from rootstock.plan.graph import Graph, Node

# Returns the inputs of an artifact by its name in the store, or None when it is gone.
Recall = Callable[[str], Inputs | None]
# Returns what changed of a node itself, since it was an artifact with these inputs.
Own = Callable[[Node, str, Inputs | None], tuple[InputChange, ...]]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A dependency in which a change began, and the path to it: package names, nearest first."""

    path: tuple[str, ...]
    changes: tuple[InputChange, ...]

    def __str__(self) -> str:
        first, *others = self.path
        because = ", ".join(("rebuilt", *(f"because of {name}" for name in others)))
        if not others:
            because += ", because"
        return f"dependency {first}: {because}: " + "; ".join(map(str, self.changes))


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """The artifact that a node replaces: its file, its name in the store, and its inputs.

    `published` is true when it is in the channel; `inputs` is None when the store no longer has
    them.
    """

    filename: str
    artifact: str
    published: bool
    inputs: Inputs | None


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a node is built or not. `cached` is true when the store has its artifact."""

    node: str
    package: str
    filename: str
    key: str
    cached: bool
    before: Predecessor | None
    changes: tuple[InputChange, ...] = ()
    causes: tuple[Cause, ...] = ()
    verdict: str = ""

    @property
    def title(self) -> str:
        """The package, its state, and the package that it is compared with."""
        state = "kept" if self.cached else "to build"
        follows = ""
        if self.before and (self.changes or self.causes):
            where = "of the channel" if self.before.published else "of the store"
            follows = f", replaces {self.before.filename} {where}"
        return f"{self.filename}: {state}{follows}"

    @property
    def lines(self) -> list[str]:
        """The explanation: a line for each input that changed."""
        return [*filter(None, [self.verdict]), *map(str, self.changes), *map(str, self.causes)]

    @property
    def reason(self) -> str:
        """The explanation in one line."""
        first, *others = self.lines
        return f"{first} (and {len(others)} more)" if others else first

    def as_json(self) -> dict[str, Any]:
        """The explanation as a JSON object."""
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
    """Explain why a node is built, or was.

    `before` is the artifact that it replaces; it may be the node's own. With `brief`, dependencies
    are followed only for a node without other changed inputs, and only to the first cause: a plan
    asks for every node.
    """
    changes: tuple[InputChange, ...] = ()
    causes: tuple[Cause, ...] = ()
    verdict = ""
    if before is None:
        verdict = "nothing changed: the store has it" if cached else "never built"
    elif before.artifact == node.artifact:
        verdict = "nothing changed: the store has it"
        if not cached:
            verdict = "nothing changed, but the store no longer has it"
    elif before.artifact.startswith(f"{node.key}-"):
        verdict = f"only its build number changed: the channel has another {before.filename}"
    elif before.inputs is None:
        verdict = f"the store no longer has the inputs of {before.filename}"
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
            verdict = "a dependency of its build changed"
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
    """Yield the dependencies in which a change began, each once, by the shortest path to it.

    `own` returns what changed of a dependency itself: by default, its inputs.

    A change to all packages alike, such as the image, is no cause: it is an input of the node
    itself.
    """
    common = {(change.input, change.words) for change in compare(old, node.inputs)}
    seen: set[str] = set()
    # With each, the former dependencies of the package whose environments it is in.
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
            continue  # the requirement that brought a new package names it
        path = (*path, f"{dependency.output.name} {dependency.output.version}")
        inputs = recall(before)
        changes = (own or _own)(dependency, before, inputs)
        changed = tuple(c for c in changes if (c.input, c.words) not in common)
        if changed:
            yield Cause(path=path, changes=changed)
        queue.extend((below, path, had) for below in dependency.runs)
        if inputs:
            queue.extend((below, path, inputs["dependencies"]) for below in dependency.uses)


def _own(node: Node, before: str, inputs: Inputs | None) -> tuple[InputChange, ...]:
    """Return what changed of a dependency itself since it was the artifact `before`."""
    if before.startswith(f"{node.key}-"):
        words = f"{before.rpartition('-')[2]} -> {node.number}"
        return (InputChange(input="build number", old=before, new=node.artifact, words=words),)
    if inputs is None:
        words = "its former inputs are no longer in the store"
        return (InputChange(input="everything", old=before, new=node.artifact, words=words),)
    return compare(inputs, node.inputs)


def _own_dependencies(node: Node, before: str, inputs: Inputs | None) -> tuple[InputChange, ...]:
    """Return the packages of one of a dependency's two builds that the other lacks."""
    return dependencies(inputs, node.inputs) if inputs else ()


def _counterpart(node: Node, had: Mapping[str, str], graph: Graph) -> str | None:
    """Return the artifact that a node replaces, among the former ones (id -> artifact)."""
    if node.id in had:
        return had[node.id]
    # It has another version, or other variants in its build string. A node that is still planned
    # beside this one is not its predecessor.
    same = [
        artifact
        for id_, artifact in had.items()
        if id_.rsplit("-", 2)[0] == node.output.name
        and (id_ not in graph.nodes or graph.nodes[id_].artifact != artifact)
    ]
    return same[0] if len(same) == 1 else None
