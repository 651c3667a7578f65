"""Write what one reader makes of each type in the file of write.py.

python -I read.py READER CASES.json FILE OUT.jsonl NAME...

A line of OUT is what came of a case. It has the form of one entry's value in the reader's own
words, the types of the numbers in it, and the values as plain Python. The test compares them:
nothing here knows what is right.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SECONDS = 300  # for a case; the longest took 15
MEMBERS: dict[str, list[str]] = {}  # of the classes of cases.py
# Long names of C++, and what ROOT's users call them.
SHORT = {
    "ROOT::Math::LorentzVector<ROOT::Math::PtEtaPhiM4D<double> >": "ROOT::Math::PtEtaPhiMVector",
    "ROOT::Math::DisplacementVector3D<ROOT::Math::Cartesian3D<double>,"
    "ROOT::Math::DefaultCoordinateSystemTag>": "ROOT::Math::XYZVector",
}


class Absent(Exception):
    """A reader that says nothing of a column."""


# -- what came, as plain Python --------------------------------------------------------------------


class Plain:
    """Makes plain Python of a reader's values, and remembers the types of their numbers."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def __call__(self, value: Any) -> Any:
        """The value as numbers, strings, lists and dictionaries."""
        if value is None or value is np.ma.masked or type(value).__name__ == "NAType":
            return None
        if isinstance(value, np.void):
            return self({name: value[name] for name in value.dtype.names})
        if isinstance(value, (np.generic, bool, int, float, str, bytes)):
            self.kinds.add(scalar(value))
            value = value.item() if isinstance(value, np.generic) else value
            if isinstance(value, int) and not isinstance(value, bool):
                return int(value)  # an enum of cppyy's is an int
            return value.decode("latin1") if isinstance(value, bytes) else value
        if isinstance(value, np.ndarray) and not value.ndim:
            return self(value[()])
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.itemsize <= 8:
            self.kinds.update({str(value.dtype.newbyteorder("="))} if value.size else ())
            return value.tolist()
        if isinstance(value, (np.ndarray, list, tuple)):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {name: self(item) for name, item in value.items()}
        if type(value).__module__.startswith("uproot"):
            return self.uproot(value)
        if type(value).__module__.startswith("awkward"):
            awkward_form(value, self)
            return value.to_list()
        return self.cpp(value)

    def uproot(self, value: Any) -> Any:
        """An object of uproot's, for a class or a container of C++."""
        if hasattr(value, "all_members") and not isinstance(value, Sequence):
            return self({k: v for k, v in value.all_members.items() if not k.startswith("@")})
        if hasattr(value, "keys"):
            return [[self(key), self(value[key])] for key in value.keys()]  # noqa: SIM118
        return [self(item) for item in value]

    def cpp(self, value: Any) -> Any:
        """An object of C++."""
        name = cpp_name(value).removeprefix("std::")
        if parts := PARTS.get(name.partition("<")[0]):
            return self(parts(value))
        if name in MEMBERS:
            return self({member: getattr(value, member) for member in MEMBERS[name]})
        return [self(item) for item in value]


def held(value: Any, at: int) -> Any:
    """What a variant or a tuple of C++ holds at a place."""
    import ROOT

    return ROOT.std.get[int(at)](value)


def parts_of_tuple(value: Any) -> list[Any]:
    """What a tuple of C++ holds."""
    import ROOT

    return [held(value, at) for at in range(int(ROOT.std.tuple_size[type(value)].value))]


def asked(**members: str) -> Callable[[Any], dict[str, Any]]:
    """For members of an object, by the functions that have them."""
    return lambda value: {member: getattr(value, name)() for member, name in members.items()}


# What is in objects of C++, by their class.
PARTS: dict[str, Callable[[Any], Any]] = {
    "pair": lambda value: [value.first, value.second],
    "tuple": parts_of_tuple,
    "variant": lambda value: held(value, value.index()),
    "optional": lambda value: value.value() if value.has_value() else None,
    "unique_ptr": lambda value: value.__deref__() if value else None,
    "atomic": lambda value: value.load(),
    "complex": lambda value: [complex(value).real, complex(value).imag],
    "bitset": lambda value: [bool(value.test(bit)) for bit in range(value.size())],
    "string": str,
    "TString": str,
    "TObjString": asked(fString="GetName"),
    "TNamed": asked(fName="GetName", fTitle="GetTitle"),
    "TVector2": asked(fX="X", fY="Y"),
    "TVector3": asked(fX="X", fY="Y", fZ="Z"),
    "TLorentzVector": asked(fX="X", fY="Y", fZ="Z", fE="E"),
    "ROOT::Math::XYZVector": asked(fX="X", fY="Y", fZ="Z"),
    "ROOT::Math::PtEtaPhiMVector": asked(fPt="Pt", fEta="Eta", fPhi="Phi", fM="M"),
    "ROOT::RNTupleCardinality": int,
    "TBits": lambda value: [bool(value.TestBitNumber(at)) for at in range(value.GetNbits())],
    "TDatime": asked(fDatime="Get"),
    "TTimeStamp": asked(fSec="GetSec", fNanoSec="GetNanoSec"),
    "TH1D": lambda value: {"fArray": [value.GetBinContent(i) for i in range(value.GetNcells())]},
    "TVectorT": lambda value: {"fElements": list(value)},
    "TMatrixT": lambda value: {
        "fElements": [value(i, j) for i in range(value.GetNrows()) for j in range(value.GetNcols())]
    },
    "TRef": lambda value: {"ref": value.GetUniqueID()},
}


