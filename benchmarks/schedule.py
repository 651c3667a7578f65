"""How long many builds take together, against the least they could.

    python benchmarks/schedule.py real       small real builds, with 1 and 2 workers
    python benchmarks/schedule.py simulated  this checkout's recipes, with 1 to 64 workers
    python benchmarks/schedule.py plot FILE  the same as a picture (SVG)

The least is the longer of two: the longest chain of builds, and all work divided by the workers.
`real` takes two minutes and uses a store of its own, with the images of the user's. The others
take what recorded builds took (ci/durations.json) and play them through the code that decides in
a real run; memory is no limit there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from math import log2
from pathlib import Path

import synthetic

from rootstock.building import costs
from rootstock.building.costs import Cost
from rootstock.building.order import Capacity, ReadyQueue, makespan, simulate
from rootstock.core.checkout import Checkout
from rootstock.core.progress import silent
from rootstock.core.store import Store, locate
from rootstock.run import planning
from rootstock.run.request import Request

WORKERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
# Chains of different lengths that meet, some of them sleeping and some working: (needs, seconds).
SHAPE: Mapping[str, tuple[Sequence[str], float]] = {
    "libc": ((), 3), "tools": ((), 2), "zlib": (("libc",), 4), "ssl": (("libc", "tools"), 12),
    "xml": (("libc",), 3), "lang": (("zlib", "ssl"), 9), "core": (("zlib", "xml"), 10),
    "bindings": (("lang", "core"), 5), "numbers": (("lang",), 4), "docs": (("tools",), 8),
    "root": (("bindings", "numbers", "docs"), 2),
}  # fmt: skip
SLEEP = "sleep {seconds}"
WORK = "end=$(($(date +%s%N)+{seconds}000000000)); while [ $(date +%s%N) -lt $end ]; do :; done"


def row(*cells: str) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def bound(queue: ReadyQueue, workers: int) -> float:
    """The seconds below which no schedule can be."""
    work = sum(queue.costs[id_].seconds for id_ in queue.left)
    return max(queue.critical, work / workers)


def real(folder: Path) -> None:
    """Build the shape with sleeping and with working scripts."""
    needs = {name: names for name, (names, _) in SHAPE.items()}
    row("builds", "workers", "seconds", "longest chain", "work / workers", "seconds / bound")
    row(*["---"] * 6)
    for kind, script in (("sleeping", SLEEP), ("working", WORK)):
        scripts = {name: script.format(seconds=seconds) for name, (_, seconds) in SHAPE.items()}
        checkout = synthetic.write(folder / kind, needs, scripts)
        seed = {name: {"seconds": seconds} for name, (_, seconds) in SHAPE.items()}
        (checkout / "ci/durations.json").write_text(json.dumps(seed))
        for workers in (1, 2):
            home = folder / f"{kind} {workers}"
            home.mkdir()
            (home / "images").symlink_to(locate().root / "images")
            took, spans = build(checkout, home, workers)
            own = {name: Cost(seconds=end - begin) for name, (begin, end) in spans.items()}
            queue = ReadyQueue(needs, own)
            work = sum(cost.seconds for cost in own.values()) / workers
            row(
                kind,
                str(workers),
                f"{took:.1f}",
                f"{queue.critical:.1f}",
                f"{work:.1f}",
                f"{took / bound(queue, workers):.3f}",
            )


def build(checkout: Path, home: Path, workers: int) -> tuple[float, dict[str, tuple[float, float]]]:
    """Build a checkout; the seconds of its builds together, and by package when each ran."""
    argv = [sys.executable, "-I", "-m", "rootstock", "audit", "-j", str(workers)]
    argv += ["--checkout", str(checkout), "--channel", str(home / "channel")]
    env = {**os.environ, "ROOTSTOCK_HOME": str(home)}
    running = subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    begun: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    lines = []
    for line in running.stderr:
        lines.append(line)
        words = line.partition("]")[2].split(maxsplit=2)
        if len(words) == 3 and words[0] == "build" and words[1].endswith(":"):
            name = words[1].split("-1.0-")[0]
            if words[2].startswith("begins"):
                begun[name] = time.monotonic()
            elif words[2].startswith("done"):
                spans[name] = (begun[name], time.monotonic())
    if len(spans) != len(SHAPE):
        sys.exit("".join(lines))
    running.wait()
    first, last = min(begun.values()), max(end for _, end in spans.values())
    return last - first, spans


def recorded() -> ReadyQueue:
    """All of this checkout's matrix, as if nothing were built, at what builds have cost."""
    request = Request(checkout=Checkout(synthetic.CHECKOUT), channel=Path("nowhere"))
    with tempfile.TemporaryDirectory(prefix="rootstock-simulate-") as folder:
        empty = Store(Path(folder))
        empty.prepare()
        planned = planning.plan(request, empty, silent)
    seed = synthetic.CHECKOUT / "ci/durations.json"
    known = costs.load(seed, listen=silent)
    names = {id_: planned.graph.nodes[id_].output.name for id_ in planned.wanted}
    return ReadyQueue(planned.wanted, costs.estimate(names, known))


