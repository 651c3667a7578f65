#!/usr/bin/env bash
# uproot reads a Double32_t that is packed into 32 bits too small, by up to 2^-32 of its range.
#
# ROOT 6.40.00 (the wheel root 0.1a12) divides the range of such a number into 2^32 - 1 steps, and
# into 2^n steps for n < 32 bits. uproot 5.7.7 divides by 2^n for 32 bits as well. ROOT reads back
# what was written.
#
# Seen: written 1.0, ROOT 1.0, uproot 0.9999999997671694
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 uproot==5.7.7 awkward==2.14.0
cat > "$work/read.py" <<'PY'
import numpy as np
import ROOT
import uproot

file = ROOT.TFile.Open("packed.root", "RECREATE")
tree = ROOT.TTree("t", "")
written = np.array([1.0])
tree.Branch("x", written, "x/d[0,1,32]")
tree.Fill()
tree.Write()
file.Close()

file = ROOT.TFile.Open("packed.root")
file["t"].GetEntry(0)
by_root = file["t"].GetLeaf("x").GetValue()
by_uproot = float(uproot.open("packed.root:t/x").array(library="np")[0])
print(f"written {written[0]}, ROOT {by_root}, uproot {by_uproot}")
assert by_root == 1.0
assert by_uproot == (2**32 - 1) / 2**32
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