def scalar(value: Any) -> str:
    """The type of a number or a string."""
    if isinstance(value, np.generic) and value.dtype.kind not in "US":
        return str(value.dtype)
    for kind in (bool, int, float, str, bytes):
        if isinstance(value, kind):
            return kind.__name__
    raise TypeError(type(value))


def cpp_name(value: Any) -> str:
    """The type of an object, with C++'s own name if it is of C++."""
    name = str(getattr(type(value), "__cpp_name__", type(value).__name__))
    return SHORT.get(name, name)


def form(value: Any) -> str:
    """What a value is, in the words of its own library."""
    if value is None or value is np.ma.masked:
        return "masked"
    if isinstance(value, np.ndarray) and not value.ndim:
        return form(value[()])
    if isinstance(value, np.void):
        return "record of " + ", ".join(form(value[name]) for name in value.dtype.names)
    if isinstance(value, (np.generic, bool, int, float, str, bytes)):
        return scalar(value)
    if isinstance(value, np.ndarray):
        many = f"{value.ndim}-d " if value.ndim > 1 else ""
        inner = {form(item) for item in value} if value.dtype == object else {words(value.dtype)}
        return f"{many}array of {' or '.join(sorted(inner)) or 'objects'}"
    return cpp_name(value).replace("ROOT::VecOps::", "ROOT::").replace(" >", ">")


def words(kind: np.dtype[Any]) -> str:
    """A type of NumPy's: that of strings, without their length."""
    if kind.names:
        return "record of " + ", ".join(words(kind[name]) for name in kind.names)
    return {"U": "str", "S": "bytes"}.get(kind.kind, str(kind))


# -- the readers -----------------------------------------------------------------------------------


@dataclass
class Came:
    """What came of a column: a value for each entry, their forms, and the entries' numbers."""

    values: list[Any] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)


