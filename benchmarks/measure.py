"""Measure what docs/benchmarks.md reports; each measurement prints its rows as Markdown.

    python benchmarks/measure.py cold         from nothing: one cell, then a second Python on top
    python benchmarks/measure.py warm         nothing to do, after a build into ./channel
    python benchmarks/measure.py environment  an environment with root, against pip install root
    python benchmarks/measure.py sizes        packages of the channel, at zstd 9 and 19

`cold` needs 15 GB and some 20 minutes. It uses a store of its own, which is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import zstandard

CHECKOUT = Path(__file__).resolve().parents[1]
BUILD = [sys.executable, str(CHECKOUT / "scripts/build.py")]
ROOTSTOCK = [sys.executable, "-I", "-m", "rootstock"]
CELL = ["--root", "6", "--py", "3.11"]
PIP = ["root==0.1a12", "numpy==2.4.6"]


def row(what: str, *values: str) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join((what, *values)) + " |", flush=True)


def timed(argv: Sequence[str], env: dict[str, str] | None = None) -> tuple[float, int]:
    """Seconds and peak memory in bytes (of the largest process) of a command that succeeds."""
    started = time.monotonic()
    process = subprocess.Popen(
        argv, env=env, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status:
        sys.exit(f"{' '.join(argv)} failed:\n{told.decode()}")
    return seconds, usage.ru_maxrss * 1024


def median(what: str, run: Callable[[], float], times: int) -> float:
    """Run something several times and print its median, least and most seconds."""
    seconds = [run() for _ in range(times)]
    middle = statistics.median(seconds)
    row(what, f"{middle:.2f} s", f"{min(seconds):.2f}-{max(seconds):.2f} s")
    return middle


def cold() -> None:
    """From an empty store to a proven channel, then a second Python."""
    with tempfile.TemporaryDirectory(prefix="rootstock-cold-", dir=CHECKOUT) as folder:
        env = {**os.environ, "ROOTSTOCK_HOME": f"{folder}/store"}
        channel = ["--channel", f"{folder}/channel"]
        row("from an empty store", "seconds", "of it sources and images")
        row("---", "---", "---")
        for words in (CELL, ["--root", "6", "--py", "3.13"]):
            seconds, _ = timed([*BUILD, *words, *channel], env)
            run = max((Path(folder) / "store/runs").iterdir())
            stages = json.loads((run / "report.json").read_text())["stages"]
            row("`" + " ".join(words) + "`", f"{seconds:.0f}", f"{stages['sources']:.0f}")


def warm() -> None:
    """Nothing to do."""
    row("nothing to do", "median", "range")
    row("---", "---", "---")
    peaks = []

    def once() -> float:
        seconds, peak = timed([*BUILD, *CELL])
        peaks.append(peak)
        return seconds

    once()
    median("`scripts/build.py " + " ".join(CELL) + "`", once, 7)
    row("largest process", f"{max(peaks) / 1e6:.0f} MB", "")


def environment() -> None:
    """An environment from a warm package cache against pip from a warm cache, in turns."""
    with tempfile.TemporaryDirectory(prefix="rootstock-env-") as folder:
        room = Path(folder)
        pip_env = {**os.environ, "PIP_CACHE_DIR": f"{folder}/pip"}
        ours: list[float] = []
        theirs: list[float] = []
        sizes = (0, 0)
        for turn in range(4):  # the first fills the caches
            prefix, venv = room / f"env{turn}", room / f"venv{turn}"
            seconds, _ = timed([*ROOTSTOCK, "env", str(prefix), "root", "python 3.11.*", "numpy"])
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *PIP]
            other, _ = timed(pip, pip_env)
            sizes = (_disk(prefix), _disk(venv))
            if turn:
                ours.append(seconds)
                theirs.append(other)
            shutil.rmtree(prefix)
            shutil.rmtree(venv)
        row("an environment with root", "rootstock env", "pip install root", "ratio")
        row("---", "---", "---", "---")
        mine, other = statistics.median(ours), statistics.median(theirs)
        row("seconds, warm cache", f"{mine:.1f}", f"{other:.1f}", f"{mine / other:.2f}")
        mb = [size / 1e6 for size in sizes]
        row("MB on disk", f"{mb[0]:.0f}", f"{mb[1]:.0f}", f"{mb[0] / mb[1]:.2f}")


def _disk(folder: Path) -> int:
    """Bytes of all files below a folder, each hard-linked one counted once."""
    seen: dict[int, int] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            seen[status.st_ino] = status.st_size
    return sum(seen.values())


def sizes() -> None:
    """The packages of ./channel at zstd 9 and 19."""
    row("package", "MB", "MB at zstd 9", "s", "MB at zstd 19", "s")
    row(*["---"] * 6)
    for path in sorted((CHECKOUT / "channel/linux-64").glob("*.conda")):
        if not path.name.startswith(("root", "pyroot", "python-")):
            continue
        with zipfile.ZipFile(path) as archive:
            [member] = (name for name in archive.namelist() if name.startswith("pkg-"))
            with archive.open(member) as packed:
                data = zstandard.ZstdDecompressor().stream_reader(packed).read()
        cells = [f"{path.stat().st_size / 1e6:.2f}"]
        for level in (9, 19):
            started = time.monotonic()
            size = len(zstandard.ZstdCompressor(level=level, threads=2).compress(data))
            cells += [f"{size / 1e6:.2f}", f"{time.monotonic() - started:.1f}"]
        row(path.name, *cells)


def main() -> None:
    """Run the measurements that are named."""
    measurements = {f.__name__: f for f in (cold, warm, environment, sizes)}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="+", choices=measurements)
    for name in parser.parse_args().what:
        measurements[name]()


if __name__ == "__main__":
    main()
