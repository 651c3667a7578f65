"""What docs/readers.md and docs/pyroot.md say beside the tables: a function for each asserts it.

python notes.py NAME        in an empty folder, by the Python of an environment
"""

import os
import subprocess
import sys
import warnings
from pathlib import Path

HADD = Path(sys.executable).with_name("hadd")
FEW, MORE = {"x": "double"}, {"v": "int", "x": "double", "y": "double"}


def _write(path: str, fields: "dict[str, str]") -> None:
    """Write an RNTuple of three rows, each with its number in all fields."""
    import ROOT

    model = ROOT.RNTupleModel.Create()
    for field, kind in fields.items():
        model.MakeField[kind](field)
    with ROOT.RNTupleWriter.Recreate(model, "rows", path) as writer:
        for number in (1, 2, 3):
            entry = writer.CreateEntry()
            for field in fields:
                entry[field] = number
            writer.Fill(entry)


def merged_fields() -> None:
    """Only the first file's fields are left by hadd, or an empty file; Union keeps all."""
    import ROOT
    import uproot

    _write("few.root", FEW)
    _write("more.root", MORE)
    first = subprocess.run([HADD, "first.root", "few.root", "more.root"], check=False)
    assert first.returncode == 0
    with uproot.open("first.root") as file:
        assert file["rows"].arrays().tolist() == [{"x": n} for n in (1, 2, 3)] * 2
    second = subprocess.run([HADD, "second.root", "more.root", "few.root"], check=False)
    assert second.returncode == 1
    with uproot.open("second.root") as file:
        assert file.keys() == []

    merger = ROOT.TFileMerger(False)
    merger.OutputFile("union.root", "RECREATE")
    merger.SetMergeOptions("rntuple.MergingMode=Union")
    assert merger.AddFile("few.root") and merger.AddFile("more.root") and merger.Merge()
    with uproot.open("union.root") as file:
        rows = file["rows"].arrays().tolist()
    assert rows[:3] == [{"x": n, "v": 0, "y": 0} for n in (1, 2, 3)]
    assert rows[3:] == [{"x": n, "v": n, "y": n} for n in (1, 2, 3)]


def names_of_fields() -> None:
    """A field with a slash, a dot or a blank in its name hides the others from ROOT only."""
    import numpy as np
    import ROOT
    import uproot

    values = np.array([1.0, 2.0])
    for name, known in (("a/b", False), ("a.b", False), ("a b", False), ("a_b", True)):
        with uproot.recreate("names.root") as file:
            file.mkrntuple("rows", {name: values, "other": values})
        with uproot.open("names.root") as file:
            assert file["rows"].arrays()["other"].tolist() == values.tolist()
        try:
            found = ROOT.RDataFrame("rows", "names.root").AsNumpy(["other"])["other"].tolist()
        except Exception as error:
            found = str(error)
        if known:
            assert found == values.tolist(), (name, found)
        else:
            assert f"Field name '{name}' cannot contain character" in found, (name, found)


def referenced_objects() -> None:
    """The fBits of objects that a TRef refers to are wrong in uproot, and right in RDataFrame."""
    import ROOT
    import uproot

    file = ROOT.TFile("bits.root", "RECREATE")
    tree = ROOT.TTree("t", "")
    lines = ROOT.TClonesArray("TLine", 3)
    tree.Branch("lines", lines)
    written, references = [], []
    for entry in range(3):
        lines.Clear("C")
        made = [lines.ConstructedAt(i) for i in range(3)]
        if entry:
            references.append(ROOT.TRef(made[1]))
        written.append([line.TestBit(ROOT.TObject.kIsReferenced) for line in made])
        tree.Fill()
    tree.Write()
    file.Close()
    assert written == [[False] * 3, [False, True, False], [False, True, False]]
    bits = ROOT.RDataFrame("t", "bits.root").AsNumpy(["lines.fBits"])["lines.fBits"]
    found = [[bool(bit & ROOT.TObject.kIsReferenced) for bit in entry] for entry in bits]
    assert found == written
    with uproot.open("bits.root") as opened:
        assert opened["t"].num_entries == len(written)
        # Each referenced object has two more bytes there; two of them are taken for a number.
        assert len(opened["t"]["lines.fBits"].array()[-1]) == len(written[-1]) + 1


def columns_left_out() -> None:
    """What array2root leaves out with a warning, root_pandas writes or refuses."""
    import numpy as np
    import pandas as pd
    import root_numpy
    import root_pandas
    import uproot

    kinds = ("<U5", ">f8", "f2", "M8[s]", "c16", "g")
    rows = np.zeros(3, [("good", "i4"), *((f"x{i}", kind) for i, kind in enumerate(kinds))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        root_numpy.array2root(rows, "rows.root", "t", mode="recreate")
    assert len([one for one in caught if "(skipping)" in str(one.message)]) == len(kinds)
    with uproot.open("rows.root") as file:
        assert file["t"].keys() == ["good"]

    for kind in ("f2", "M8[s]", "c16"):
        frame = pd.DataFrame({"good": [1, 2], "x": np.zeros(2, kind)})
        refused = ""
        try:
            root_pandas.to_root(frame, "frame.root", key="t", store_index=False)
        except TypeError as error:
            refused = str(error)
        assert "'x'" in refused, (kind, refused)
    frame = pd.DataFrame({"x": np.array([1.5, 2.5], ">f8")})
    root_pandas.to_root(frame, "frame.root", key="t", store_index=False)
    with uproot.open("frame.root") as file:
        assert file["t"]["x"].array().tolist() == [1.5, 2.5]


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
