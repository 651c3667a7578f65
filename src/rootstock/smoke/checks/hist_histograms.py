"""Histograms go from ROOT to hist and back with their axes, values and variances.

The values are those that NumPy makes of the same numbers. ROOT 6.38 has no such way to hist.
"""

import hist
import numpy as np
import ROOT

EDGES = np.array([0.0, 1.0, 4.0, 9.0])  # of the variable axes; the regular ones end there, too
BINS = 3
REGULAR = np.linspace(EDGES[0], EDGES[-1], BINS + 1)
random = np.random.default_rng(1)
x = random.uniform(-1, 10, 500)  # some are in the flow bins
y = random.uniform(-1, 10, 500)
weights = random.uniform(0.5, 2, 500)


def with_flow(edges: np.ndarray) -> np.ndarray:
    """The edges of all bins, with those of the flow bins."""
    return np.concatenate([[-np.inf], edges, [np.inf]])


def same(found: np.ndarray, truth: np.ndarray) -> None:
    """Assert that two arrays have the same shape, and the same values but for rounding."""
    assert found.shape == truth.shape, (found.shape, truth.shape)
    assert np.allclose(found, truth, rtol=1e-12, atol=0), (found, truth)


def check_line() -> None:
    """One dimension, counted and weighted, with both kinds of axes; the way back."""
    for edges, axis in ((REGULAR, (BINS, EDGES[0], EDGES[-1])), (EDGES, (BINS, EDGES))):
        for used in (np.ones_like(weights), weights):
            line = ROOT.TH1D(f"line{len(axis)}{used[0]}", "", *axis)
            if used is weights:
                line.Sumw2()
            for place, weight in np.column_stack([x, used]):
                line.Fill(place, weight)
            # The part that is displayed does not change what there is.
            line.GetXaxis().SetRange(2, 2)
            taken = hist.Hist(line)
            values, squares = (
                np.histogram(x, with_flow(edges), weights=used**power)[0] for power in (1, 2)
            )
            same(taken.axes[0].edges, edges)
            same(taken.values(flow=True), values)
            same(taken.variances(flow=True), squares)
            again = ROOT.TH1D(taken._to_uhi_())
            same(np.array([again.GetBinContent(i) for i in range(BINS + 2)]), values)
            same(np.array([again.GetBinError(i) ** 2 for i in range(BINS + 2)]), squares)
            ends = [again.GetXaxis().GetBinUpEdge(i) for i in range(BINS + 1)]
            same(np.array(ends), edges)


def check_plane() -> None:
    """Two dimensions, with an axis of each kind."""
    plane = ROOT.TH2D("plane", "", BINS + 1, EDGES[0], EDGES[-1], BINS, EDGES)
    plane.Sumw2()
    for place in np.column_stack([x, y, weights]):
        plane.Fill(*place)
    edges = np.linspace(EDGES[0], EDGES[-1], BINS + 2), EDGES
    taken = hist.Hist(plane)
    for i, truth in enumerate(edges):
        same(taken.axes[i].edges, truth)
    for found, power in ((taken.values(flow=True), 1), (taken.variances(flow=True), 2)):
        flow = [with_flow(one) for one in edges]
        same(found, np.histogram2d(x, y, flow, weights=weights**power)[0])


def check_profile() -> None:
    """Means of y, counted and weighted; counts are effective entries."""
    for used in (np.ones_like(weights), weights):
        profile = ROOT.TProfile(f"profile{used[0]}", "", BINS, EDGES)
        if used is weights:
            profile.Sumw2()
        for place in np.column_stack([x, y, used]):
            profile.Fill(*place)
        taken = hist.Hist(profile)
        bins = [(EDGES[i] <= x) & (x < EDGES[i + 1]) for i in range(BINS)]
        sums = np.array([used[inside].sum() for inside in bins])
        entries = sums**2 / np.array([(used[inside] ** 2).sum() for inside in bins])
        means = np.array([np.average(y[inside], weights=used[inside]) for inside in bins])
        squares = np.array([np.average(y[inside] ** 2, weights=used[inside]) for inside in bins])
        spreads = squares - means**2
        same(taken.axes[0].edges, EDGES)
        same(taken.values(), means)
        same(taken.counts(), entries)
        # Of hist's own making, as docs/pyroot.md says; those of ROOT are by the entries.
        same(taken.variances(), spreads / sums)
        same(profile.variances(), spreads / entries)


def check_labels() -> None:
    """Labels are categories, there and back."""
    line = ROOT.TH1D("labels", "", 3, 0, 3)
    for i, label in enumerate("abc"):
        line.GetXaxis().SetBinLabel(i + 1, label)
    for label in "cacaa":
        line.Fill(label, 1)
    taken = hist.Hist(line)
    assert isinstance(taken.axes[0], hist.axis.StrCategory) and list(taken.axes[0]) == list("abc")
    assert [taken["a"], taken["b"], taken["c"]] == [3, 0, 2]
    taken.fill(["b", "unknown"])
    again = ROOT.TH1D(taken._to_uhi_())
    assert list(again.axes[0]) == list("abc") and list(again) == [0, 3, 1, 2, 1]

    growing = hist.Hist(hist.axis.StrCategory([], growth=True), storage=hist.storage.Weight())
    growing.fill(["x", "y", "x"], weight=[1, 2, 3])
    again = ROOT.TH1D(growing._to_uhi_())
    again.Fill("z", 5)  # ROOT adds labels, too
    assert list(hist.Hist(again).axes[0]) == ["x", "y", "z"]
    same(hist.Hist(again).values(flow=True), np.array([4.0, 2, 5, 0]))
    same(hist.Hist(again).variances(flow=True), np.array([10.0, 4, 25, 0]))


if ROOT.gROOT.GetVersionInt() >= 64000:
    check_labels()
    check_line()
    check_plane()
    check_profile()
