"""Arrays read as attributes of a tree have the right values, and free their memory."""

import os
from pathlib import Path

import numpy as np
import ROOT

READS = 40_000
BOUND = 4 << 20  # bytes; ROOT's own leak is 270 a read: 11 MB

LENGTHS = [3, 0, 2]  # of the arrays of variable length
LETTERS = {"f": "F", "s": "S", "c": "b"}
FIXED = {
    "f": np.arange(100, dtype="f4"),
    "s": np.arange(5, dtype="i2"),
    "c": np.arange(4, dtype="u1"),
}
table = np.arange(6, dtype="f4").reshape(2, 3)
halves, packed, length = np.arange(3, dtype="f4"), np.arange(3.0), np.zeros(1, "i4")

file = ROOT.TFile("tree.root", "RECREATE")
tree = ROOT.TTree("t", "")
for name, values in FIXED.items():
    tree.Branch(name, values, f"{name}[{len(values)}]/{LETTERS[name]}")
tree.Branch("table", table, "table[2][3]/F")
tree.Branch("n", length, "n/I")
tree.Branch("halves", halves, "halves[3]/f")
tree.Branch("packed", packed, "packed[n]/d[0,10,16]")
for length[0] in LENGTHS:
    tree.Fill()
    for values in FIXED.values():
        values += 1
tree.Write()
file.Close()


def resident() -> int:
    """The bytes of memory that this process uses."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


file = ROOT.TFile("tree.root")
chain = ROOT.TChain("t")
chain.Add("tree.root")
chain.Add("tree.root")
for source in (file["t"], chain):
    for i, entry in enumerate(source):
        row, n = i % len(LENGTHS), LENGTHS[i % len(LENGTHS)]
        for name, values in FIXED.items():
            truth = values - len(LENGTHS) + row  # as it was filled
            view = getattr(entry, name)
            assert len(view) == len(values) and list(view) == list(truth), (name, list(view))
            assert np.asarray(view).dtype == values.dtype
        assert [list(line) for line in entry.table] == table.tolist()
        assert entry.n == n
        assert list(entry.halves) == halves.tolist(), list(entry.halves)
        assert len(entry.packed) == n
        assert np.allclose(np.asarray(entry.packed), packed[:n], rtol=0, atol=1e-3)
    assert i + 1 == len(LENGTHS) * (2 if source is chain else 1)

# After SetBranchAddress, the values are read from the new place.
tree = file["t"]
place = np.zeros(100, "f4")
tree.SetBranchAddress("f", place)
tree.GetEntry(0)
place[7] = -1
assert tree.f[7] == -1
tree.ResetBranchAddresses()

tree.GetEntry(2)
for name in ("f", "table"):
    getattr(tree, name)
    before = resident()
    for _ in range(READS):
        getattr(tree, name)
    grown = resident() - before
    assert grown < BOUND, f"{READS} reads of {name} left {grown} bytes"

# A list of leaves that makes no branch is refused, and leaves none behind. ROOT prints what is
# wrong with it as well, and this check is silent.
tree = ROOT.TTree("lists", "")
level, ROOT.gErrorIgnoreLevel = ROOT.gErrorIgnoreLevel, ROOT.kFatal
for wrong in ("x[0,10,8]/d", "x[3][0,10,8]/d", "y/I:x[3][0,10]/f", "x[3/d", "x[absent]/d", "x/?"):
    try:
        tree.Branch("x", packed, wrong)
    except ValueError:
        assert not tree.GetListOfBranches().GetEntries(), wrong
        continue
    raise AssertionError(f"{wrong} makes a branch")
ROOT.gErrorIgnoreLevel = level
tree.Branch("x", packed, "x[3]/d[0,10,16]")
tree.Fill()
tree.GetEntry(0)
assert np.allclose(np.asarray(tree.x), packed, rtol=0, atol=1e-3)
