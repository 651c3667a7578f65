"""Peaks of a ROOT file go through strax, XENON's framework, and back to ROOT.

python plugins.py       makes peaks.root, and a folder strax_data with what strax keeps
"""

from pathlib import Path

import numpy as np
import ROOT
import strax
import uproot

FILE, TREE = "peaks.root", "peaks"
PEAK = [*strax.time_fields, (("Area (PE)", "area"), np.float64)]


def write(path, number):
    """Write a tree of made-up peaks, a microsecond apart."""
    ROOT.gRandom.SetSeed(7)
    frame = ROOT.RDataFrame(number).Define("time", "Long64_t(rdfentry_) * 1000")
    frame.Define("area", "gRandom->Exp(100)").Snapshot(TREE, path, ["time", "area"])


class Peaks(strax.Plugin):
    """What is in the ROOT file: data that come from nowhere else in strax."""

    __version__ = "1"
    provides = "peaks"
    depends_on = ()
    dtype = PEAK

    def is_ready(self, chunk_i):
        return chunk_i == 0

    def source_finished(self):
        return True

    def compute(self, chunk_i):
        frame = uproot.open(FILE)[TREE].arrays(library="pd")
        peaks = np.zeros(len(frame), self.dtype)
        peaks["time"], peaks["area"] = frame.time, frame.area
        peaks["endtime"] = peaks["time"] + 500
        return self.chunk(start=0, end=peaks["endtime"].max(), data=peaks)


class Large(strax.Plugin):
    """The peaks above 100 PE."""

    __version__ = "1"
    provides = "large"
    depends_on = "peaks"
    dtype = PEAK

    def compute(self, peaks):
        return peaks[peaks["area"] > 100]


def context():
    """What makes data with the plugins, and keeps them."""
    folder = strax.DataDirectory("strax_data", provide_run_metadata=False)
    return strax.Context(storage=[folder], register=[Peaks, Large])


if __name__ == "__main__":
    if not Path(FILE).exists():
        write(FILE, 100_000)
    large = context().get_df("made_up", "large", progress_bar=False)
    back = ROOT.RDF.FromNumpy({"area": large.area.to_numpy()})
    print(f"{len(large)} peaks above 100 PE, {back.Mean('area').GetValue():.1f} PE on average")
