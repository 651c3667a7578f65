"""ROOT works when it is imported after numpy, and takes numpy's arrays."""

import numpy as np

assert np.linalg.det(np.array([[2.0, 1.0], [1.0, 3.0]])).round(12) == 5

import ROOT  # noqa: E402 - the order is what is checked

values = (np.arange(100) + 0.5) / 100
histogram = ROOT.TH1D("h", "", 10, 0, 1)
histogram.FillN(len(values), values, np.ones_like(values))
contents = [histogram.GetBinContent(i) for i in range(12)]
assert contents == [0, *[10] * 10, 0], contents
assert abs(histogram.GetMean() - values.mean()) < 1e-12
