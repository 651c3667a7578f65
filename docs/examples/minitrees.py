"""Mini-trees: a few numbers of each event, made once, kept in a file, read as a DataFrame.

A maker is a class that makes columns of events. What it made of a file stays in a folder until its
`__version__` or the file is another. See s1s2.py for how it is used.
"""

import os
import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import uproot


class TreeMaker:
    """What makers have in common: raise `__version__` with each change of what is made."""

    __version__ = 1

    def extract_data(self, events):
        """Return the columns, each an array with a value for each event."""
        raise NotImplementedError


class Basics(TreeMaker):
    """The largest S1 and S2 of each event, in PE, and the time between them, in µs."""

    __version__ = 1

    def extract_data(self, events):
        s1, s2 = (largest(events.peaks[events.peaks.kind == kind]) for kind in (1, 2))
        columns = {"s1": s1.area, "s2": s2.area, "drift_time": (s2.time - s1.time) / 1000}
        return {
            name: ak.to_numpy(ak.fill_none(x, np.float32("nan"))) for name, x in columns.items()
        }


class Sizes(TreeMaker):
    """How many peaks and hits each event has."""

    __version__ = 1

    def extract_data(self, events):
        hits = ak.sum(ak.num(events.peaks.hits, axis=2), axis=1)
        return {"peaks": ak.to_numpy(ak.num(events.peaks)), "hits": ak.to_numpy(hits)}


def largest(peaks):
    """The peak of the largest area of each event; None where there is no peak."""
    return ak.firsts(peaks[ak.argmax(peaks.area, axis=1, keepdims=True)])


def load(paths, makers, cache="minitrees"):
    """Return what the makers make of the events of files, as one DataFrame."""
    one_by_one = []
    for path in paths:
        frames = [minitree(path, maker, cache) for maker in makers]
        merged = frames[0]
        for frame in frames[1:]:
            merged = merged.merge(frame, on="number", validate="one_to_one")
        one_by_one.append(merged)
    return pd.concat(one_by_one, ignore_index=True)


def minitree(path, maker, cache="minitrees"):
    """Return the mini-tree of one file and maker, from the cache if it is there."""
    with uproot.open(path) as file:
        # Each file has a UUID from when it was made; its length grows if it is added to.
        source = f"{file.file.uuid}-{file.file.fEND}"
        kept = Path(cache, f"{maker.__name__}-{maker.__version__}-{source}.root")
        if not kept.exists():
            tree = file["events"]
            names = {"number": "event.number", "start": "event.start", "peaks": "event.peaks"}
            events = ak.zip({k: tree[v].array() for k, v in names.items()}, depth_limit=1)
            columns = {"number": ak.to_numpy(events.number), **maker().extract_data(events)}
            kept.parent.mkdir(parents=True, exist_ok=True)
            # Under its name only once it is whole: others may look for it meanwhile.
            with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
                with uproot.recreate(Path(folder, "part.root")) as part:
                    part.mktree("minitree", {k: v.dtype for k, v in columns.items()})
                    part["minitree"].extend(columns)
                os.replace(Path(folder, "part.root"), kept)
    with uproot.open(kept) as file:
        return file["minitree"].arrays(library="pd")
