#!/usr/bin/env bash
# Reading a fixed array of a tree as an attribute leaves memory behind at each read.
#
# tree.arr of a branch arr[100]/F (PyROOT 6.40.00, the wheel root 0.1a12) makes a view of the same
# 400 bytes each time, and some 270 bytes stay, whatever the garbage collector does. A NumPy array
# given to SetBranchAddress has the same values and leaves nothing.
#
# Seen (bytes a read, of 100,000; rounded to tens): 280 by tree.arr, 0 by SetBranchAddress
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6
cat > "$work/read.py" <<'PY'
import gc
import os
from pathlib import Path

import numpy as np
import ROOT

READS = 100_000


def resident():
    gc.collect()
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def grown(read):
    read()
    before = resident()
    for _ in range(READS):
        read()
    return (resident() - before) / READS


values = np.arange(100, dtype="f4")
tree = ROOT.TTree("t", "")
tree.Branch("arr", values, "arr[100]/F")
tree.Fill()
attribute = grown(lambda: tree.arr)
place = np.zeros(100, "f4")
tree.SetBranchAddress("arr", place)
address = grown(lambda: tree.GetEntry(0))
print(f"{attribute:.0f} by tree.arr, {address:.0f} by SetBranchAddress")
assert (place == values).all()
assert 200 < attribute < 400 and address < 5
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
