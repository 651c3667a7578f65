"""Finds the cells that a change affects: those with other build keys than at a git revision.

The revision's own program computes its keys from its own recipes, in a scratch folder. So a change
to how keys are computed counts for every key that it changes. The program runs with today's
dependencies. Only the builder's version is in a key, so another one affects every cell.
"""

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.errors import MachineError, UsageError
from rootstock.core.store import Store
from rootstock.plan.graph import Graph
from rootstock.run.request import Request

# The first argument is the folder of a revision's program. If a checkout has recipes and no
# program, the present program runs.
_PROGRAM = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module("rootstock", run_name="__main__", alter_sys=True)
"""
_TIMEOUT = 120.0  # seconds to plan the whole matrix, which takes one or two
_BUILDER = re.compile(r"^py-rattler-build==\S+", re.MULTILINE)


class NoKeysError(Exception):
    """A revision whose keys cannot be computed, and why. Then every cell counts as changed."""


def cell_keys(graph: Graph) -> dict[str, str]:
    """Return the key of each cell, by its id: sha256 over the build keys of all it installs."""
    return {
        cell: hashlib.sha256(
            "\n".join(sorted(graph.nodes[id_].key for id_ in ids)).encode()
        ).hexdigest()
        for cell, ids in graph.cells.items()
    }


def keys_at(revision: str, request: Request, store: Store) -> Mapping[str, str]:
    """Return the keys of all cells of a checkout at a git revision, by id.

    The options that are in keys (profile, level, channel, relock) are those of `request`.

    Raises `UsageError` if git does not know the revision, `MachineError` without git, and
    `NoKeysError` if the revision's recipes or program give no keys.
    """
    checkout = request.checkout.root
    commit = _commit(revision, checkout)
    with store.scratch("revision") as scratch:
        archive, then = scratch / "tree.tar", scratch / "tree"
        then.mkdir()
        _must(["git", "-C", checkout, "archive", f"--output={archive}", commit])
        _must(["tar", "-xf", archive, "-C", then])
        if builder_version(Checkout(then)) != builder_version(request.checkout):
            raise NoKeysError("py-rattler-build was another version")
        words = ["build", "--list", "--json", "--checkout", str(then)]
        words += ["--channel", str(request.channel.absolute())]
        words += ["--profile", request.profile, "--level", str(request.level)]
        words += ["--relock"] if request.relock else []
        argv = [sys.executable, "-I", "-c", _PROGRAM, str(then / "src"), *words]
        done = process.run(argv, timeout=_TIMEOUT)
        try:
            return {cell["id"]: cell["key"] for cell in json.loads(done.output)["cells"]}
        except (ValueError, KeyError) as error:
            raise NoKeysError(_reason(done) or "its rootstock prints no keys") from error


def _commit(revision: str, checkout: Path) -> str:
    """Return the commit of a revision."""
    words = ["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"]
    found = process.run(["git", "-C", checkout, *words])
    if found.code:
        raise UsageError(
            f"{revision} is not a revision of {checkout} (git: {found.output.strip()})",
            "Give a commit, branch or tag that this clone has. If the clone is shallow, run "
            "git fetch --unshallow first.",
        )
    return found.output.strip()


def _must(argv: Sequence[str | Path]) -> None:
    done = process.run(argv)
    if done.code:
        raise MachineError(f"{argv[0]} failed: {done.output.strip()}")


def _reason(done: process.Completed) -> str:
    """Return the reason that a failed program printed: its error, or the end of its trace."""
    lines = done.output.strip().splitlines() if done.code else []
    errors = [line for line in lines if line.startswith("error: ")]
    return (errors[:1] or lines[-1:] or [""])[0]


def builder_version(checkout: Checkout) -> str:
    """Return the builder's version in the lock of a checkout; empty if it has none."""
    lock = checkout.requirements
    found = _BUILDER.search(lock.read_text()) if lock.exists() else None
    return found[0] if found else ""
