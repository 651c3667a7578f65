"""Compare this checkout's speed with that of another, such as an older revision, in pairs.

    git worktree add ../before REVISION
    (cd ../before && ROOTSTOCK_HOME=STORE python3 scripts/build.py --root 6 --py 3.11)
    python3 scripts/build.py --root 6 --py 3.11
    python benchmarks/against.py ../before STORE

Both have built the same cell into their own ./channel, each with its own store, because their build
keys may differ. What is timed are whole processes: a build with nothing to do, and an environment
with root from a warm cache. Who begins a pair takes turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rootstock.core import process
from rootstock.core.store import locate

CHECKOUT = Path(__file__).resolve().parents[1]
CELL = ("--root", "6", "--py", "3.11")
PAIRS = 15


def seconds(checkout: Path, home: Path, *words: str | Path) -> float:
    """Time a command of a checkout's .venv."""
    program = checkout / ".venv/bin/rootstock"
    started = time.monotonic()
    done = process.run(
        [program, *words], cwd=checkout, env={**os.environ, "ROOTSTOCK_HOME": str(home)}
    )
    taken = time.monotonic() - started
    if done.code:
        sys.exit(f"{program} {words[0]} failed:\n{done.output}")
    return taken


def compare(what: str, own: Callable[[], float], other: Callable[[], float]) -> None:
    """Time two commands in turns, and print a row of a Markdown table."""
    pairs = []
    for turn in range(PAIRS + 1):  # the first pair warms the caches
        if turn % 2:
            mine, theirs = own(), other()
        else:
            theirs, mine = other(), own()
        pairs.append((mine, theirs))
    medians = [f"{statistics.median(times):.2f}" for times in zip(*pairs[1:], strict=True)]
    ratios = sorted(mine / theirs for mine, theirs in pairs[1:])
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    print(f"| {what} | {' | '.join(medians)} | {spread} |", flush=True)


def main() -> None:
    """Print the table of both commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="another checkout, which was built")
    parser.add_argument("home", type=Path, help="the store with which it was built")
    asked = parser.parse_args()
    other, home = asked.other.resolve(), asked.home.resolve()
    print(f"| median of {PAIRS} pairs | this, s | the other, s | ratio, median (range) |")
    print("|---|---|---|---|")

    def build(checkout: Path, store: Path) -> float:
        return seconds(checkout, store, "build", *CELL)

    compare(
        "a build with nothing to do",
        lambda: build(CHECKOUT, locate().root),
        lambda: build(other, home),
    )
    with tempfile.TemporaryDirectory(prefix="rootstock-env-", dir=locate().root) as folder:
        prefix = Path(folder) / "env"

        def environment(checkout: Path, store: Path) -> float:
            taken = seconds(checkout, store, "env", prefix, "root")
            shutil.rmtree(prefix)
            return taken

        compare(
            "an environment with root",
            lambda: environment(CHECKOUT, locate().root),
            lambda: environment(other, home),
        )


if __name__ == "__main__":
    main()
