#!/usr/bin/env bash
# RDataFrame reads arrays of variable length wrongly from files without their offsets, without an
# error.
#
# With kGenerateOffsetMap ROOT writes no offsets of such arrays, and works them out from the counts
# when it reads. ROOT 6.40.00 (the wheel root 0.1a12) reads right in the loop over entries. In
# RDataFrame an entry has as many numbers as it should, and they are those of later entries. uproot
# 5.7.7 has what was written. scikit-hep-testdata 0.2.0 has such a file of 2018.
#
# Seen: of 300 entries, 225 are not empty; the loop has 0 wrong, uproot 0, RDataFrame 225. Entry 1 is
# [10], and RDataFrame has [20]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 uproot==5.7.7 awkward==2.14.0
cat > "$work/read.py" <<'PY'
import ROOT
import uproot

ROOT.gInterpreter.Declare("""
void make() {
  TFile file("arrays.root", "recreate");
  TTree tree("t", "");
  ROOT::TIOFeatures features;
  features.Set(ROOT::Experimental::EIOFeatures::kGenerateOffsetMap);
  tree.SetIOFeatures(features);
  int n, x[3];
  tree.Branch("n", &n);
  tree.Branch("x", x, "x[n]/I");
  for (int entry = 0; entry < 300; ++entry) {
    n = entry % 4;
    for (int k = 0; k < n; ++k) x[k] = 10 * entry + k;
    tree.Fill();
  }
  tree.Write();
}
""")
ROOT.make()
written = [[10 * entry + k for k in range(entry % 4)] for entry in range(300)]
file = ROOT.TFile.Open("arrays.root")
loop = [list(entry.x) for entry in file.Get("t")]
by_uproot = uproot.open("arrays.root:t/x").array().to_list()
frame = [x.tolist() for x in ROOT.RDataFrame("t", "arrays.root").AsNumpy(["x"])["x"]]
wrong = [
    sum(a != b for a, b in zip(found, written, strict=True)) for found in (loop, by_uproot, frame)
]
print(f"wrong: the loop {wrong[0]}, uproot {wrong[1]}, RDataFrame {wrong[2]}; entry 1 is {frame[1]}")
assert wrong == [0, 0, 225]
assert [len(x) for x in frame] == [len(x) for x in written]
assert frame[1] == [20] and written[1] == [10]
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
