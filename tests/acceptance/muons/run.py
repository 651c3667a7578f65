"""Reads a tree into a DataFrame, and writes some sums.

events.root is from make.C.
"""

import json
from pathlib import Path

import pandas as pd
import ROOT

columns = ROOT.RDataFrame("events", "events.root").AsNumpy()
events = pd.DataFrame(columns)
mass = (2 * events.pt1 * events.pt2 * (1 + (events.eta1 - events.eta2).abs())) ** 0.5
peak = events[(events.charge == 0) & mass.between(80, 100)]

numbers = {
    "events": len(events),
    "events in the peak": len(peak),
    "sum of run numbers": int(events.run.sum()),
    "sum of pt1": float(events.pt1.astype("float64").sum()),
    "mean mass": float(mass[peak.index].mean()),
}
Path("numbers.json").write_text(json.dumps(numbers))
