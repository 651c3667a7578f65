"""Why a package is built: which inputs of its build key are not what they were before.

What is compared is what `key.key_inputs` gives: of the planned node, and of the artifact that it
succeeds. A dependency that changed is followed down to the package in which the change began.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from rootstock.plan.graph import Graph, Node

Inputs = Mapping[str, Any]
# The inputs of an artifact by its name in the store, or None when they are not there any more.
Recall = Callable[[str], Inputs | None]

_SHORT = 12  # digits of a hash that are shown
_WIDTH = 60  # characters of a value that are shown
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Change:
    """An input that changed: its name, what it was, what it is (None: not there), and in words."""

    input: str
    old: Any
    new: Any
    words: str

    def __str__(self) -> str:
        return f"{self.input}: {self.words}"


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
class Before:
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
    kept: bool
    before: Before | None
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    verdict: str = ""

    @property
    def title(self) -> str:
        """The package, its state, and what it is compared with."""
        state = "kept" if self.kept else "to build"
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
            "state": "kept" if self.kept else "to build",
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
    before: Before | None,
    recall: Recall,
    *,
    kept: bool,
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
        verdict = "nothing changed: it is there" if kept else "never built"
    elif before.artifact == node.artifact:
        verdict = "nothing changed: it is there"
        if not kept:
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
            changes = _dependencies(before.inputs, node.inputs)
    return Why(
        node=node.id,
        package=node.output.name,
        filename=node.filename,
        key=node.key,
        kept=kept,
        before=before,
        changes=changes,
        causes=causes,
        verdict=verdict,
    )


def compare(old: Inputs, new: Inputs) -> tuple[Change, ...]:
    """The inputs that differ, without the dependencies."""
    if old["format"] != new["format"]:
        words = f"{old['format']} -> {new['format']}"
        form = Change(input="form of build keys", old=old["format"], new=new["format"], words=words)
        return (form,)
    found = [
        *_of_recipe(old, new),
        *_of_sources(old["recipe"], new["recipe"]),
        *_of_files(old["files"], new["files"]),
        *_of_mapping("variant", old["variant"], new["variant"]),
        *_of_mapping("builder", old["builder"], new["builder"]),
    ]
    if old["image"] != new["image"]:
        found.append(_change("image", old["image"], new["image"]))
    return tuple(found)


def find_causes(node: Node, graph: Graph, old: Inputs, recall: Recall) -> Iterator[Cause]:
    """The dependencies in which a change began, each once, by the shortest way to it.

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
        changes = _own(dependency, before, inputs)
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


def _dependencies(old: Inputs, new: Inputs) -> tuple[Change, ...]:
    """The packages that were in the environments of one build and are not in the other's."""
    had, has = old["dependencies"], new["dependencies"]
    gone = [_change(f"dependency {id_}", had[id_], None) for id_ in had if id_ not in has]
    return (*gone, *(_change(f"dependency {id_}", None, has[id_]) for id_ in has if id_ not in had))


def _of_recipe(old: Inputs, new: Inputs) -> Iterator[Change]:
    without = ("source", "context")
    before, after = ({k: v for k, v in i["recipe"].items() if k not in without} for i in (old, new))
    found = list(_differences("recipe", before, after))
    if old["variant"] != new["variant"]:
        # The build string has a hash of the variant, and nothing else.
        found = [change for change in found if change.input != "recipe build.string"]
    told = [(change.old, change.new) for change in found]
    contexts = (i["recipe"].get("context", {}) for i in (old, new))
    for change in _differences("recipe context", *contexts):
        if (change.old, change.new) not in told:
            yield change
    yield from found


def _of_sources(old: Inputs, new: Inputs) -> Iterator[Change]:
    for one, other in zip_longest(old.get("source", ()), new.get("source", ())):
        before, after = _plain_source(one), _plain_source(other)
        name = (after or before)["name"]
        if before and after and before != after:
            yield from _of_mapping(f"source {name}", before, after)
        elif before != after:
            yield _change(f"source {name}", before or None, after or None)


def _plain_source(entry: Inputs | None) -> dict[str, Any]:
    """A source as built, with its file's name in the place of a URL that has its hash in it."""
    if entry is None:
        return {}
    name = str(entry.get("url", entry.get("path", ""))).rpartition("/")[2]
    return {"name": name, **{key: value for key, value in entry.items() if key != "url"}}


def _of_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        change = _change(f"file {name}", before, after)
        if before and after:
            words = f"changed ({_shown(before)} -> {_shown(after)})"
            if before.removesuffix(" x") == after.removesuffix(" x"):
                words = "is a program now" if after.endswith(" x") else "is no program any more"
            change = Change(input=change.input, old=before, new=after, words=words)
        yield change


def _of_mapping(what: str, old: Inputs, new: Inputs) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield _change(f"{what} {key}", old.get(key), new.get(key))


def _differences(what: str, old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """The smallest parts of two values that differ, by their place in it."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(what, old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif _are_lists(old, new) and not _are_texts(*old, *new):
        for index, (one, other) in enumerate(zip_longest(old, new)):
            yield from _differences(what, one, other, f"{path}[{index}]")
    else:
        yield _change(f"{what} {path}".strip(), old, new)


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list) for value in values)


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _change(what: str, old: Any, new: Any) -> Change:
    return Change(input=what, old=old, new=new, words=_words(old, new))


def _words(old: Any, new: Any) -> str:
    lists = [[] if value is None else value for value in (old, new)]
    if _are_lists(*lists) and _are_texts(*lists[0], *lists[1]):
        parts = [f"+ {text}" for text in lists[1] if text not in lists[0]]
        parts += [f"- {text}" for text in lists[0] if text not in lists[1]]
        return ", ".join(parts) or "in another order"
    if old is None:
        return f"new ({_shown(new)})"
    if new is None:
        return f"gone ({_shown(old)})"
    if isinstance(old, str) and isinstance(new, str):
        pairs = zip_longest(old.splitlines(), new.splitlines(), fillvalue="")
        old, new = next(((one, other) for one, other in pairs if one != other), (old, new))
        same = next(i for i, pair in enumerate(zip_longest(old, new)) if len(set(pair)) > 1)
        if max(len(old), len(new)) > _WIDTH and same > _WIDTH // 2:
            old, new = (f"...{text[same - _WIDTH // 4 :]}" for text in (old, new))
    return f"{_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    text = _HASH.sub(lambda match: match[0][:_SHORT], str(value))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
