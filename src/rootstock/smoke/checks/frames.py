"""What ROOT writes, pandas reads through uproot: every flat type, and ragged columns."""

from array import array

import awkward as ak
import numpy as np
import pandas as pd
import ROOT
import uproot

ROWS = 50
# By the letter of a leaf's type (TTree): NumPy's type, and the factor of a row.
TYPES = {
    "B": (np.int8, -2),
    "b": (np.uint8, 5),
    "S": (np.int16, -600),
    "s": (np.uint16, 1300),
    "I": (np.int32, -40_000_000),
    "i": (np.uint32, 80_000_000),
    "L": (np.int64, -(10**17)),
    "l": (np.uint64, 3 * 10**17),
    "F": (np.float32, 1 / 3),
    "D": (np.float64, 1 / 3),
    "O": (np.bool_, 0),
}
row = np.arange(ROWS)
expected = pd.DataFrame(
    {
        f"is_{letter}": row % 3 == 0
        if kind is np.bool_
        else (row.astype(object) * factor).astype(kind)
        for letter, (kind, factor) in TYPES.items()
    }
)

file = ROOT.TFile("frames.root", "RECREATE")
tree = ROOT.TTree("events", "")
cells = {name: np.zeros(1, values.dtype) for name, values in expected.items()}
for name, cell in cells.items():
    tree.Branch(name, cell, f"{name}/{name[-1]}")
ragged = ROOT.std.vector["float"]()
tree.Branch("ragged", ragged)
for number in range(ROWS):
    for name, cell in cells.items():
        cell[0] = expected[name][number]
    ragged.assign(array("f", [number] * (number % 4)))
    tree.Fill()
tree.Write()
file.Close()

with uproot.open("frames.root") as opened:
    found = opened["events"].arrays(list(expected), library="pd")
    jagged = opened["events"]["ragged"].array()
pd.testing.assert_frame_equal(found, expected)
assert ak.num(jagged).tolist() == [number % 4 for number in range(ROWS)]
long = ak.to_dataframe(jagged, anonymous="ragged")
assert long["ragged"].tolist() == [float(n) for n in range(ROWS) for _ in range(n % 4)]
assert long.index.get_level_values(0).tolist() == [n for n in range(ROWS) for _ in range(n % 4)]

# The same table, by ROOT's own conversion to NumPy.
columns = ROOT.RDataFrame("events", "frames.root").AsNumpy(["is_I", "is_D"])
for name, values in columns.items():
    assert values.dtype == expected[name].dtype, (name, values.dtype)
    assert (values == expected[name].to_numpy()).all(), name

# The other way: columns with strides, and in the other byte order. All are of one type, because
# compiling each set of types takes seconds.
table = np.linspace(-1, 1, 2 * ROWS).reshape(ROWS, 2)
given = pd.DataFrame(table, columns=["left", "right"], copy=False)
given["foreign"] = table[:, 0].astype(">f8")
truth = {"left": table[:, 0], "right": table[:, 1], "foreign": table[:, 0]}
assert not given["right"].to_numpy().flags.c_contiguous
for step in (1, -2):
    part = given[::step]
    assert part["foreign"].to_numpy().dtype == ">f8"
    columns = ROOT.RDF.FromPandas(part).AsNumpy()
    assert columns.keys() == truth.keys()
    for name, values in columns.items():
        assert np.array_equal(values, truth[name][::step]), (name, step, values)
