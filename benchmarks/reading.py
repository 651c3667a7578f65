"""Measure how a table of a ROOT file becomes a pandas DataFrame; print the rows as Markdown.

    python benchmarks/reading.py --python root-env/bin/python
    python benchmarks/reading.py --python root-env/bin/python --rows 200000 --json

The interpreter is that of an environment with ROOT and the set `analysis`.
`flat` has `--rows` rows of ten numbers. `ragged` has a tenth as many events, with a number and two
arrays of 0 to 7 elements each; its frame has a row for each element. Each is a TTree and an
RNTuple, as RDataFrame's Snapshot writes them, in a folder that is removed.

Each route has a process of its own, and one thread. Its clock starts when all is imported and the
file is in the system's cache. It stops when the frame is complete, so it includes opening the file,
and what ROOT compiles for the route. The routes take turns. The table is that of docs/readers.md:
seconds of the processor, as median and range, and the largest memory above that after the imports.
`--json` prints every run instead. Every frame must have the right number of rows, and the right sum
of the numbers that were counted up. The sums of random numbers must agree among the routes.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS = 10_000_000
EVENTS = 10  # rows of `flat` for each event of `ragged`
TURNS = 3
LONGEST = 8  # an event has its number modulo this of elements
AGREE = 1e-9  # sums of one column, added in another order
FLAT = [*(f"d{at}" for at in range(5)), *(f"f{at}" for at in range(3)), "k", "i"]

# Vectors, because root_numpy cannot read a branch of ROOT's RVec.
CHAN = (
    f"std::vector<int> c(rdfentry_ % {LONGEST}); for (int &one : c) one = gRandom->Integer(1000);"
    " return c;"
)
AREA = "std::vector<float> a; for (int c : chan) a.push_back(c + gRandom->Gaus()); return a;"

Frame = Any


# -- what a process of the environment does --------------------------------------------------------


def write(folder: str, rows: int) -> None:
    """Write `flat` and `ragged`, each as a TTree and as an RNTuple."""
    import ROOT

    ROOT.gRandom.SetSeed(1)
    flat = ROOT.RDataFrame(rows)
    for name in FLAT[:5]:
        flat = flat.Define(name, "gRandom->Gaus()")
    for name in FLAT[5:8]:
        flat = flat.Define(name, "float(gRandom->Gaus())")
    flat = flat.Define("k", "int(rdfentry_ % 1000)").Define("i", "Long64_t(rdfentry_)")
    ragged = (
        ROOT.RDataFrame(rows // EVENTS)
        .Define("i", "Long64_t(rdfentry_)")
        .Define("chan", CHAN)
        .Define("area", AREA)
    )
    for name, frame, columns in (("flat", flat, FLAT), ("ragged", ragged, ["i", "chan", "area"])):
        frame.Snapshot("t", f"{folder}/{name}-tree.root", columns)
        options = ROOT.RDF.RSnapshotOptions()
        options.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
        # Read, so that the random numbers are the same.
        again = ROOT.RDataFrame("t", f"{folder}/{name}-tree.root")
        again.Snapshot("t", f"{folder}/{name}-ntuple.root", columns, options)


def uproot_pandas(path: str) -> Frame:
    """Read with uproot into pandas."""
    import uproot

    with uproot.open(path) as file:
        return file["t"].arrays(FLAT, library="pd")


def uproot_awkward(path: str) -> Frame:
    """Read with uproot, then convert with awkward."""
    import awkward as ak
    import uproot

    with uproot.open(path) as file:
        tree = file["t"]
        names = [name for name in ("i", "chan", "area") if "ragged" in path] or FLAT
        return ak.to_dataframe(tree.arrays(names))


def as_numpy(path: str) -> Frame:
    """RDataFrame's arrays, as the columns of a frame."""
    import pandas as pd
    import ROOT

    return pd.DataFrame(ROOT.RDataFrame("t", path).AsNumpy(FLAT))


def as_numpy_repeat(path: str) -> Frame:
    """RDataFrame's arrays of arrays, put one behind the other."""
    import numpy as np
    import pandas as pd
    import ROOT

    columns = ROOT.RDataFrame("t", path).AsNumpy(["i", "chan", "area"])
    lengths = [len(array) for array in columns["chan"]]
    arrays = {name: np.concatenate(columns[name]) for name in ("chan", "area")}
    return pd.DataFrame({"i": np.repeat(columns["i"], lengths), **arrays})


def as_numpy_explode(path: str) -> Frame:
    """RDataFrame's arrays of arrays, unfolded by pandas."""
    import pandas as pd
    import ROOT

    columns = ROOT.RDataFrame("t", path).AsNumpy(["i", "chan", "area"])
    return pd.DataFrame(columns).explode(["chan", "area"]).dropna()


def from_rdataframe(path: str) -> Frame:
    """RDataFrame's columns as awkward's arrays, then awkward's frame."""
    import awkward as ak
    import ROOT

    names = ("i", "chan", "area") if "ragged" in path else tuple(FLAT)
    return ak.to_dataframe(ak.from_rdataframe(ROOT.RDataFrame("t", path), columns=names))


def root_pandas(path: str) -> Frame:
    """Read with root_pandas, which unfolds arrays itself."""
    from root_pandas import read_root

    if "ragged" in path:
        return read_root(path, "t", columns=["i", "chan", "area"], flatten=["chan", "area"])
    return read_root(path, "t", columns=FLAT)


@dataclass(frozen=True)
class Route:
    """A way to a frame: what to import before the clock starts, and the files it reads."""

    read: Callable[[str], Frame]
    title: str
    imports: tuple[str, ...]
    files: tuple[str, ...]


