"""Write what one reader has of every branch and histogram of files, each in a process of its own.

python -s -m nightly.files.read READER OUT FILE...      with the folder tests as PYTHONPATH

A line of OUT is for one column of a file: `TREE:BRANCH`, or the name of a histogram. It has the
types of the column's numbers and the values of the first entries as plain Python, or an error. The
test compares them: nothing here knows what is right.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

from .readers import READERS, Lines

SECONDS = 100  # of the processor, for a file; most take less than one
CRASHES = 5  # in a tree, after which its other columns are not read
WAITING = 1800  # seconds in all, for a file: processes may wait for each other
ENDING = [getattr(signal, f"SIG{name}") for name in ("SEGV", "ABRT", "BUS", "ILL", "FPE", "ALRM")]
FILE = "the file"  # instead of a column, where no single one is to blame
# The types of most branches, alone and in arrays.
KINDS: tuple[str, ...] = (
    "bool",
    "Char_t",
    "UChar_t",
    "Short_t",
    "UShort_t",
    "Int_t",
    "UInt_t",
    "Long64_t",
)
KINDS += ("ULong64_t", "Float_t", "Double_t", "std::string")


def main() -> None:
    """Read files, each in a fork of this process, which has imported what they need."""
    reader, to, *paths = sys.argv[1:]
    warnings.simplefilter("ignore")
    _import(reader)
    with open(to, "w+") as out:
        for path in paths:
            _one(reader, path, out)


def _import(reader: str) -> None:
    if reader == "uproot":
        import awkward  # noqa: F401
        import uproot  # noqa: F401
    else:
        import ROOT

        ROOT.gErrorIgnoreLevel = ROOT.kFatal
        ROOT.gEnv.SetValue("Root.Stacktrace", 0)  # a debugger would print it, which takes long
        if reader == "as_numpy":
            _compile()
        elif reader == "root_numpy":
            import root_numpy  # noqa: F401


def _compile() -> None:
    """Have compiled once what each fork would compile: the reading of the types of most branches.

    It writes a file into the folder that the process is in.
    """
    import ROOT

    frame = ROOT.RDataFrame(1)
    for number, kind in enumerate(KINDS):
        frame = frame.Define(f"x{number}", f"{kind}{{}}")
        frame = frame.Define(f"v{number}", f"ROOT::RVec<{kind}>(1)")
    frame.Snapshot("t", "compile.root")
    ROOT.RDataFrame("t", "compile.root").Range(1).AsNumpy()


def _one(reader: str, path: str, out: IO[str]) -> None:
    """Read a file. Where the process crashes, go on behind what it was reading."""
    note = mmap.mmap(-1, 4096)
    done: set[str] = set()
    crashes: Counter[str] = Counter()
    lines = Lines(out, Path(path).name, note, done)
    while True:
        lines.begin(FILE)
        status = _fork(lambda: READERS[reader](path, lines), lines)
        if not status:
            return
        culprit = note[:].partition(b"\0")[0].decode()
        slow = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM)
        if slow or culprit in (FILE, *done):
            lines.write(FILE, error="too slow" if slow else "crash", message="")
            return
        tree = culprit.partition(":")[0]
        crashes[tree] += 1
        lines.write(tree if crashes[tree] == CRASHES else culprit, error="crash", message="")
        out.seek(0)
        written = map(json.loads, out)
        done |= {one["column"] for one in written if one["file"] == lines.file}


def _fork(read: Callable[[], None], lines: Lines) -> int:
    """Run a function in a fork of this process; return the status that it ended with."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    for number in ENDING:  # in place of ROOT's own handlers
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(WAITING)
    try:
        read()
    except Exception as error:
        lines.error(FILE, error)
    os._exit(0)


if __name__ == "__main__":
    main()
