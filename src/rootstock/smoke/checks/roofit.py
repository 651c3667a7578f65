"""RooFit generates and fits a Gaussian on a background."""

import ROOT

ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.WARNING)
ROOT.RooRandom.randomGenerator().SetSeed(4357)

x = ROOT.RooRealVar("x", "x", 0, 10)
mean = ROOT.RooRealVar("mean", "mean", 4, 0, 10)
sigma = ROOT.RooRealVar("sigma", "sigma", 1, 0.1, 5)
slope = ROOT.RooRealVar("slope", "slope", -0.2, -2, 0)
share = ROOT.RooRealVar("share", "share", 0.5, 0, 1)
peak = ROOT.RooGaussian("peak", "", x, mean, sigma)
background = ROOT.RooExponential("background", "", x, slope)
model = ROOT.RooAddPdf("model", "", [peak, background], [share])

mean.setVal(5)
sigma.setVal(0.5)
share.setVal(0.4)
data = model.generate({x}, 4000)
assert data.numEntries() == 4000
mean.setVal(4.5)
sigma.setVal(1)

fit = model.fitTo(data, Save=True, PrintLevel=-1)
assert fit.status() == 0 and fit.covQual() == 3, (fit.status(), fit.covQual())
for variable, truth in ((mean, 5), (sigma, 0.5), (share, 0.4), (slope, -0.2)):
    error = variable.getError()
    assert 0 < error < 0.1, (variable.GetName(), error)
    assert abs(variable.getVal() - truth) < 5 * error, (variable.GetName(), variable.getVal())
