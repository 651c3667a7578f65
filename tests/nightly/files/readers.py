"""What readers have of every branch and histogram of a file."""

from __future__ import annotations

import itertools
import json
import mmap
from collections.abc import Callable, Container, Iterator, Sequence
from typing import IO, Any

from ..reading.read import Plain

ENTRIES = 100  # of each tree, at most


# How a leaf calls its numbers, and the method that has them.
INTEGERS = ("Char_t", "Short_t", "Int_t", "Long_t", "Long64_t")
NUMBERS = {
    **dict.fromkeys((*INTEGERS, *(f"U{name}" for name in INTEGERS), "Bool_t"), "GetValueLong64"),
    **dict.fromkeys(("Float_t", "Double_t", "Float16_t", "Double32_t"), "GetValue"),
}


class NoNumbers(Exception):
    """A member that is an object."""


class NoColumn(Exception):
    """A branch that RDataFrame has no column of."""


class Lines:
    """Writes what comes of columns, and leaves a note of where a process was when it ended."""

    def __init__(self, out: IO[str], file: str, note: mmap.mmap, done: Container[str]) -> None:
        self.out, self.file, self.note, self.done = out, file, note, done

    def begin(self, column: str) -> bool:
        """Note what is read next; return whether it is not done."""
        name = column.encode()[: len(self.note) - 1] + b"\0"
        self.note[: len(name)] = name
        return column not in self.done

    def write(self, column: str, **came: Any) -> None:
        """Write the line of a column."""
        print(json.dumps({"file": self.file, "column": column, **came}), file=self.out, flush=True)

    def values(self, column: str, read: Callable[[Plain], Any]) -> None:
        """Write what a function returns, or the error that it raises."""
        if not self.begin(column):
            return
        plain = Plain()
        try:
            values = read(plain)
            self.write(column, kinds=sorted(plain.kinds), values=values)
        except Exception as error:
            self.error(column, error)

    def error(self, column: str, error: Exception) -> None:
        """Write an error's class and its message."""
        self.write(column, error=type(error).__name__, message=str(error)[:2000])


# -- uproot ----------------------------------------------------------------------------------------


def uproot(path: str, lines: Lines) -> None:
    """`array()` of each branch, and `values` and `errors` of each histogram."""
    import uproot

    with uproot.open(path) as file:
        for name, kind in file.classnames(cycle=False).items():
            if kind in ("TTree", "TNtuple", "TNtupleD", "TChain"):
                try:
                    tree = file[name]
                except Exception as error:
                    lines.error(name, error)
                    continue
                for branch in _terminal(tree.branches):
                    _uproot_branch(name, branch, lines)
            elif _is_histogram(kind):
                lines.values(name, lambda _: _uproot_histogram(file[name]))  # noqa: B023


