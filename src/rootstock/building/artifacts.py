"""The artifacts of nodes in the store: which are there, and how one gets there."""

from pathlib import Path

from rootstock.building.artifact import Artifact, load
from rootstock.core import store as places
from rootstock.core.errors import Damaged
from rootstock.core.store import Store
from rootstock.plan.graph import Node


def folder_of(node: Node, store: Store) -> Path:
    """Where the store has, or would have, the artifact of a node."""
    return store.artifact(node.artifact)


def find_cached(node: Node, store: Store) -> Artifact | None:
    """The artifact of a node, or None when the store does not have it.

    Raises `Damaged` when what the store has is not whole, or not what the node is.
    """
    artifact = load(folder_of(node, store))
    if artifact is None:
        return None
    output = node.output
    is_ = (artifact.key, artifact.filename, artifact.name, artifact.version, artifact.build)
    must = (node.key, node.filename, output.name, output.version, node.build)
    if (*is_, artifact.subdir, artifact.scope) != (*must, output.subdir, node.scope):
        raise Damaged(folder_of(node, store), "its record is not that of the package")
    return artifact


def publish(ready: Path, node: Node, store: Store) -> Artifact:
    """Move a finished artifact to its place; one that is there and damaged is removed first."""
    place = folder_of(node, store)

    def is_whole() -> bool:
        try:
            return find_cached(node, store) is not None
        except Damaged:
            return False

    store.discard(place, is_whole)
    places.publish(ready, place)
    stored = load(place)
    assert stored is not None, "it was put there just now"
    return stored
