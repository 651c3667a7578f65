"""Measure the audit of wheels against auditwheel's, in turns, and compare what both find.

    python benchmarks/audit.py WHEEL...

auditwheel is installed into a temporary environment. Both are whole processes, and both unpack the
wheel. It prints the median seconds of the turns, and the glibc that each says the wheel needs. A
turn of auditwheel with ROOT's wheel takes more than a minute.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

AUDITWHEEL = "auditwheel==6.8.1"


def rootstock(wheel: Path) -> str:
    """The glibc that the wheel needs by `rootstock audit`."""
    words: list[str | Path] = [sys.executable, "-I", "-m", "rootstock", "audit", wheel, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    [audited] = json.loads(done.stdout)["audited"]
    return str(audited["proven"])


def auditwheel(python: Path, wheel: Path) -> str:
    """The glibc that the wheel needs by `auditwheel show`, from its versioned symbols."""
    words: list[str | Path] = [python, "-m", "auditwheel", "show", wheel]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = [tuple(map(int, one.split("."))) for one in re.findall(r"GLIBC_(\d[\d.]*)", shown)]
    return ".".join(map(str, max(found, default=())))


def timed(ask: Callable[[], str]) -> tuple[float, str]:
    """Seconds, and the answer."""
    started = time.monotonic()
    answer = ask()
    return time.monotonic() - started, answer


def compare(wheel: Path, python: Path, turns: int) -> Sequence[str]:
    """A row of the table."""
    pairs = []
    for turn in range(turns + 1):  # the first fills the system's caches
        if turn % 2:
            ours, theirs = timed(lambda: rootstock(wheel)), timed(lambda: auditwheel(python, wheel))
        else:
            theirs, ours = timed(lambda: auditwheel(python, wheel)), timed(lambda: rootstock(wheel))
        pairs.append((ours, theirs))
    own, other = (statistics.median(pair[side][0] for pair in pairs[1:]) for side in (0, 1))
    ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs[1:])
    (_, proven), (_, needed) = pairs[-1]
    return wheel.name, f"{own:.2f}", f"{other:.2f}", f"{ratio:.2f}", proven, needed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("wheels", nargs="+", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rootstock-auditwheel-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", AUDITWHEEL], check=True)
        print("| wheel | rootstock, s | auditwheel, s | ratio | glibc | by auditwheel |")
        print("|---|---|---|---|---|---|")
        for wheel in asked.wheels:
            print(f"| {' | '.join(compare(wheel, python, asked.turns))} |", flush=True)


if __name__ == "__main__":
    main()
