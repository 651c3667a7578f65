"""Indices and slices of histograms (UHI) are those bins, with their errors, and the flow bins.

The values are those that NumPy makes of the same numbers.
"""

from itertools import product
from typing import Any

import numpy as np
import ROOT

underflow, overflow, loc = ROOT.uhi.underflow, ROOT.uhi.overflow, ROOT.uhi.loc
rebin, total = ROOT.uhi.rebin, ROOT.uhi.sum

EVERYWHERE = (-np.inf, np.inf)
X = np.arange(7.0)
Y = np.array([0.0, 1.0, 3.0])
Z = np.array([0.0, 2.0, 3.0])
# Each index with the edges of the bins that stay, or else with the range that is added up.
OF_X = [
    (slice(None), X),
    (slice(1, 3), X[1:4]),
    (slice(-3, -1), X[3:6]),
    (slice(np.int64(2), None), X[2:]),
    (slice(loc(1.5), loc(4)), X[1:5]),
    (slice(None, None, rebin(2)), X[::2]),
    (rebin(4), X[[0, 4]]),
    (slice(1, 5, rebin(2)), X[1:6:2]),
    (slice(None, None, sum), EVERYWHERE),
    (total, EVERYWHERE),
    (slice(0, len, total), (0, 6)),
    (slice(-5, 3, sum), (1, 3)),
    (2, (2, 3)),
    (np.int32(-2), (4, 5)),
    (loc(2.5) + 1, (3, 4)),
    (underflow, (-np.inf, 0)),
    (overflow, (6, np.inf)),
]
OF_Y = [(slice(None), Y), (slice(1, None), Y[1:]), (sum, EVERYWHERE), (-1, (1, 3))]
OF_Z = [(slice(None), Z), (slice(0, len, sum), (0, 3))]

random = np.random.default_rng(1)
points = random.uniform(-1, 8, (400, 3)) * (1, 0.5, 0.5)
heights = random.normal(5, 1, 400)
weights = random.uniform(0.5, 2, 400)


def truth(kept: tuple[Any, ...], amounts: np.ndarray) -> np.ndarray:
    """The sums of amounts in the bins of a slice, and in their flow bins."""
    inside = np.full(len(points), True)
    edges = [[-np.inf, np.inf]] * 3  # of the axes that a histogram does not have
    for axis, (_, chosen) in enumerate(kept):
        if isinstance(chosen, tuple):
            inside &= (points[:, axis] >= chosen[0]) & (points[:, axis] < chosen[1])
        else:
            edges[axis] = [-np.inf, *chosen, np.inf]
    return np.histogramdd(points[inside], edges, weights=amounts[inside])[0].squeeze()


def cells(histogram: Any, method: str) -> np.ndarray:
    """What a method of a histogram returns for its cells."""
    found = [getattr(histogram, method)(cell) for cell in range(histogram.GetNcells())]
    axes = [histogram.GetXaxis(), histogram.GetYaxis(), histogram.GetZaxis()]
    shape = [axis.GetNbins() + 2 for axis in axes[: histogram.GetDimension()]]
    return np.array(found).reshape(shape, order="F")


def same(found: Any, expected: Any) -> bool:
    """Whether they are alike but for rounding."""
    return np.shape(found) == np.shape(expected) and bool(np.allclose(found, expected, atol=1e-9))


def filled(kind: str, edges: list[np.ndarray], weighted: bool) -> Any:
    """A histogram of the points, or a profile of their heights."""
    sizes = [part for axis in edges for part in (len(axis) - 1, axis)]
    if len(edges) == 1:
        sizes = [6, 0, 6]  # an axis with bins of one width
    made = getattr(ROOT, kind)(f"{kind}{weighted}", "", *sizes)
    if weighted:
        made.Sumw2()
    for i in range(len(points)):
        values = [*points[i, : len(edges)], *([heights[i]] if "Profile" in kind else [])]
        made.Fill(*values, weights[i] if weighted else 1)
    return made


