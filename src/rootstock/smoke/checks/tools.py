"""The programs of ROOT work when called by their path: hadd, rootls, root-config, rootcling."""

import subprocess
import sys
from array import array
from pathlib import Path

import ROOT

BIN = Path(sys.prefix, "bin")


def call(name: str, *arguments: str) -> str:
    """Run a program of the environment; return its standard output."""
    result = subprocess.run(
        [str(BIN / name), *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and not result.stderr, (name, result)
    return result.stdout.strip()


for name, entries in (("one", 100), ("two", 200)):
    with ROOT.TFile(f"{name}.root", "RECREATE") as file:
        histogram = ROOT.TH1D("h", "", 10, 0, 10)
        tree = ROOT.TTree("t", "")
        number = array("i", [0])
        tree.Branch("number", number, "number/I")
        for i in range(entries):
            histogram.Fill(i % 10)
            number[0] = i
            tree.Fill()
        file.Write()

call("hadd", "-v", "0", "sum.root", "one.root", "two.root")
with ROOT.TFile("sum.root") as file:
    assert file["h"].GetEntries() == 300, file["h"].GetEntries()
    assert [file["h"].GetBinContent(i + 1) for i in range(10)] == [30] * 10
    numbers = [row.number for row in file["t"]]
    assert numbers == [*range(100), *range(200)], len(numbers)

assert call("rootls", "-1", "sum.root").split() == ["h", "t"], call("rootls", "-1", "sum.root")

assert call("root-config", "--version") == ROOT.gROOT.GetVersion()
prefix = Path(sys.prefix).resolve()
for option, witness in (
    ("--libdir", "libCore.so"),
    ("--incdir", "TROOT.h"),
    ("--bindir", "root.exe"),
    ("--etcdir", "system.rootrc"),
):
    folder = Path(call("root-config", option))
    assert folder.is_relative_to(prefix), f"root-config {option} is {folder}"
    assert (folder / witness).exists(), f"there is no {witness} in {folder}"
words = call("root-config", "--cflags", "--libs").split()
for word in words:
    if word.startswith(("-I", "-L")):
        folder = Path(word[2:])
        assert folder.is_relative_to(prefix) and folder.is_dir(), f"root-config gives {word}"
assert "-lCore" in words and any(word.startswith("-I") for word in words), words

# The C and C++ headers of the environment suffice to write the source of a dictionary.
Path("Event.h").write_text(
    "#include <cstdio>\n#include <vector>\n#include <TObject.h>\n"
    "struct Event { std::vector<double> energies; };\n"
)
Path("LinkDef.h").write_text("#pragma link C++ class Event+;\n")
call("rootcling", "-f", "dictionary.cxx", "Event.h", "LinkDef.h")
assert "Event" in Path("dictionary.cxx").read_text()
