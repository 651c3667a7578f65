"""The hits of one event: which channel saw how much light when, in each of its peaks.

python hits.py          makes events.root, unless it is there, and hits.png
"""

from pathlib import Path

import awkward as ak
import events
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

NAMES = {1: "S1", 2: "S2"}
CHANNELS = 248


def draw(event, figure):
    """Draw a panel for each peak of an event, in the order of their times."""
    peaks = event.peaks[ak.argsort(event.peaks.time)]
    every = ak.flatten(peaks.hits.area)
    norm = LogNorm(ak.min(every), ak.max(every))
    panels = figure.subplots(1, len(peaks), sharex=True, sharey=True, squeeze=False)[0]
    for axes, peak in zip(panels, peaks, strict=True):
        hits = peak.hits
        shown = axes.scatter(
            hits.time,
            hits.channel,
            c=hits.area,
            s=60,
            norm=norm,
            cmap="viridis",
            edgecolors="black",
        )
        area = float(f"{peak.area:.2g}")  # two digits of it
        title = f"{NAMES[peak.kind]}, {area:,g} PE\nat {peak.time / 1000:.0f} µs"
        axes.set(title=title, xlim=(-200, 200), ylim=(-8, CHANNELS + 8))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("Channel")
    figure.supxlabel("Time of the hit in its peak (ns)", fontsize="medium")
    figure.colorbar(shown, ax=panels, label="Area of the hit (PE)")


if __name__ == "__main__":
    if not Path("events.root").exists():
        events.write_tree(events.generate(20_000), "events.root")
    read = events.read_uproot("events.root")
    event = read[ak.num(read.peaks) == 4][0]
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    draw(event, figure)
    figure.savefig("hits.png", dpi=110)
    print(f"hits.png: event {event.number}, {len(event.peaks)} peaks")
