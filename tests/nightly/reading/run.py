"""Have the file written and read in an environment, each reader in processes of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cases import CASES, CLASSES, MEMBERS, UNDECLARED

HERE = Path(__file__).parent
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


def put(plan: Path) -> None:
    """Write what write.py and read.py follow."""
    cases = [asdict(case) for case in CASES]
    content = {"classes": CLASSES, "unknown": UNDECLARED, "members": MEMBERS, "cases": cases}
    plan.write_text(json.dumps(content))


def write(python: Path, folder: Path) -> Path:
    """Write tree.root and ntuple.root into a folder; return the plan that they follow."""
    plan = folder / "cases.json"
    put(plan)
    subprocess.run([python, "-I", HERE / "write.py", plan, folder], check=True)
    return plan


def read(python: Path, plan: Path, kind: str, reader: str) -> dict[str, Came]:
    """What a reader has of each case of a format."""
    out, file = plan.with_name(f"{kind}-{reader}.jsonl"), plan.with_name(f"{kind}.root")
    out.unlink(missing_ok=True)
    names = [case.name for case in CASES if getattr(case, kind)]
    argv = [str(python), "-I", str(HERE / "read.py"), reader, *map(str, (plan, file, out)), *names]
    subprocess.run(argv, capture_output=True, check=True)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    return {came["name"]: came for came in found}
