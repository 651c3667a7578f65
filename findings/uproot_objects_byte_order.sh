#!/usr/bin/env bash
# uproot reads the numbers of an unsplit object with a base class in the wrong byte order, without an
# error.
#
# In such a branch, a header of six to ten bytes stands before the members. uproot 5.7.7 then makes
# the array of the file's own bytes, which are big-endian, and takes them for those of the machine.
# ROOT 6.40.00 (the wheel root 0.1a12) has what was written. So has uproot if the class has no base
# class, or if the branch is split.
#
# Seen: written [1, -2] and [0.5, 1.5]; ROOT the same; uproot [16777216, -16777217] and
# [2.8363e-319, 3.13984e-319]; split: uproot [1, -2] and [0.5, 1.5]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 uproot==5.7.7 awkward==2.14.0
cat > "$work/read.py" <<'PY'
import numpy as np
import ROOT
import uproot

ROOT.gInterpreter.Declare("""
struct Base { int a = 0; };
struct Derived : Base { double b = 0; };
void make() {
  TFile file("objects.root", "recreate");
  TTree tree("t", "");
  Derived x;
  tree.Branch("whole", &x, 32000, 0);
  tree.Branch("split.", &x, 32000, 99);
  for (auto [a, b] : {std::pair{1, 0.5}, {-2, 1.5}}) {
    x.a = a;
    x.b = b;
    tree.Fill();
  }
  tree.Write();
}
""")
ROOT.make()
a, b = np.array([1, -2], "i4"), np.array([0.5, 1.5])
file = ROOT.TFile.Open("objects.root")
loop = [(event.whole.a, event.whole.b) for event in file.Get("t")]
assert loop == list(zip(a, b))
tree = uproot.open("objects.root:t")
whole = tree["whole"].array()
split = tree["split.Base.a"].array(), tree["split.b"].array()
print("uproot", whole["a"].to_list(), whole["b"].to_list(), "split", *(x.to_list() for x in split))
assert whole["a"].to_list() == a.byteswap().tolist()
assert whole["b"].to_list() == b.byteswap().tolist()
assert split[0].to_list() == a.tolist() and split[1].to_list() == b.tolist()
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
