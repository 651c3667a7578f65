#!/usr/bin/env bash
# uproot reads a C string wrongly when the entry before it is the empty string.
#
# ROOT 6.40.00 (the wheel root 0.1a12) writes a leaf /C with a length and the characters, and
# nothing at all for an empty string; the basket's offsets say so. uproot 5.7.7 skips a length that
# is not there, and so the strings after it lose their first character or more. ROOT reads back what
# was written.
#
# Seen: written ['pe', '', 'ns', 'mm'], ROOT ['pe', '', 'ns', 'mm'],
# uproot ['pe', '', 'e\x02', '\x02']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 uproot==5.7.7 awkward==2.14.0
cat > "$work/read.py" <<'PY'
from array import array

import ROOT
import uproot

WRITTEN = ["pe", "", "ns", "mm"]
file = ROOT.TFile.Open("strings.root", "RECREATE")
tree = ROOT.TTree("t", "")
text = array("b", bytes(8))
tree.Branch("unit", text, "unit/C")
for one in WRITTEN:
    raw = one.encode().ljust(8, b"\0")
    for place, value in enumerate(raw):
        text[place] = value
    tree.Fill()
tree.Write()
file.Close()

file = ROOT.TFile.Open("strings.root")
leaf = file["t"].GetLeaf("unit")
by_root = []
for entry in range(len(WRITTEN)):
    file["t"].GetEntry(entry)
    by_root.append(str(leaf.GetValueString()))
by_uproot = [str(one) for one in uproot.open("strings.root:t/unit").array(library="np")]
print(f"written {WRITTEN}, ROOT {by_root}, uproot {by_uproot}")
assert by_root == WRITTEN
assert by_uproot[:2] == WRITTEN[:2]
assert by_uproot[2:] == ["e\x02", "\x02"]
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
