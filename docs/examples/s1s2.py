"""The plot that a mini-tree is made for: S2 over S1 of every event.

python s1s2.py          makes events.root, unless it is there, and s1s2.png
"""

from pathlib import Path

import events
import minitrees
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure


class Corrected(minitrees.Basics):
    """S2 as it was before electrons got lost on their way to the gas; in PE."""

    __version__ = 1  # to be raised with that of Basics, too
    electron_lifetime = 600.0  # µs

    def extract_data(self, events):
        basics = super().extract_data(events)
        return {"cs2": basics["s2"] * np.exp(basics["drift_time"] / self.electron_lifetime)}


def draw(frame, axes):
    """Draw a two-dimensional histogram of the mini-tree."""
    s1, cs2 = np.geomspace(2, 1e4, 121), np.geomspace(2e2, 2e5, 101)
    counts, _, _ = np.histogram2d(frame.s1, frame.cs2, (s1, cs2))
    mesh = axes.pcolormesh(
        s1, cs2, np.ma.masked_equal(counts.T, 0), norm=LogNorm(), cmap="viridis", rasterized=True
    )
    axes.set(xscale="log", yscale="log", xlabel="S1 (PE)", ylabel="S2, corrected (PE)")
    axes.annotate(
        r"$^{83\mathrm{m}}$Kr, 41.5 keV",
        (380, 5.5e3),
        (700, 1.8e3),
        arrowprops={"arrowstyle": "->"},
    )
    axes.grid(alpha=0.3)
    axes.figure.colorbar(mesh, ax=axes, label="Events per bin")


if __name__ == "__main__":
    if not Path("events.root").exists():
        events.write_tree(events.generate(20_000), "events.root")
    frame = minitrees.load(["events.root"], [minitrees.Basics, Corrected])
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    draw(frame, figure.subplots())
    figure.savefig("s1s2.png", dpi=120)
    print(f"s1s2.png: {len(frame)} events")
