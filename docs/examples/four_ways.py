"""A mini-tree as a DataFrame: with root_pandas, uproot and RDataFrame, of a TTree and an RNTuple.

python four_ways.py     makes events.root, unless it is there, and two files with the mini-tree
"""

import importlib.util
from pathlib import Path

import events
import minitrees
import pandas as pd
import ROOT
import uproot

TREE, NTUPLE = "minitree.root", "minitree_ntuple.root"


def write(frame):
    """Write a DataFrame as a TTree, and this again as an RNTuple."""
    options = ROOT.RDF.RSnapshotOptions()
    ROOT.RDF.FromPandas(frame).Snapshot("minitree", TREE)
    options.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
    ROOT.RDataFrame("minitree", TREE).Snapshot("minitree", NTUPLE, ".*", options)


def with_uproot(path):
    """Read with uproot, which needs no ROOT."""
    with uproot.open(path) as file:
        return file["minitree"].arrays(library="pd")


def with_rdataframe(path):
    """Read with RDataFrame, which could filter and define columns on the way."""
    return pd.DataFrame(ROOT.RDataFrame("minitree", path).AsNumpy())


def with_root_pandas(path):
    """Read with root_pandas, as programs of the paper's time do."""
    import root_pandas

    return root_pandas.read_root(path, "minitree")


if __name__ == "__main__":
    if not Path("events.root").exists():
        events.write_tree(events.generate(20_000), "events.root")
    frame = minitrees.load(["events.root"], [minitrees.Basics, minitrees.Sizes])
    write(frame)
    ways = [(TREE, with_uproot), (TREE, with_rdataframe)]
    ways += [(NTUPLE, with_uproot), (NTUPLE, with_rdataframe)]
    if importlib.util.find_spec("root_pandas"):
        ways.append((TREE, with_root_pandas))
    for path, read in ways:
        # RDataFrame has its columns in the order of their names.
        pd.testing.assert_frame_equal(read(path)[list(frame)], frame, check_exact=True)
        print(f"{path}: {read.__name__}: {len(frame)} events, equal")
    print(frame.describe().round(1))
