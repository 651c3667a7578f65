#!/usr/bin/env bash
# RDataFrame reads members of objects in a TClonesArray wrongly, without an error.
#
# ROOT 6.40.00 (the wheel root 0.1a12): a class in a split TClonesArray has a second base class, and
# a member that is an object. RDataFrame reads the members of both as if they stood at the beginning
# of the element, where TObject has fUniqueID and fBits. TTree.Draw and uproot 5.7.7 have what was
# written. So it is with the class Event of ROOT's examples, in a file of scikit-hep-testdata 0.2.0.
#
# Seen: number: written [7, 8], Draw [7, 8], uproot [7, 8], RDataFrame [7, 8];
# width: written [20, 21], Draw [20, 21], uproot [20, 21], RDataFrame [0, 0];
# hit.first: written [30, 31], Draw [30, 31], uproot [30, 31], RDataFrame [0, 0];
# hit.second: written [40, 41], Draw [40, 41], uproot [40, 41], RDataFrame [33554432, 33554432]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 uproot==5.7.7 awkward==2.14.0
cat > "$work/read.py" <<'PY'
import ROOT
import uproot

ROOT.gInterpreter.Declare("""
struct Line { int width = 0; ClassDef(Line, 1) };
struct Hit { int first = 0, second = 0; ClassDef(Hit, 1) };
struct Track : TObject, Line { int number = 0; Hit hit; ClassDef(Track, 1) };
void make() {
  TFile file("tracks.root", "recreate");
  TTree tree("t", "");
  TClonesArray tracks("Track");
  tree.Branch("tracks", &tracks, 32000, 99);
  for (int k = 0; k < 2; ++k) {
    auto *track = static_cast<Track *>(tracks.ConstructedAt(k));
    track->number = 7 + k;
    track->width = 20 + k;
    track->hit.first = 30 + k;
    track->hit.second = 40 + k;
  }
  tree.Fill();
  tree.Write();
}
""")
ROOT.make()
WRITTEN = {"number": [7, 8], "width": [20, 21], "hit.first": [30, 31], "hit.second": [40, 41]}
file = ROOT.TFile.Open("tracks.root")
tree = file.Get("t")
frame = ROOT.RDataFrame("t", "tracks.root").AsNumpy([f"tracks.{name}" for name in WRITTEN])
seen = {}
for name, written in WRITTEN.items():
    count = tree.Draw(f"tracks.{name}", "", "goff")
    drawn = [int(tree.GetV1()[k]) for k in range(count)]
    by_uproot = uproot.open("tracks.root:t")[f"tracks/tracks.{name}"].array()[0].to_list()
    seen[name] = frame[f"tracks.{name}"][0].tolist()
    print(f"{name}: written {written}, Draw {drawn}, uproot {by_uproot}, RDataFrame {seen[name]}")
    assert written == drawn == by_uproot
assert seen.pop("number") == WRITTEN["number"]
assert all(seen[name] != WRITTEN[name] for name in seen)
PY
cd "$work"
"$work/venv/bin/python" "$work/read.py" 2>/dev/null