def check_slices(kind: str, axes: list[list[Any]], weighted: bool) -> None:
    """Every combination of the indices of the axes."""
    histogram = filled(kind, [axis[0][1] for axis in axes], weighted)
    used = weights if weighted else np.ones(400)
    for kept in product(*axes):
        index = tuple(where for where, _ in kept)
        found = histogram[index if len(index) > 1 else index[0]]
        edges = [chosen for _, chosen in kept if not isinstance(chosen, tuple)]
        sums = truth(kept, used)
        if "Profile" in kind:
            rises = truth(kept, used * heights)
            means = np.divide(rises, sums, out=np.zeros_like(sums), where=sums != 0)
        if not edges:
            assert same(found, means if "Profile" in kind else sums), (kind, index, found)
            continue
        for i, chosen in enumerate(edges):
            axis = (found.GetXaxis, found.GetYaxis, found.GetZaxis)[i]()
            assert same([axis.GetBinLowEdge(k + 1) for k in range(len(chosen))], chosen), index
            assert axis.GetNbins() == len(chosen) - 1, (kind, index)
        squares = truth(kept, used**2)
        if "Profile" in kind:
            entries = np.divide(sums**2, squares, out=np.zeros_like(sums), where=sums != 0)
            spread = truth(kept, used * heights**2)
            spread = np.divide(spread, sums, out=np.zeros_like(sums), where=sums != 0) - means**2
            assert same(cells(found, "GetBinContent"), means), (kind, index)
            assert same(cells(found, "GetBinEntries"), sums), (kind, index)
            assert same(cells(found, "GetBinEffectiveEntries"), entries), (kind, index)
            # ROOT has no error, or that of other bins, where the spread is 0.
            more = spread > 1e-6
            errors = cells(found, "GetBinError")
            assert same(errors[more] ** 2, spread[more] / entries[more]), (kind, index)
        else:
            assert same(cells(found, "GetBinContent"), sums), (kind, index)
            assert same(cells(found, "GetBinError") ** 2, squares), (kind, index)


for weighted in (False, True):
    check_slices("TH1D", [OF_X], weighted)
    check_slices("TH1F" if weighted else "TH1I", [OF_X[:2]], False)
    check_slices("TH2D", [OF_X, OF_Y], weighted)
    check_slices("TH3D", [OF_X[::3], OF_Y, OF_Z], weighted)
    check_slices("TProfile", [OF_X], weighted)
    check_slices("TProfile2D", [OF_X, OF_Y], weighted)


def refused(histogram: Any, index: Any, *values: Any) -> bool:
    """Whether an index is refused, or a value there, with nothing changed."""
    before = cells(histogram, "GetBinContent").tolist()
    try:
        if values:
            histogram[index] = values[0]
        else:
            histogram[index]
    except (IndexError, TypeError, ValueError, OverflowError):
        return bool(cells(histogram, "GetBinContent").tolist() == before)
    return False


line = ROOT.TH1D("line", "", 4, 0, 4)
line[...] = [1, 2, 3, 4, 5, 6]  # with the flow bins
line[-2], line[np.int64(0)] = 40, 20
assert list(line) == [1, 20, 3, 40, 5, 6]
for index in (4, -5, slice(2, 2), slice(overflow, None), 1.0, slice(0.5, 2), loc(9) + 1, "a"):
    assert refused(line, index), index
for index in (slice(None, None, sum), slice(None, None, rebin(2)), total, 4, -5):
    assert refused(line, index, 1), index
place = loc(1.5)
assert [line[place + 1], line[place], line[place - 1]] == [40, 3, 20]

plane = ROOT.TH2D("plane", "", 2, 0, 2, 3, 0, 3)
plane[...] = [[1, 2, 3], [4, 5, 6]]
assert plane.values().tolist() == [[1, 2, 3], [4, 5, 6]]
assert refused(plane, ..., np.ones((3, 2)))  # the same number of bins
assert refused(plane, (slice(0, 2), slice(0, 2)), np.ones((1, 4)))
plane[:, 1] = [7, 8]
plane[0, 1:] = [9, 10]
assert plane.values().tolist() == [[1, 9, 10], [4, 8, 6]]
one, other = plane[:, ::sum], plane[:, 0]
assert one.values().tolist() == [20, 18] and other.values().tolist() == [1, 4]

# A slice keeps what an axis says of itself. What is shown of it is another thing.
named = ROOT.TH1D("named", "", 3, 0, 3)
named.GetXaxis().SetTitle("kind")
for i, label in enumerate("abc"):
    named.GetXaxis().SetBinLabel(i + 1, label)
    named.Fill(label, i + 1)
named.GetXaxis().SetRange(1, 1)
assert named[loc("c")] == 3
end = named[loc("b") :]
assert list(end) == [1, 2, 3, 0] and end.GetXaxis().GetTitle() == "kind"
assert [end.GetXaxis().GetBinLabel(i) for i in (1, 2)] == ["b", "c"]
assert refused(named, loc("d")) and named.GetNbinsX() == 3
assert named[::sum] == 6 and named[0:2:sum] == 3

# A sum that a bin cannot hold, and a bin that is more than a number.
short = ROOT.TH1S("short", "", 2, 0, 2)
short[...] = 30000
assert short[::sum] == 60000
assert refused(short, slice(None, None, rebin(2)))
assert refused(ROOT.TProfile("means", "", 2, 0, 2), 0, 1.0)

# These wait for their limits: their bins are known when somebody asks.
waiting = [ROOT.TH1D(f"waiting{i}", "", 10, 0, 0) for i in range(3)]
for histogram in waiting:
    for value in (1, 2, 9):
        histogram.Fill(value)
assert waiting[0].values().sum() == 3
assert waiting[1][::sum] == 3
assert waiting[2].axes[0][9][1] > 9
