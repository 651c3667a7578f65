"""Import ROOT silently, fill and fit a histogram, and use a standard header."""

import warnings

warnings.simplefilter("error")

import ROOT  # noqa: E402

ROOT.gROOT.SetBatch()
histogram = ROOT.TH1D("h", "h", 100, -4, 4)
histogram.FillRandom("gaus", 10000)
fit = histogram.Fit("gaus", "QNS")
assert abs(fit.Parameter(1)) < 0.1, fit.Parameter(1)
assert ROOT.gInterpreter.Declare("""
#include <vector>
int three() { return std::vector(3, 0).size(); }
""")
assert ROOT.three() == 3
