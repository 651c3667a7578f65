"""What docs/pyroot.md says is left: each function asserts a fault and what to do instead.

If one fails, ROOT may have mended the fault. Then its row is to go.

python left.py NAME        in an empty folder, by the Python of an environment
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def functions_without_definition() -> None:
    """A call of one returns a number, True or an empty string; Load shows a missing library."""
    import ROOT

    assert ROOT.gInterpreter.Declare(
        """
        int number_of_none();
        double real_of_none();
        bool truth_of_none();
        std::string text_of_none();
        """
    )
    assert ROOT.number_of_none() == -1
    assert ROOT.real_of_none() == -1.0
    assert ROOT.truth_of_none() is True
    assert ROOT.text_of_none() == ""
    assert ROOT.gSystem.Load("libNoneOfThisName") < 0


def addresses_of_characters() -> None:
    """AsNumpy of `const char *` has addresses, and of std::string the text."""
    import ROOT

    assert ROOT.gInterpreter.Declare(
        """
        const char *text() { return "pe"; }
        std::size_t address() { return reinterpret_cast<std::size_t>(text()); }
        """
    )
    frame = ROOT.RDataFrame(2).Define("c", "text()").Define("s", "std::string(c)")
    found = frame.AsNumpy(["c", "s"])
    assert [int(one) for one in found["c"]] == [ROOT.address()] * 2
    assert list(found["s"]) == ["pe", "pe"]


def arrays_of_eight_bits() -> None:
    """They are characters in PyROOT's loop, and numbers otherwise."""
    import numpy as np
    import ROOT

    fixed, length, variable = np.zeros(3, "int8"), np.zeros(1, "int32"), np.zeros(3, "int8")
    file = ROOT.TFile("bytes.root", "RECREATE")
    tree = ROOT.TTree("t", "")
    tree.Branch("fixed", fixed, "fixed[3]/B")
    tree.Branch("n", length, "n/I")
    tree.Branch("variable", variable, "variable[n]/B")
    fixed[:], length[:], variable[:] = [65, 66, 67], 3, [68, 69, 70]
    tree.Fill()
    tree.Write()
    file.Close()

    file = ROOT.TFile("bytes.root")
    tree = file["t"]
    for event in tree:
        assert list(event.fixed) == ["A", "B", "C"]
        assert event.variable == "DEF"
    columns = ROOT.RDataFrame("t", "bytes.root").AsNumpy(["fixed", "variable"])
    assert [columns[name][0].tolist() for name in columns] == [[65, 66, 67], [68, 69, 70]]
    place = np.zeros(3, "int8")
    for name, written in (("fixed", [65, 66, 67]), ("variable", [68, 69, 70])):
        tree.SetBranchAddress(name, place)
        tree.GetEntry(0)
        assert place.tolist() == written
        tree.ResetBranchAddresses()


def views_of_vectors() -> None:
    """A vector that grows leaves a view at its old place; nothing here reads there. Copies stay."""
    import numpy as np
    import ROOT

    vector = ROOT.std.vector["int"]([1, 2, 3])
    view = np.asarray(vector)
    copy = np.array(vector)
    where = view.__array_interface__["data"][0]
    assert where == ROOT.addressof(vector.data())
    assert copy.__array_interface__["data"][0] != where
    vector.reserve(1000 * vector.capacity())
    assert view.__array_interface__["data"][0] == where != ROOT.addressof(vector.data())
    assert copy.tolist() == [1, 2, 3]

    histogram = ROOT.TH1D("h", "", 2, 0, 2)
    histogram.SetBinContent(1, 5)
    values, contents = histogram.values(), np.array(histogram.values())
    place = ROOT.addressof(histogram.GetArray())
    # The contents begin with the bin below the axis.
    assert values.__array_interface__["data"][0] == place + values.itemsize
    del values, histogram
    gc.collect()
    assert contents.tolist() == [5, 0]


def generated_offsets() -> None:
    """Trees with kGenerateOffsetMap are right forwards only."""
    import ROOT

    assert ROOT.gInterpreter.Declare(
        """
        void write_offsets() {
          TFile file("offsets.root", "RECREATE");
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
        """
    )
    ROOT.write_offsets()
    written = [[10 * entry + k for k in range(entry % 4)] for entry in range(300)]
    for order, right in ((range(300), True), (range(299, -1, -1), False)):
        with ROOT.TFile("offsets.root") as file:
            found = {entry: list(file["t"].x) for entry in order if file["t"].GetEntry(entry)}
        assert [len(found[entry]) for entry in range(300)] == [len(one) for one in written]
        assert ([found[entry] for entry in range(300)] == written) is right
    frame = ROOT.RDataFrame("t", "offsets.root").AsNumpy(["x"])["x"]
    assert [len(one) for one in frame] == [len(one) for one in written]
    assert [one.tolist() for one in frame] != written
    numbers = [float(one) for row in written for one in row]
    with ROOT.TFile("offsets.root") as file:
        count = file["t"].Draw("x", "", "goff")
        assert count == len(numbers)
        assert [file["t"].GetV1()[k] for k in range(count)] != numbers