def _terminal(branches: Sequence[Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for branch in branches:
        name = above + branch.name
        if branch.branches:
            yield from _terminal(branch.branches, name + "/")
        else:
            yield name, branch


def _uproot_branch(tree: str, named: tuple[str, Any], lines: Lines) -> None:
    import awkward as ak

    name, branch = named
    leaves = [str(leaf.member("fName")) for leaf in branch.member("fLeaves")]
    array = None

    def read(plain: Plain, leaf: str = "") -> Any:
        nonlocal array
        array = branch.array(entry_stop=ENTRIES) if array is None else array
        return plain(array[leaf] if leaf else array)

    if len(leaves) > 1:
        for leaf in leaves:
            lines.values(f"{tree}:{name}:{leaf}", lambda plain: read(plain, leaf))  # noqa: B023
    else:
        lines.values(f"{tree}:{name}", read)
    assert array is None or isinstance(array, ak.Array)


def _uproot_histogram(histogram: Any) -> Any:
    return [part.T.ravel().tolist() for part in (histogram.values(True), histogram.errors(True))]


def _is_histogram(kind: str) -> bool:
    return kind.startswith(("TH1", "TH2", "TH3", "TProfile"))


# -- ROOT ------------------------------------------------------------------------------------------


def _objects(folder: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """The names and classes of what a file of ROOT has, without older cycles."""
    import ROOT

    seen = set()
    for key in folder.GetListOfKeys():
        name, kind = str(key.GetName()), str(key.GetClassName())
        if name in seen:
            continue
        seen.add(name)
        known = ROOT.TClass.GetClass(kind)
        if known and known.InheritsFrom("TDirectory"):
            yield from _objects(folder.Get(name), f"{above}{name}/")
        else:
            yield above + name, kind


class Branch:
    """A leaf of a branch of a tree, with its names."""

    def __init__(self, tree: str, path: Sequence[str], leaf: Any, only: bool) -> None:
        self.path, self.leaf, self.only = path, leaf, only
        self.name = path[-1] if only else str(leaf.GetName())
        self.column = f"{tree}:{'/'.join(path)}" + ("" if only else f":{self.name}")

    def names(self) -> Iterator[str]:
        """The names by which RDataFrame may know it, the longest first."""
        for first in range(len(self.path)):
            name = ".".join(part.rstrip(".") for part in self.path[first:])
            yield name if self.only else f"{name}.{self.name}"
        yield self.name

    def value(self, event: Any) -> Any:
        """What it has in the entry that is read: an attribute, or the numbers of a member."""
        return getattr(event, self.name) if len(self.path) == 1 else self._member()

    def _member(self) -> Any:
        leaf, counted = self.leaf, self.leaf.GetBranch().GetBranchCount()
        kind = str(leaf.GetTypeName())
        if kind not in NUMBERS:
            raise NoNumbers(kind)
        ask = getattr(leaf, NUMBERS[kind])
        # A leaf that others have their length from has that length, too.
        length = 1 if leaf.IsRange() and not counted else leaf.GetLen()
        values = [ask(i) for i in range(length)]
        values = [value != 0 for value in values] if kind == "Bool_t" else values
        single = length == leaf.GetLenStatic() == 1 and not counted
        return values[0] if single else values


def _branches(tree: str, branches: Any, above: Sequence[str] = ()) -> Iterator[Branch]:
    for branch in branches:
        path = [*above, str(branch.GetName())]
        if inner := list(branch.GetListOfBranches()):
            yield from _branches(tree, inner, path)
        else:
            leaves = list(branch.GetListOfLeaves())
            for leaf in leaves:
                yield Branch(tree, path, leaf, len(leaves) == 1)


def _trees(path: str, lines: Lines, histograms: bool = False) -> Iterator[tuple[str, Any, Any]]:
    import ROOT

    with ROOT.TFile.Open(path) as file:
        for name, kind in _objects(file):
            known = ROOT.TClass.GetClass(kind)
            if known and known.InheritsFrom("TTree"):
                lines.begin(name)
                tree = file.Get(name)
                yield name, tree, list(_branches(name, tree.GetListOfBranches()))
            elif histograms and _is_histogram(kind):
                lines.values(name, lambda _: _root_histogram(file.Get(name)))  # noqa: B023


def pyroot(path: str, lines: Lines) -> None:
    """A tree in the loop over its entries, and the bins of histograms.

    The attributes of the tree are its branches. An attribute for a member of a split object is an
    error or ends the process: these are read from their leaves.
    """
    for name, tree, branches in _trees(path, lines, histograms=True):
        came: dict[str, tuple[Plain, list[Any]]] = {b.column: (Plain(), []) for b in branches}
        failed: dict[str, Exception] = {}
        if not lines.begin(name):
            continue
        for event in itertools.islice(tree, ENTRIES):
            for branch in branches:
                if not lines.begin(branch.column) or branch.column in failed:
                    continue
                plain, values = came[branch.column]
                try:
                    values.append(plain(branch.value(event)))
                except Exception as error:
                    failed[branch.column] = error
            lines.begin(name)
        for column, (plain, values) in came.items():
            if column in failed:
                lines.error(column, failed[column])
            elif column not in lines.done:
                lines.write(column, kinds=sorted(plain.kinds), values=values, flat="/" in column)


def _root_histogram(histogram: Any) -> Any:
    cells = range(histogram.GetNcells())
    both = histogram.GetBinContent, histogram.GetBinError
    return [[ask(cell) for cell in cells] for ask in both]


def as_numpy(path: str, lines: Lines) -> None:
    """RDataFrame's AsNumpy of each column."""
    import ROOT

    for name, _, branches in _trees(path, lines):
        if not lines.begin(name):
            continue
        frame = ROOT.RDataFrame(name, path)
        known = {str(column) for column in frame.GetColumnNames()}

        def read(plain: Plain, branch: Branch) -> Any:
            column = next((one for one in branch.names() if one in known), None)  # noqa: B023
            if column is None:
                raise NoColumn
            return plain(frame.Range(ENTRIES).AsNumpy([column])[column])  # noqa: B023

        for branch in branches:
            lines.values(branch.column, lambda plain: read(plain, branch))  # noqa: B023


def root_numpy(path: str, lines: Lines) -> None:
    """What root2array has of each branch with one leaf that is not the member of an object."""
    from root_numpy import root2array

    for name, _, branches in _trees(path, lines):
        for branch in (one for one in branches if one.only and len(one.path) == 1):
            lines.values(
                branch.column,
                lambda plain: plain(root2array(path, name, branch.name, stop=ENTRIES)),  # noqa: B023
            )


READERS: dict[str, Callable[[str, Lines], None]] = {
    "pyroot": pyroot,
    "as_numpy": as_numpy,
    "uproot": uproot,
    "root_numpy": root_numpy,
}
