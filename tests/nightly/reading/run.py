"""Have the file written and read in an environment, each reader in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cases import CASES, CLASSES, MEMBERS, UNKNOWN

HERE = Path(__file__).parent
SECONDS = 900  # for a reader's process; the longest took 30
# The readers of each format, by their names in read.py, as the page calls them.
READERS = {
    "tree": {
        "pyroot_tree": "PyROOT",
        "as_numpy": "`AsNumpy`",
        "uproot_awkward": "uproot",
        "uproot_numpy": 'uproot, `library="np"`',
        "uproot_pandas": 'uproot, `library="pd"`',
        "root_numpy": "root_numpy",
    },
    "ntuple": {
        "pyroot_ntuple": "PyROOT",
        "as_numpy": "`AsNumpy`",
        "uproot_awkward": "uproot",
        "uproot_numpy": 'uproot, `library="np"`',
        "uproot_pandas": 'uproot, `library="pd"`',
    },
}
VERSIONS = """
import importlib.metadata as metadata, json, ROOT
names = ("uproot", "awkward", "numpy", "pandas", "root_numpy")
there = {d.metadata["Name"]: d.version for d in metadata.distributions()}
print(json.dumps({"ROOT": ROOT.gROOT.GetVersion(), **{n: there[n] for n in names if n in there}}))
"""

Came = Mapping[str, Any]


def versions(python: Path) -> dict[str, str]:
    """The readers that the environment of an interpreter has, and their versions."""
    argv = [str(python), "-I", "-c", VERSIONS]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def write(python: Path, folder: Path) -> Path:
    """Write tree.root and ntuple.root into a folder; return the plan that they follow."""
    plan = folder / "cases.json"
    cases = [asdict(case) for case in CASES]
    content = {"classes": CLASSES, "unknown": UNKNOWN, "members": MEMBERS, "cases": cases}
    plan.write_text(json.dumps(content))
    subprocess.run([python, "-I", HERE / "write.py", plan, folder], check=True)
    return plan


def read(python: Path, plan: Path, kind: str, reader: str) -> dict[str, Came]:
    """What a reader has of each case of a format.

    If its process dies, each case is read again in a process of its own, so that one that ends the
    interpreter hides no other.
    """
    names = [case.name for case in CASES if getattr(case, kind)]
    found, well = _process(python, plan, kind, reader, names)
    if not well:
        found = {}
        for name in names:
            found |= _process(python, plan, kind, reader, [name])[0]
    return found


def _process(
    python: Path, plan: Path, kind: str, reader: str, names: Sequence[str]
) -> tuple[dict[str, Came], bool]:
    out = plan.with_name(f"{kind}-{reader}.jsonl")
    out.unlink(missing_ok=True)
    file = plan.with_name(f"{kind}.root")
    argv = [str(python), "-I", str(HERE / "read.py"), reader, *map(str, (plan, file, out)), *names]
    try:
        code = subprocess.run(argv, capture_output=True, timeout=SECONDS).returncode
        fate = "crashes"
    except subprocess.TimeoutExpired:
        code, fate = -1, "hangs"
    found: dict[str, Came] = {}
    for line in out.read_text().splitlines() if out.exists() else []:
        came = json.loads(line)
        if "begins" in came:
            found[came["begins"]] = {"fate": fate}
        else:
            found[came["name"]] = came
    if code > 0 and not any("fate" in one for one in found.values()):
        raise AssertionError(f"read.py {reader} of {kind}.root ended with {code}")
    return found, code == 0
