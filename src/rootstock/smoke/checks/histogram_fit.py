"""A histogram is filled from a formula and fitted with a Gaussian."""

import ROOT

ROOT.gRandom.SetSeed(4357)
histogram = ROOT.TH1D("h", "", 100, -5, 5)
histogram.FillRandom("gaus", 20_000)
assert histogram.GetEntries() == 20_000

fit = histogram.Fit("gaus", "QSN")
amplitude, mean, sigma = (fit.Parameter(i) for i in range(3))
assert fit.IsValid() and int(fit) == 0, int(fit)
# Five standard deviations: 1/sqrt(n) of the mean, 1/sqrt(2n) of sigma.
assert abs(mean) < 0.036, mean
assert abs(sigma - 1) < 0.025, sigma
assert abs(amplitude - 20_000 * 0.1 / (2 * ROOT.TMath.Pi()) ** 0.5) < 40, amplitude
assert 0.4 < fit.Chi2() / fit.Ndf() < 1.8, (fit.Chi2(), fit.Ndf())
