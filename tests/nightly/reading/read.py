"""Write what one reader makes of each type in the file of write.py.

python -I read.py READER CASES.json FILE OUT.jsonl NAME...

A line of OUT is the name of a case that begins, or what came of it. That is the form of one entry's
value in the reader's own words, the types of the numbers in it, and the values as plain Python. The
test compares them: nothing here knows what is right.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MEMBERS: dict[str, list[str]] = {}  # of the classes of cases.py
PARTS = {"TLorentzVector": "XYZE", "TVector3": "XYZ", "TVector2": "XY"}  # of ROOT's own


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
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.itemsize <= 8:
            self.kinds.update({str(value.dtype)} if value.size else ())
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
        if hasattr(value, "all_members"):
            return self({k: v for k, v in value.all_members.items() if not k.startswith("@")})
        if hasattr(value, "keys"):
            return [[self(key), self(value[key])] for key in value.keys()]  # noqa: SIM118
        return [self(item) for item in value]

    def cpp(self, value: Any) -> Any:
        """An object of C++."""
        name = cpp_name(value).removeprefix("std::")
        if name.startswith("pair<"):
            return [self(value.first), self(value.second)]
        if name.startswith("optional<"):
            return self(value.value()) if value.has_value() else None
        if name.startswith("bitset<"):
            return [self(bool(value.test(bit))) for bit in range(value.size())]
        if name in ("string", "TString"):
            return self(str(value))
        if name in PARTS:
            return self({f"f{part}": getattr(value, part)() for part in PARTS[name]})
        if name == "TRef":
            return self({"ref": value.GetUniqueID()})
        if name in MEMBERS:
            return self({member: getattr(value, member) for member in MEMBERS[name]})
        return [self(item) for item in value]


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
    return str(getattr(type(value), "__cpp_name__", type(value).__name__))


def form(value: Any) -> str:
    """What a value is, in the words of its own library."""
    if value is np.ma.masked:
        return "masked"
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
    if name in columns:
        for value in columns[name]:
            came.forms.add(form(value))
            came.values.append(plain(value))
        return came
    members = [name for name in columns if name not in ("i", "n")]
    if not members:
        raise Absent
    came.forms.add("columns " + ", ".join(members))
    came.values = [{} for _ in came.numbers]
    for member in members:
        for row, value in enumerate(columns[member]):
            came.values[row][member] = plain(value)
    return came


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
    if name in got.fields:
        came.forms.add(awkward_form(got[name], plain))
        came.values = ak.to_list(got[name])
        return came
    members = [name for name in got.fields if name not in ("i", "n")]
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


def main() -> None:
    """Read the cases that are named."""
    reader, plan_file, path, out, *names = sys.argv[1:]
    with open(plan_file) as opened:
        plan = json.load(opened)
    MEMBERS.update(plan["members"])
    warnings.simplefilter("ignore")
    if reader in ("pyroot_tree", "pyroot_ntuple", "as_numpy", "root_numpy"):
        import ROOT

        ROOT.gInterpreter.Declare(plan["classes"])
    with open(out, "a") as lines:
        for case in plan["cases"]:
            if case["name"] not in names:
                continue
            print(json.dumps({"begins": case["name"]}), file=lines, flush=True)
            plain = Plain()
            entry: dict[str, Any] = {"name": case["name"]}
            try:
                came = READERS[reader](path, case, plain)
                entry |= {"values": came.values, "numbers": came.numbers}
                entry |= {"forms": sorted(came.forms), "kinds": sorted(plain.kinds)}
            except Absent:
                entry["absent"] = True
            except Exception as error:
                entry |= {"error": type(error).__name__, "message": str(error)}
            print(json.dumps(entry), file=lines, flush=True)


if __name__ == "__main__":
    main()
