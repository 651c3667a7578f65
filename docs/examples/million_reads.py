"""An array of a tree read a million times, event by event, in memory that does not grow.

ROOT's own PyROOT leaves some 270 bytes behind at each read; that of this channel nothing.

    python million_reads.py         makes arrays.root and, where matplotlib is, million_reads.png
    python million_reads.py 50000   reads 50,000 times instead
"""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import ROOT

READS, ENTRIES = 1_000_000, 1000
LEFT = 270  # bytes at each read


def resident():
    """The memory that this process holds, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def write(path):
    """Write a tree with an array in each entry, which has the entry's number in it."""
    with ROOT.TFile.Open(path, "recreate"):
        tree = ROOT.TTree("tree", "An array in each entry")
        values = np.zeros(100, np.float32)
        tree.Branch("arr", values, "arr[100]/F")
        for number in range(ENTRIES):
            values[:] = number
            tree.Fill()
        tree.Write()


def read(path, reads):
    """Read the array so many times; return by how many MB the memory had grown at each 100th."""
    grown = np.zeros(100)
    with ROOT.TFile.Open(path) as file:
        tree = file["tree"]
        total = 0.0
        for number in range(-10 * ENTRIES, reads):
            if number == 0:  # what is made once has been made by now
                before, total = resident(), 0.0
            tree.GetEntry(number % ENTRIES)
            total += tree.arr[99]
            if number >= 0 and (number + 1) % (reads // 100) == 0:
                grown[number // (reads // 100)] = resident() - before
    assert total == sum(number % ENTRIES for number in range(reads)), "other values were read"
    return grown


def draw(grown, reads, axes):
    """Draw the memory over the reads."""
    at = np.arange(1, 101) * (reads // 100)
    axes.plot(
        at,
        at * LEFT / 1e6,
        "--",
        color="C1",
        label=f"{LEFT} bytes a read, as ROOT's own PyROOT leaves",
    )
    axes.plot(at, grown, color="C0", linewidth=2, label="PyROOT of this channel, measured")
    axes.set(xlabel="Reads of an array", ylabel="Growth of the memory (MB)")
    axes.set(xlim=(0, reads), ylim=(-0.05 * at[-1] * LEFT / 1e6, None))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.3)
    axes.legend()


if __name__ == "__main__":
    reads = int(sys.argv[1]) if len(sys.argv) > 1 else READS
    write("arrays.root")
    grown = read("arrays.root", reads)
    if importlib.util.find_spec("matplotlib"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        draw(grown, reads, figure.subplots())
        figure.savefig("million_reads.png", dpi=110)
    assert grown.max() < 10, f"{reads} reads: the memory grew by {grown.max():.1f} MB"
    print(f"{reads} reads: the memory grew by {grown[-1]:.1f} MB")
