"""What was built before: which artifact a planned node succeeds, and what it was made from."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rootstock.build.artifact import RECORD
from rootstock.build.job import kept_inputs
from rootstock.plan.graph import Graph, Node, Published, filename
from rootstock.plan.why import Before, Inputs, Why, explain
from rootstock.store import Store

# The variant values that make packages of one name different ones (`Cell.variant`): that of
# another Python is no predecessor.
_APART = ("root_version", "cpython", "python")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An artifact by its record; `time` is when it was built, in seconds since 1970."""

    folder: Path
    name: str
    filename: str
    key: str
    time: float


class History:
    """The artifacts that a store has, and what is published, oldest first (file name -> key)."""

    def __init__(self, store: Store, published: Published) -> None:
        self._store = store
        self._published = published
        self._entries = sorted(entries(store), key=lambda entry: entry.time)

    def why(self, node: Node, graph: Graph, *, kept: bool) -> Why:
        """Why a node of a plan is to be built, or is there."""
        before = self._published_before(node, graph)
        if before is None and not kept:
            before = self._newest(
                [e for e in self._entries if e.name == node.output.name], node, graph
            )
        return explain(node, graph, before, self._recall, kept=kept)

    def _recall(self, artifact: str) -> Inputs | None:
        return kept_inputs(self._store.artifact(artifact))

    def _published_before(self, node: Node, graph: Graph) -> Before | None:
        """What is published in the place of a node: under its name, else for its variant."""
        for number in (node.number, node.number - 1):
            name = filename(node.output, number)
            if number >= 0 and (key := self._published.get(name)):
                return self._before(name, f"{key}-{number}", published=True)
        known = {(entry.filename, entry.key): entry for entry in self._entries}
        held = (known.get(pair) for pair in self._published.items())
        candidates = [entry for entry in held if entry and entry.name == node.output.name]
        return self._newest(candidates, node, graph, published=True)

    def _newest(
        self, entries: list[Entry], node: Node, graph: Graph, *, published: bool = False
    ) -> Before | None:
        """The last of the entries that a node succeeds, best one with its own variant."""
        others = {planned.artifact for planned in graph.nodes.values() if planned.id != node.id}
        best: tuple[bool, Before] | None = None
        for entry in entries:
            before = self._before(entry.filename, entry.folder.name, published=published)
            if before.artifact in others or before.inputs is None:
                continue
            variant: Mapping[str, str] = before.inputs["variant"]
            own = node.output.variant
            if any(variant.get(name) != own.get(name) for name in _APART):
                continue
            same = variant == own
            if best is None or same >= best[0]:
                best = same, before
        return best[1] if best else None

    def _before(self, name: str, artifact: str, *, published: bool) -> Before:
        inputs = self._recall(artifact)
        return Before(filename=name, artifact=artifact, published=published, inputs=inputs)


def entries(store: Store) -> Iterator[Entry]:
    """The artifacts of a store by their records alone: what is damaged is not looked at."""
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