def pyroot_tree(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """The loop over a tree."""
    import ROOT

    with ROOT.TFile.Open(path) as file:
        tree = file[case["name"]]
        came = Came()
        leaves = "x" not in {leaf.GetName() for leaf in tree.GetListOfLeaves()}
        for event in tree:
            if case["leaf"] and leaves and not case["ask"]:
                value: Any = {name: getattr(event, name) for name in case["fields"]}
                came.forms.add("the leaves " + ", ".join(case["fields"]))
            else:
                value = getattr(event, case["ask"] or "x")
                came.forms.add(form(value))
            came.values.append(plain(value))
            came.numbers.append(event.i)
    return came


def pyroot_ntuple(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """The loop over an RNTuple."""
    import ROOT

    reader = ROOT.RNTupleReader.Open(case["name"], path)
    entry = reader.CreateEntry()
    came = Came()
    for number in range(reader.GetNEntries()):
        reader.LoadEntry(number, entry)
        value = entry["x"]
        came.forms.add(form(value))
        came.values.append(plain(value))
        came.numbers.append(int(entry["i"]))
    return came


def as_numpy(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """RDataFrame.AsNumpy of all columns."""
    import ROOT

    frame = ROOT.RDataFrame(case["name"], path)
    columns = frame.AsNumpy(["i", case["ask"]]) if case["ask"] else frame.AsNumpy()
    return table({str(name): column for name, column in columns.items()}, case, plain)


def root_numpy(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """What root2array has of all branches."""
    from root_numpy import root2array

    branches = ["i", case["ask"]] if case["ask"] else None
    records = root2array(path, case["name"], branches)
    return table({name: records[name] for name in records.dtype.names}, case, plain)


def table(columns: Mapping[str, Any], case: dict[str, Any], plain: Plain) -> Came:
    """The column x of a table of arrays, or those of its members."""
    came = Came(numbers=[int(number) for number in columns["i"]])
    name = case["ask"] or "x"
    if name in columns and not is_count(columns[name], case):
        for value in columns[name]:
            came.forms.add(form(value))
            came.values.append(plain(value))
        return came
    members = [name for name in columns if name not in ("i", "n", "x")]
    if not members:
        raise Absent
    came.forms.add("columns " + ", ".join(members))
    came.values = [{} for _ in came.numbers]
    for member in members:
        for row, value in enumerate(columns[member]):
            came.values[row][member] = plain(value)
    return came


def is_count(column: Any, case: dict[str, Any]) -> bool:
    """Whether a column has only the number of a TClonesArray's objects."""
    return bool(case["fields"]) and isinstance(next(iter(column), None), np.int32)


def awkward_form(array: Any, plain: Plain) -> str:
    """The type of the entries of an array, in Awkward's words; `plain` gets its numbers'."""
    import awkward as ak

    said = str(ak.type(array))
    found = re.findall(r"\b(?:u?int\d+|float\d+|bool|string|bytes)\b", said)
    plain.kinds.update({"string": "str"}.get(kind, kind) for kind in found)
    entry = said.partition(" * ")[2]
    return entry.replace('[var * int32, parameters={"__array__": "set"}]', "set of int32")


def uproot_awkward(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """All branches as uproot's arrays."""
    import awkward as ak

    got = arrays(path, case, "ak")
    came = Came(numbers=ak.to_list(got["i"]))
    name = case["ask"] or "x"
    if name in got.fields and (got[name].fields or not case["fields"] or got[name].ndim > 1):
        came.forms.add(awkward_form(got[name], plain))
        came.values = ak.to_list(got[name])
        return came
    members = [name for name in got.fields if name not in ("i", "n", "x")]
    if not members:
        raise Absent
    came.forms.add("columns " + ", ".join(members))
    for member in members:
        awkward_form(got[member], plain)
    came.values = ak.to_list(got[members])
    return came


def uproot_numpy(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """The same with library="np"."""
    return table(arrays(path, case, "np"), case, plain)


def uproot_pandas(path: str, case: dict[str, Any], plain: Plain) -> Came:
    """The same with library="pd"."""
    got = arrays(path, case, "pd")
    name = case["ask"] or "x"
    if name in got.columns and got[name].dtype == "awkward":
        column = got[name].ak.array
        return Came(column.to_list(), {awkward_form(column, plain)}, got["i"].tolist())
    return table({str(name): list(got[name].array) for name in got.columns}, case, plain)


def arrays(path: str, case: dict[str, Any], library: str) -> Any:
    """What uproot has of a tree or an RNTuple."""
    import uproot

    with uproot.open(path) as file:
        asked = ["i", case["ask"]] if case["ask"] else None
        return file[case["name"]].arrays(asked, library=library)


READERS: dict[str, Callable[[str, dict[str, Any], Plain], Came]] = {
    "pyroot_tree": pyroot_tree,
    "pyroot_ntuple": pyroot_ntuple,
    "as_numpy": as_numpy,
    "uproot_awkward": uproot_awkward,
    "uproot_numpy": uproot_numpy,
    "uproot_pandas": uproot_pandas,
    "root_numpy": root_numpy,
}


def entry(reader: str, path: str, case: dict[str, Any]) -> dict[str, Any]:
    """What came of a case."""
    plain = Plain()
    try:
        came = READERS[reader](path, case, plain)
    except Absent:
        return {"absent": True}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {
        "values": came.values,
        "numbers": came.numbers,
        "forms": sorted(came.forms),
        "kinds": sorted(plain.kinds),
    }


def main() -> None:
    """Read the cases that are named, each in a copy of this process.

    So one that ends the interpreter hides no other. Nor does one that ROOT cannot compile: in its
    process, others could not be read either.
    """
    reader, plan_file, path, out, *names = sys.argv[1:]
    with open(plan_file) as opened:
        plan = json.load(opened)
    MEMBERS.update(plan["members"])
    warnings.simplefilter("ignore")
    if reader in ("pyroot_tree", "pyroot_ntuple", "as_numpy", "root_numpy"):
        import ROOT

        ROOT.gInterpreter.Declare(plan["classes"])
    cases = [case for case in plan["cases"] if case["name"] in names]
    entry(reader, path, cases[0])  # the copies have what this imports and compiles
    for case in cases:
        child = os.fork()
        if not child:
            signal.alarm(SECONDS)
            came = json.dumps({"name": case["name"], **entry(reader, path, case)})
            with open(out, "a") as lines:
                print(came, file=lines)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            hangs = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
            came = json.dumps({"name": case["name"], "fate": "hangs" if hangs else "crashes"})
            with open(out, "a") as lines:
                print(came, file=lines)


if __name__ == "__main__":
    main()
