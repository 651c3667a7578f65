"""Arrays of every type of a branch are filled from a tree: NumPy's, and array's."""

import array

import numpy as np
import ROOT

# A leaf's letter, and the types of arrays for it: NumPy's, and the letters of array.array.
TYPES = {
    "B": ("i1", "b"),
    "b": ("u1", "B"),
    "S": ("i2", "h"),
    "s": ("u2", "H"),
    "I": ("i4", "i"),
    "i": ("u4", "I"),
    "L": ("i8", "lq"),
    "l": ("u8", "LQ"),
    "G": ("i8", "l"),
    "g": ("u8", "L"),
    "F": ("f4", "f"),
    "D": ("f8", "d"),
    "O": ("b1", ""),
}

file = ROOT.TFile("arrays.root", "RECREATE")
tree = ROOT.TTree("t", "")
columns = {}
for letter, (dtype, _) in TYPES.items():
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        values = [limits.min, 1, limits.max]
    else:
        values = [0, 1, 1] if kind.kind == "b" else [-0.5, 1, np.finfo(kind).max]
    columns[letter] = np.array(values, dtype=kind)
    # Names that differ by more than their case.
    tree.Branch(f"v{ord(letter)}", columns[letter], f"v{ord(letter)}[3]/{letter}")
tree.Fill()
tree.Write()
file.Close()

file = ROOT.TFile("arrays.root")
chain = ROOT.TChain("t")
chain.Add("arrays.root")
for source in (file["t"], chain):
    for letter, (dtype, codes) in TYPES.items():
        name, truth = f"v{ord(letter)}", columns[letter]
        places = [np.zeros(3, dtype), np.zeros((1, 3), dtype)]
        places += [array.array(code, [0, 0, 0]) for code in codes]
        for place in places:
            assert source.SetBranchAddress(name, place) == 0, (name, place)
            assert source.GetEntry(0) > 0
            assert np.array_equal(np.ravel(place), truth), (name, place, truth)
        source.ResetBranchAddresses()

tree = file["t"]
for name, unfit in (
    (f"v{ord('L')}", np.zeros(6, "i8")[::2]),  # the values would go between its own
    (f"v{ord('I')}", np.zeros(3, "i1")),  # too small
):
    try:
        tree.SetBranchAddress(name, unfit)
    except TypeError:
        pass
    else:
        raise AssertionError(f"{name} takes an array that is unfit for it")
