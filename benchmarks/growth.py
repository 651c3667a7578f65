"""How the time to plan grows with the number of packages.

    python benchmarks/growth.py                 10, 100, 1,000 and 10,000 packages
    python benchmarks/growth.py 500 --profile   where the time goes

Each package is a recipe of its own on disk, which is really rendered; the store is empty, and so
is the channel. Every plan is a process of its own; the median of some turns counts. Time is that
of the processor, which other programs on the machine hardly change; `growth` is the time per
package against that of the size before.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import synthetic

from rootstock.core.checkout import Checkout
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.run import planning
from rootstock.run.request import Request

SIZES = (10, 100, 1_000, 10_000)


def plan(folder: Path, count: int) -> float:
    """Plan the checkout in a folder; the processor's seconds for it."""
    store = Store(folder / "store")
    store.prepare()
    request = Request(checkout=Checkout(folder / "checkout"), channel=folder / "channel")
    started = time.process_time()
    planned = planning.plan(request, store, silent)
    seconds = time.process_time() - started
    if len(planned.wanted) != count:
        sys.exit(f"{len(planned.wanted)} packages are planned, not {count}")
    return seconds


def measured(folder: Path, count: int) -> tuple[float, float]:
    """What `plan` returns in a process of its own, and megabytes of that process."""
    argv = [sys.executable, __file__, str(count), "--in", str(folder)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(status)
    return float(output), usage.ru_maxrss / 1000


def main() -> None:
    """Plan the sizes that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="SIZE")
    parser.add_argument("--turns", type=int, default=3, help="plans of each size, 3 if not given")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    # What a process of its own is started with.
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(plan(given.folder, given.sizes[0]))
        return
    print("| packages | seconds | ms per package | growth | MB |\n| --- | --- | --- | --- | --- |")
    before = 0.0
    for count in given.sizes:
        with tempfile.TemporaryDirectory(prefix="rootstock-growth-") as name:
            folder = Path(name)
            synthetic.write(folder / "checkout", synthetic.layers(count))
            if given.profile:
                profile = cProfile.Profile()
                profile.runcall(plan, folder, count)
                pstats.Stats(profile).sort_stats("cumulative").print_stats(40)
                continue
            turns = [measured(folder, count) for _ in range(given.turns)]
        seconds = statistics.median(turn[0] for turn in turns)
        each = 1000 * seconds / count
        growth = f"{each / before:.2f}" if before else ""
        memory = max(turn[1] for turn in turns)
        print(f"| {count:,} | {seconds:.2f} | {each:.2f} | {growth} | {memory:.0f} |", flush=True)
        before = each


if __name__ == "__main__":
    main()
