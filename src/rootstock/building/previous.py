"""Finds the artifact that a planned node replaces, and its inputs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rootstock.building.artifact import RECORD
from rootstock.building.job import stored_inputs
from rootstock.core.store import Store
from rootstock.plan.changes import Inputs
from rootstock.plan.graph import Graph, Node, Published, filename
from rootstock.plan.why import Predecessor, Why, explain
from rootstock.product.model import Product

_REMEMBERED = 2000  # inputs, of some ten kilobytes each


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An artifact by its record; `time` is that of its build, in seconds since 1970."""

    folder: Path
    name: str
    filename: str
    key: str
    time: float


class Previous:
    """The predecessors of the nodes of a plan.

    `published` are the files of the channel, oldest first (file name -> key). A package with other
    values of the product's axes, such as another Python, is no predecessor.
    """

    def __init__(self, store: Store, published: Published, graph: Graph, product: Product) -> None:
        self._store, self._published, self._graph = store, published, graph
        self._apart = product.variables
        known = sorted(entries(store), key=lambda entry: entry.time)
        held = {(entry.filename, entry.key): entry for entry in known}
        self._built = _by_name(known)
        self._visible = _by_name(held[pair] for pair in published.items() if pair in held)
        self._planned = {node.artifact: node.id for node in graph.nodes.values()}
        self._recall = lru_cache(_REMEMBERED)(self._read)

    def why(self, node: Node, *, cached: bool, brief: bool = False) -> Why:
        """Explain why a node of the plan is built or exists; `brief` is as in `explain`."""
        before = self._published_before(node)
        if before is None and not cached:
            before = self._newest(self._built, node, published=False)
        return explain(node, self._graph, before, self._recall, cached=cached, brief=brief)

    def _read(self, artifact: str) -> Inputs | None:
        return stored_inputs(self._store.artifact(artifact))

    def _published_before(self, node: Node) -> Predecessor | None:
        """Return the published predecessor of a node: by its name, else by its variant."""
        for number in (node.number, node.number - 1):
            name = filename(node.output, number)
            if number >= 0 and (key := self._published.get(name)):
                return self._before(name, f"{key}-{number}", published=True)
        return self._newest(self._visible, node, published=True)

    def _newest(
        self, known: Mapping[str, Sequence[Entry]], node: Node, *, published: bool
    ) -> Predecessor | None:
        """Return the last known predecessor of a node, if possible one with its own variant."""
        best: tuple[bool, Predecessor] | None = None
        for entry in known.get(node.output.name, ()):
            before = self._before(entry.filename, entry.folder.name, published=published)
            if self._planned.get(before.artifact, node.id) != node.id or before.inputs is None:
                continue
            variant: Mapping[str, str] = before.inputs["variant"]
            own = node.output.variant
            if any(variant.get(name) != own.get(name) for name in self._apart):
                continue
            same = variant == own
            if best is None or same >= best[0]:
                best = same, before
        return best[1] if best else None

    def _before(self, name: str, artifact: str, *, published: bool) -> Predecessor:
        inputs = self._recall(artifact)
        return Predecessor(filename=name, artifact=artifact, published=published, inputs=inputs)


def _by_name(known: Iterable[Entry]) -> dict[str, list[Entry]]:
    named: dict[str, list[Entry]] = {}
    for entry in known:
        named.setdefault(entry.name, []).append(entry)
    return named


def entries(store: Store) -> Iterator[Entry]:
    """Yield the artifacts of a store by their records alone, and skip damaged ones."""
    for path in store.artifact("*").parent.glob(f"*/{RECORD}"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            record = json.loads(path.read_text())
            yield Entry(
                folder=path.parent,
                name=record["name"],
                filename=record["path"],
                key=record["key"],
                time=path.stat().st_mtime,
            )