def points(queue: ReadyQueue) -> list[tuple[int, float, float]]:
    """For each number of workers the seconds all builds take, and their bound."""
    return [
        (
            workers,
            makespan(simulate(queue, {}, Capacity(workers=workers, memory=float("inf")))),
            bound(queue, workers),
        )
        for workers in WORKERS
    ]


def simulated(queue: ReadyQueue) -> None:
    """Print the table of the simulation."""
    print(f"{len(queue.left)} builds, longest chain {queue.critical:.0f} s\n")
    row("workers", "seconds", "bound", "seconds / bound", "faster than one")
    row(*["---"] * 5)
    table = points(queue)
    for workers, took, least in table:
        faster = f"{table[0][1] / took:.2f}"
        row(str(workers), f"{took:.0f}", f"{least:.0f}", f"{took / least:.3f}", faster)


def plot(queue: ReadyQueue, file: Path) -> None:
    """Draw the simulation: seconds over workers, both in powers of two, and the bound."""
    table = points(queue)
    left, top, width, height = 70.0, 40.0, 540.0, 300.0
    steps = [1, 2, 4, 8, 16, 32, 64]
    most, least = table[0][1], min(low for _, _, low in table)
    ticks = [60 * 2**n for n in range(12) if least / 2 <= 60 * 2**n <= most * 2]
    low, high = ticks[0], ticks[-1]

    def at(workers: float, seconds: float) -> str:
        x = left + width * log2(workers) / log2(WORKERS[-1])
        y = top + height * (1 - log2(seconds / low) / log2(high / low))
        return f"{x:.1f},{y:.1f}"

    def text(place: str, words: str, anchor: str, move: str = "0,0") -> str:
        (x, y), (dx, dy) = place.split(","), move.split(",")
        at_ = f'x="{float(x) + float(dx):.1f}" y="{float(y) + float(dy):.1f}"'
        return f'<text {at_} text-anchor="{anchor}">{words}</text>'

    def line(points_: Sequence[str], style: str) -> str:
        return f'<polyline points="{" ".join(points_)}" fill="none" {style}/>'

    parts = ['<rect width="640" height="400" fill="white"/>']
    grey = 'stroke="#ddd"'
    for step in steps:
        parts.append(line([at(step, low), at(step, high)], grey))
        parts.append(text(at(step, low), str(step), "middle", "0,18"))
    for tick in ticks:
        parts.append(line([at(1, tick), at(64, tick)], grey))
        parts.append(text(at(1, tick), f"{tick // 60} min", "end", "-8,4"))
    dashed = 'stroke="#888" stroke-dasharray="5 4" stroke-width="1.5"'
    parts.append(line([at(workers, least) for workers, _, least in table], dashed))
    solid = 'stroke="#06c" stroke-width="2.5"'
    parts.append(line([at(workers, took) for workers, took, _ in table], solid))
    for workers, took, _ in table:
        x, y = at(workers, took).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="#06c"/>')
    title = f"{len(queue.left)} packages of the whole matrix, from nothing"
    parts.append(text("340,24", title, "middle"))
    parts.append(text("340,385", "builds at a time", "middle"))
    parts.append(text("600,66", "solid: simulated from recorded durations", "end"))
    parts.append(text("600,84", "dashed: no schedule is faster", "end"))
    style = 'font-family="sans-serif" font-size="13" fill="#222"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" {style}>'
    file.write_text("\n".join([head, *parts, "</svg>"]) + "\n")


def main() -> None:
    """Run the measurement that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("real", "simulated", "plot"))
    parser.add_argument("file", nargs="?", type=Path, help="the picture that is drawn")
    given = parser.parse_args()
    if given.what == "real":
        with tempfile.TemporaryDirectory(prefix="rootstock-schedule-") as folder:
            real(Path(folder))
    elif given.what == "simulated":
        simulated(recorded())
    elif given.file is None:
        parser.error("plot needs the name of a file")
    else:
        plot(recorded(), given.file)


if __name__ == "__main__":
    main()