# By file and route.
Runs = dict[tuple[str, str], list[Mapping[str, float]]]
FLATS = ("flat-tree", "flat-ntuple")
RAGGED = ("ragged-tree", "ragged-ntuple")
ROUTES = {
    route.read.__name__: route
    for route in (
        Route(uproot_pandas, 'uproot, `library="pd"`', ("uproot", "pandas"), FLATS),
        Route(
            uproot_awkward,
            "uproot, `ak.to_dataframe`",
            ("uproot", "awkward", "pandas"),
            FLATS + RAGGED,
        ),
        Route(as_numpy, "`AsNumpy`", ("ROOT", "pandas"), FLATS),
        Route(as_numpy_repeat, "`AsNumpy`, `numpy.repeat`", ("ROOT", "numpy", "pandas"), RAGGED),
        Route(as_numpy_explode, "`AsNumpy`, `explode`", ("ROOT", "pandas"), RAGGED),
        Route(
            from_rdataframe,
            "`ak.from_rdataframe`, `ak.to_dataframe`",
            ("ROOT", "awkward", "pandas"),
            FLATS + RAGGED,
        ),
        Route(root_pandas, "root_pandas", ("root_pandas",), ("flat-tree", "ragged-tree")),
    )
}


def status(key: str) -> int:
    """Bytes of this process by a line of /proc/self/status, such as VmRSS (proc(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key + ":")).split()[1]) * 1024


def processor() -> float:
    """Seconds of the processor that all threads of this process have had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(name: str, path: str) -> dict[str, float]:
    """Read a file by a route in this process; return the time and the memory."""
    route = ROUTES[name]
    for module in route.imports:
        __import__(module)
    if "ROOT" in route.imports or name == "root_pandas":
        import ROOT

        ROOT.gROOT.GetVersion()  # its libraries are loaded when it is first used
    with open(path, "rb") as file:  # the system has it in its cache then
        while file.read(1 << 20):
            pass
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory starts anew (proc(5))
    base, work, started = status("VmRSS"), processor(), time.perf_counter()
    frame = route.read(path)
    seconds, work = time.perf_counter() - started, processor() - work
    peak = status("VmHWM") - base
    column = "area" if "ragged" in path else "d0"
    return {
        "seconds": seconds,
        "processor": work,
        "peak": peak,
        "base": base,
        "rows": len(frame),
        "counted": int(frame["i"].astype("int64").sum()),
        "sum": float(frame[column].astype("float64").sum()),
    }


# -- what the caller does --------------------------------------------------------------------------


def expected(file: str, rows: int) -> tuple[int, int]:
    """Rows of the frame of a file, and the sum of its column i."""
    if file.startswith("flat"):
        return rows, rows * (rows - 1) // 2
    events = range(rows // EVENTS)
    return sum(n % LONGEST for n in events), sum(n * (n % LONGEST) for n in events)


def measure(python: str, rows: int, turns: int) -> Runs:
    """Write the files and read each by each of its routes; exits where values disagree."""
    had: Runs = {}
    with tempfile.TemporaryDirectory(prefix="rootstock-reading-") as folder:
        call([python, "-I", __file__, "--write", folder, "--rows", str(rows)])
        for _ in range(turns):
            for name, route in ROUTES.items():
                for file in route.files:
                    path = f"{folder}/{file}.root"
                    said = call([python, "-I", __file__, "--route", name, path])
                    had.setdefault((file, name), []).append(json.loads(said.splitlines()[-1]))
    for kind in ("flat", "ragged"):
        runs = [(key, run) for key, all_ in had.items() if key[0].startswith(kind) for run in all_]
        for key, one in runs:
            if (one["rows"], one["counted"]) != expected(key[0], rows):
                sys.exit(f"{key} has {one['rows']:.0f} rows, which add up to {one['counted']:.0f}")
            if not math.isclose(one["sum"], runs[0][1]["sum"], rel_tol=AGREE):
                sys.exit(f"{key} and {runs[0][0]} disagree: {one['sum']}, {runs[0][1]['sum']}")
    return had


def table(had: Runs) -> Iterator[str]:
    """Yield the lines of a table with a row for each route and a column for each file."""
    yield "| route | rows: TTree | rows: RNTuple | events: TTree | events: RNTuple |"
    yield "|---|---|---|---|---|"
    for name, route in ROUTES.items():
        cells = [cell(had.get((file, name), ())) for file in FLATS + RAGGED]
        yield f"| {' | '.join((route.title, *cells))} |"


def cell(runs: Sequence[Mapping[str, float]]) -> str:
    """What the runs of one route and file took, empty if it reads no such file."""
    if not runs:
        return ""
    times = sorted(run["processor"] for run in runs)
    peak = max(run["peak"] for run in runs) / 1e9
    span = f"{times[0]:.1f}-{times[-1]:.1f}"
    return f"{statistics.median(times):.1f} s ({span}), {peak:.2g} GB"


def call(argv: list[str]) -> str:
    """What a command says; exits with its errors if it fails."""
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{done.stderr}")
    return done.stdout


def main() -> None:
    """Measure; or, when called by itself in the environment, write the files or read one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", help="the environment's interpreter")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of `flat` ({ROWS})")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"of all routes ({TURNS})")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--write", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--route", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write, options.rows)
    elif options.route:
        print(json.dumps(run(*options.route)))
    elif not options.python:
        parser.error("--python is needed: the interpreter of an environment with ROOT")
    else:
        had = measure(options.python, options.rows, options.turns)
        if options.json:
            runs = [
                {"file": file, "route": name, "runs": all_} for (file, name), all_ in had.items()
            ]
            print(json.dumps({"rows": options.rows, "routes": runs}))
        else:
            print(*table(had), sep="\n")


if __name__ == "__main__":
    main()
