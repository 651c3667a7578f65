"""RDataFrame and NumPy exchange columns with the right values, or refuse them."""

import numpy as np
import ROOT

table = np.arange(200.0).reshape(100, 2)
foreign = np.arange(100, dtype=">f8")
# All in one frame, and of one type: compiling each set of types takes seconds.
COLUMNS = {
    "backwards": foreign[::-1],
    "of_table": table[:, 1],
    "whole": np.ma.array(np.arange(100.0).reshape(100, 1), mask=False),
}

given = dict(COLUMNS)
frame = ROOT.RDF.FromNumpy(given)
assert all(given[name] is COLUMNS[name] for name in COLUMNS)
# A converted column lives as long as its frame.
rubbish = [np.full(100, 7.0) for _ in range(20)]
for name, values in frame.AsNumpy().items():
    assert np.array_equal(values, np.ravel(COLUMNS[name])), (name, values)
assert list(ROOT.VecOps.AsRVec(table[::-1, 1])) == table[::-1, 1].tolist()
assert list(ROOT.VecOps.AsRVec(np.array([1, -2], ">i4"))) == [1, -2]
# FromPandas takes its columns in the same way; there is no pandas here.

for unfit in (
    {"x": np.ma.array([1.0, 2.0], mask=[True, False])},
    {"x": table},
    {"x": np.array(3.0)},
    {"x": np.arange(2), "y": np.arange(3)},
):
    try:
        ROOT.RDF.FromNumpy(unfit)
    except ValueError:
        pass
    else:
        raise AssertionError(f"FromNumpy takes {unfit}")

# A branch of letter B is a Char_t.
VALUES = [-128, -1, 0, 65, 127]
place = np.zeros(3, "i1")
with ROOT.TFile("bytes.root", "RECREATE"):
    tree = ROOT.TTree("t", "")
    tree.Branch("one", place, "one/B")
    tree.Branch("three", place, "three[3]/B")
    for value in VALUES:
        place[:] = value
        tree.Fill()
    tree.Write()
columns = ROOT.RDataFrame("t", "bytes.root").AsNumpy()
assert columns["one"].dtype == np.int8 and columns["one"].tolist() == VALUES
assert [three.tolist() for three in columns["three"]] == [[value] * 3 for value in VALUES]
assert columns["three"][0].dtype == np.int8
characters = ROOT.std.vector["char"](3, "a")
assert np.asarray(characters).tolist() == [97] * 3
