"""The programs of docs/examples, and events whose numbers are known: for tests that run them."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "docs/examples"


@dataclass(frozen=True)
class Place:
    """A folder with copies of the examples, and the Python that runs them there."""

    folder: Path
    python: Path

    @classmethod
    def make(cls, folder: Path, python: Path) -> "Place":
        """Copy the examples into a folder."""
        for path in EXAMPLES.iterdir():
            if path.suffix in (".py", ".ipynb"):
                shutil.copy(path, folder)
        return cls(folder, python)

    def run(self, *words: object, fails: bool = False) -> str:
        """Run the Python with arguments; return what it printed."""
        done = subprocess.run(
            [str(word) for word in (self.python, *words)],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    def give(self) -> None:
        """Write files of the events below."""
        (self.folder / "given.py").write_text(EVENTS)
        self.run("-c", WRITES)

    def compare(self, *ways: tuple[str, str]) -> None:
        """Read the mini-tree of the events below in some ways, each a file and a function."""
        shutil.copy(self.folder / "given.root", self.folder / "events.root")
        printed = self.run("-c", SAME, *(word for one in ways for word in one)).splitlines()
        assert {f"{path}: {way}: 3 events, equal" for path, way in ways} <= set(printed)


# Events whose numbers can be had exactly as float32, with lists that are empty.
EVENTS = """
def peak(kind, area, time, hits):
    hits = [{"channel": c, "time": t, "area": a} for c, t, a in hits]
    return {"kind": kind, "time": time, "area": area, "hits": hits}

RECORDS = [
    {"number": 7, "start": 2**60 + 1, "peaks": [
        peak(1, 4.5, 1000.0, [(247, -1.5, 4.0), (0, 0.25, 0.5)]),
        peak(2, 900.0, 251000.0, []),
        peak(1, 0.5, 3000.0, [(-32768, 0.0, 0.5)]),
        peak(2, 20.0, 9000.0, [(32767, 2.0, 20.0)]),
    ]},
    {"number": 8, "start": 0, "peaks": []},
    {"number": 9, "start": -5, "peaks": [peak(2, 64.0, 500.0, [(1, 1.0, 64.0)])]},
]
"""

WRITES = """
import awkward as ak
import events
from given import RECORDS

events.write_tree(ak.Array(RECORDS), "given.root")
events.write_ntuple(ak.Array(RECORDS), "given_ntuple.root")
"""

# What the makers make of the events above: the largest of each kind, µs between them, and counts.
MAKES = """
import minitrees

made = []

class Basics(minitrees.Basics):
    def extract_data(self, events):
        made.append(len(events))
        return super().extract_data(events)

def load(*paths):
    frame = minitrees.load(paths or ["given.root"], [Basics, minitrees.Sizes])
    assert list(frame) == ["number", "s1", "s2", "drift_time", "peaks", "hits"]
    # as text: NaN is not equal to itself
    once = ["[7, 4.5, 900.0, 250.0, 4, 4]", "[8, nan, nan, nan, 0, 0]", "[9, nan, 64.0, nan, 1, 1]"]
    rows = [str(list(row)) for row in frame.astype(object).itertuples(index=False)]
    assert rows == once * max(1, len(paths)), rows
    return len(made)
"""

# Whether a way has the mini-tree of the events above, with its types.
SAME = """
import runpy, sys, four_ways

runpy.run_path("four_ways.py", run_name="__main__")
for path, way in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    frame = getattr(four_ways, way)(path)
    assert frame.number.tolist() == [7, 8, 9] and frame.number.dtype == "int64", (path, way)
    assert frame.s2.tolist()[::2] == [900.0, 64.0] and frame.s2.isna()[1], (path, way)
    assert frame.s2.dtype == "float32" and frame.hits.tolist() == [4, 0, 1], (path, way)
"""
