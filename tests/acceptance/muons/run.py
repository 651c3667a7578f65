"""Reads a tree into a DataFrame, and writes some sums.

events.root is from make.C.
"""

import json
from pathlib import Path

import numpy as np
import uproot

events = uproot.open("events.root:events").arrays(library="pd")
# Of two massless particles that leave back to back.
mass = (2 * events.pt1 * events.pt2 * (np.cosh(events.eta1 - events.eta2) + 1)) ** 0.5
peak = events[(events.charge == 0) & mass.between(80, 100)]

numbers = {
    "events": len(events),
    "events in the peak": len(peak),
    "sum of run numbers": int(events.run.sum()),
    "sum of pt1": float(events.pt1.astype("float64").sum()),
    "mean mass": float(mass[peak.index].mean()),
}
Path("numbers.json").write_text(json.dumps(numbers))
