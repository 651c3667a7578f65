"""Arrays of Dask have what awkward has of the same ROOT file: rows, lists, sums and a histogram.

Solvers know what packages ask for, and not whether one can compute with the other.
"""

import awkward as ak
import dask_awkward as dak
import dask_histogram.boost as dhb
import numpy as np
import ROOT
import uproot

PARTS = 3
lists = [[float(k) for k in range(n % 4)] for n in range(100)]
with ROOT.TFile.Open("lists.root", "recreate") as file:
    tree = ROOT.TTree("t", "")
    number, values = np.zeros(1), ROOT.std.vector["double"]()
    tree.Branch("n", number, "n/D")
    tree.Branch("x", values)
    for n, row in enumerate(lists):
        number[0] = n
        values.assign(row)
        tree.Fill()
    file.WriteObject(tree, "t")

truth = ak.Array(lists)
numbers = np.arange(100.0)
events = uproot.dask({"lists.root": "t"}, steps_per_file=PARTS)
assert events.npartitions == PARTS
assert events.x.compute().to_list() == lists
assert events.x[events.n > 50].compute().to_list() == lists[51:]
assert ak.sum(events.x, axis=1).compute().to_list() == ak.sum(truth, axis=1).to_list()
assert ak.sum(events.x).compute() == ak.sum(truth)
assert ak.sum(dak.from_awkward(truth, npartitions=PARTS)).compute() == ak.sum(truth)

histogram = dhb.Histogram(dhb.axis.Regular(5, 0, 100))
histogram.fill(events.n)
assert (histogram.compute().values() == np.histogram(numbers, 5, (0, 100))[0]).all()
