"""RDataFrame compiles strings at run time; its columns come out as numpy arrays."""

import os

import numpy as np
import ROOT

os.environ["ROOT_RDF_SNAPSHOT_INFO"] = "0"  # 6.38 prints a note about its new default compression
frame = (
    ROOT.RDataFrame(1000)
    .Define("n", "int(rdfentry_)")
    .Define("x", "std::sqrt(double(n))")
    .Define("v", "ROOT::RVecD{x, 2 * x, 3 * x}")
    .Filter("n % 10 == 0 && Sum(v) > 60", "cut")
)
total, spectrum = frame.Sum("n"), frame.Histo1D(("h", "", 10, 0, 40), "x")
columns = frame.AsNumpy(["n", "x"])

expected = np.array([n for n in range(0, 1000, 10) if 6 * n**0.5 > 60])
assert total.GetValue() == expected.sum(), total.GetValue()
assert spectrum.GetEntries() == len(expected), spectrum.GetEntries()
assert columns["n"].dtype == np.int32 and columns["x"].dtype == np.float64
assert np.array_equal(columns["n"], expected), columns["n"]
assert np.allclose(columns["x"], np.sqrt(expected), rtol=1e-15, atol=0)

frame.Snapshot("t", "snapshot.root", ["n", "x"])
with ROOT.TFile("snapshot.root") as file:
    again = [(row.n, row.x) for row in file["t"]]
assert again == [(n, n**0.5) for n in expected], again