def second_base_classes() -> None:
    """RDataFrame takes their members, and those of objects, from the beginning of the element."""
    import ROOT

    assert ROOT.gInterpreter.Declare(
        """
        struct Line { int width = 0; ClassDef(Line, 1) };
        struct Hit { int first = 0, second = 0; ClassDef(Hit, 1) };
        struct Track : TObject, Line { int number = 0; Hit hit; ClassDef(Track, 1) };
        void write_tracks() {
          TFile file("tracks.root", "RECREATE");
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
        """
    )
    ROOT.write_tracks()
    # An element begins with TObject's fUniqueID, which is 0, and fBits.
    bits = int(ROOT.TObject.kNotDeleted)
    for name, written, seen in (
        ("number", [7, 8], [7, 8]),
        ("width", [20, 21], [0, 0]),
        ("hit.first", [30, 31], [0, 0]),
        ("hit.second", [40, 41], [bits, bits]),
    ):
        column = f"tracks.{name}"
        found = ROOT.RDataFrame("t", "tracks.root").AsNumpy([column])[column]
        assert found[0].tolist() == seen, (name, found)
        with ROOT.TFile("tracks.root") as file:
            count = file["t"].Draw(column, "", "goff")
            assert [int(file["t"].GetV1()[k]) for k in range(count)] == written


def scalars_that_become_arrays() -> None:
    """Reading the array leaves memory behind, if the chain's first file has a number there."""
    import numpy as np
    import ROOT

    reads, lost = 40_000, 200  # bytes that each read loses at least
    for path, length in (("scalar.root", 1), ("array.root", 100)):
        with ROOT.TFile(path, "RECREATE"):
            tree = ROOT.TTree("t", "")
            values = np.arange(length, dtype="f4") + 1
            tree.Branch("x", values, f"x[{length}]/F" if length > 1 else "x/F")
            tree.Fill()
            tree.Write()

    def grown(source: Any) -> int:
        before = _resident()
        for _ in range(reads):
            source.x  # noqa: B018
        return _resident() - before

    chain = ROOT.TChain("t")
    chain.Add("scalar.root")
    chain.Add("array.root")
    chain.GetEntry(0)
    assert chain.x == 1
    chain.GetEntry(1)
    assert list(chain.x) == list(range(1, 101))
    assert grown(chain) > reads * lost
    with ROOT.TFile("array.root") as file:
        file["t"].GetEntry(0)
        assert list(file["t"].x) == list(range(1, 101))
        assert grown(file["t"]) < reads * lost / 2


def _resident() -> int:
    """The bytes of memory that this process uses."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def registration_of_histograms() -> None:
    """With registration off, Write of a file writes trees only, Write of a histogram that."""
    script = """
import ROOT
file = ROOT.TFile("registered.root", "RECREATE")
kept, other, tree = ROOT.TH1D("kept", "", 2, 0, 1), ROOT.TH1D("h", "", 2, 0, 1), ROOT.TTree("t", "")
file.Write()
print(*sorted({key.GetName() for key in file.GetListOfKeys()}))
kept.Write()
file.WriteObject(other, "other")
print(*sorted({key.GetName() for key in file.GetListOfKeys()}))
"""
    for setting, written in (("1", "h kept t\nh kept other t"), ("0", "t\nkept other t")):
        done = subprocess.run(
            [sys.executable, "-I", "-c", script],
            env={**os.environ, "ROOT_OBJECT_AUTO_REGISTRATION": setting},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert done.stdout == written + "\n", (setting, done.stdout)


def parallel_loops() -> None:
    """OpenMP's pragmas are taken and ignored; threads of C++ are threads."""
    import ROOT

    code = """
#include <mutex>
#include <set>
#include <thread>
std::mutex one;
std::set<std::thread::id> seen;
void see() { std::lock_guard<std::mutex> guard(one); seen.insert(std::this_thread::get_id()); }
int loop() {
   seen.clear();
   #pragma omp parallel for num_threads(4)
   for (int i = 0; i < 1000; ++i) see();
   return seen.size();
}
int threads() {
   seen.clear();
   see();
   std::thread other(see);
   other.join();
   return seen.size();
}
"""
    assert ROOT.gInterpreter.Declare(code)
    assert (ROOT.loop(), ROOT.threads()) == (1, 2)


def missing_integers() -> None:
    """FromPandas takes integers as they are, and as doubles where one is missing."""
    import numpy as np
    import pandas as pd
    import ROOT

    large = 2**53 + 1
    for last, kind in ((5, np.int64), (None, np.float64)):
        frame = pd.DataFrame({"x": pd.Series([large, last], dtype="Int64")})
        found = ROOT.RDF.FromPandas(frame).AsNumpy()["x"]
        assert found.dtype == kind
        assert (int(found[0]) == large) == (last is not None)
    rest = ROOT.RDF.FromPandas(frame.dropna()).AsNumpy()["x"]
    assert rest.tolist() == [large], rest


if __name__ == "__main__":
    globals()[sys.argv[1]]()
