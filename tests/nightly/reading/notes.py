"""What docs/readers.md says beside the tables: a function for each asserts it.

python notes.py NAME        in an empty folder, by the Python of an environment
"""

import struct
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


def branches_left_out() -> None:
    """TTree.Branch makes no branch of a collection without a compiled dictionary; a field does."""
    import ROOT
    import uproot

    assert ROOT.gInterpreter.Declare(
        """
        #include <ROOT/RNTupleModel.hxx>
        #include <ROOT/RNTupleWriter.hxx>
        bool write_left_out() {
          TFile file("out.root", "RECREATE");
          TTree tree("t", "");
          int good = 1;
          std::vector<std::pair<int, double>> pairs{{3, 0.5}};
          tree.Branch("good", &good);
          bool made = tree.Branch("pairs", &pairs);
          tree.Fill();
          tree.Write();
          auto model = ROOT::RNTupleModel::Create();
          *model->MakeField<std::vector<std::pair<int, double>>>("pairs") = pairs;
          ROOT::RNTupleWriter::Append(std::move(model), "rows", file)->Fill();
          return made;
        }
        """
    )
    assert not ROOT.write_left_out()
    with uproot.open("out.root") as file:
        assert file["t"].keys() == ["good"]
        assert file["rows"].arrays().tolist() == [{"pairs": [(3, 0.5)]}]


def long_doubles() -> None:
    """The first eight bytes of a `long double` are written, as if they were a double."""
    import ROOT
    import uproot

    assert ROOT.gInterpreter.Declare(
        """
        struct Wide { long double x; };
        void write_wide() {
          TFile file("wide.root", "RECREATE");
          TTree tree("t", "");
          Wide wide{0.75};
          tree.Branch("wide", &wide);
          tree.Fill();
          tree.Write();
        }
        """
    )
    ROOT.write_wide()
    # 0.75 has the significand 0b11 << 62, which stands first. A double of these bits is -2.
    (seen,) = struct.unpack("<d", (0b11 << 62).to_bytes(8, "little"))
    with uproot.open("wide.root") as file:
        assert file["t"]["x"].array().tolist() == [seen] == [-2.0]
    assert ROOT.RDataFrame("t", "wide.root").AsNumpy(["x"])["x"].tolist() == [seen]
    refused = ""
    try:
        ROOT.RNTupleModel.Create().MakeField["Wide"]("wide")
    except Exception as error:
        refused = str(error)
    assert "unknown type: long double" in refused, refused


COLUMN = """
import sys
import ROOT
for column in sys.argv[1:]:
    try:
        ROOT.RDataFrame("rows", "rows.root").AsNumpy([column])
        print(column, "read")
    except Exception as error:
        print(column, type(error).__name__)
"""


def after_an_error() -> None:
    """A column that AsNumpy has no way to copy is an error, and then others are, too."""
    import ROOT

    assert ROOT.gInterpreter.Declare(
        """
        #include <ROOT/RNTupleModel.hxx>
        #include <ROOT/RNTupleWriter.hxx>
        void write_rows() {
          auto model = ROOT::RNTupleModel::Create();
          model->MakeField<std::unique_ptr<double>>("pointer");
          model->MakeField<std::tuple<int, double>>("tuple");
          auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "rows", "rows.root");
          writer->Fill();
        }
        """
    )
    ROOT.write_rows()
    for columns, seen in (
        (("tuple",), ["tuple read"]),
        (("pointer", "tuple"), ["pointer ValueError", "tuple ValueError"]),
    ):
        argv = [sys.executable, "-I", "-c", COLUMN, *columns]
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout.splitlines() == seen, done.stdout


if __name__ == "__main__":
    globals()[sys.argv[1]]()
