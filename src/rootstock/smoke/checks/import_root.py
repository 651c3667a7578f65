"""ROOT works when it is imported before numpy, and prints nothing."""

import warnings

warnings.simplefilter("error")

import ROOT  # noqa: E402 - its warnings are errors

assert ROOT.gROOT.GetVersion() == ROOT.__version__, ROOT.gROOT.GetVersion()
assert abs(ROOT.TMath.Gaus(1.0) - 0.6065306597126334) < 1e-15

import numpy as np  # noqa: E402 - the order is what is checked

assert np.linalg.det(np.array([[2.0, 1.0], [1.0, 3.0]])).round(12) == 5
vector = ROOT.std.vector["double"]([1.0, 2.0, 4.0])
assert np.asarray(vector).sum() == 7
assert ROOT.VecOps.Mean(ROOT.RVecD([1.0, 2.0, 6.0])) == 3
