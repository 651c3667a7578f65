"""Programs that stand in for uv: they know a few wheels, or end as a test wants.

Their words are those of uv 0.13.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

_RESOLVES = """
import argparse, datetime, json, pathlib, sys
import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

here = pathlib.Path(__file__).parent
parser = argparse.ArgumentParser()
parser.add_argument("words", nargs=3)
parser.add_argument("--constraint", type=pathlib.Path)
parser.add_argument("--output-file", type=pathlib.Path)
parser.add_argument("--python-version")
parser.add_argument("--upgrade", action="store_true")
parser.add_argument("--upgrade-package", action="append", default=[])
options, _ = parser.parse_known_args()
upgraded = set(map(canonicalize_name, options.upgrade_package))
index = json.loads((here / "index.json").read_text())
known = {}
if options.output_file.exists():
    before = tomlkit.parse(options.output_file.read_text())
    known = {one["name"]: one["version"] for one in before["packages"]}
bounds = [Requirement(line) for line in options.constraint.read_text().splitlines()]
asked = [Requirement(line) for line in pathlib.Path(options.words[2]).read_text().splitlines()]
chosen = []


def fail(reason):
    print("error: No solution found when resolving dependencies", file=sys.stderr)
    print(f"  cause: Because {reason}, we can conclude that your requirements are unsatisfiable.")
    raise SystemExit(1)


for one in asked:
    if one.name not in index:
        fail(f"{one.name} was not found in the package registry and you require {one.name}")
    allowed = one.specifier
    for bound in bounds:
        allowed = allowed & bound.specifier if bound.name == one.name else allowed
    fitting = sorted((v for v in index[one.name] if allowed.contains(v)), key=Version)
    if not fitting:
        fail(f"there is no version of {one} and you require {one}")
    kept = known.get(one.name)
    if options.upgrade or one.name in upgraded or kept not in fitting:
        kept = fitting[-1]
    file = index[one.name][kept]
    wheel = {
        "url": "https://example.org/" + file["name"],
        "upload-time": datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc),
        "size": file["size"],
        "hashes": {"sha256": file["sha256"]},
    }
    chosen.append({"name": one.name, "version": kept, "wheels": [wheel]})
whole = {"lock-version": "1.0", "created-by": "uv", "packages": chosen}
options.output_file.write_text(tomlkit.dumps(whole))
"""
_ENDS = """
import pathlib, sys, time

here = pathlib.Path(__file__).parent
(here / "asked.txt").write_text("\\n".join(sys.argv[1:]))
sys.stderr.write((here / "output.txt").read_text())
sys.stderr.flush()
time.sleep({seconds})
raise SystemExit({code})
"""


def resolving(folder: Path, wheels: Sequence[Path]) -> Path:
    """Make an uv that resolves packages without dependencies, from wheels of one index."""
    index: dict[str, dict[str, dict[str, object]]] = {}
    for path in wheels:
        name, version, *_ = path.name.split("-")
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        file = {"name": path.name, "size": len(data), "sha256": sha256}
        index.setdefault(name, {})[version] = file
    made = _write(folder, _RESOLVES)
    (made.parent / "index.json").write_text(json.dumps(index))
    return made


def ending(folder: Path, code: int, output: str, seconds: float = 0.0) -> Path:
    """Make an uv that writes something and ends with a code."""
    made = _write(folder, _ENDS.format(code=code, seconds=seconds))
    (made.parent / "output.txt").write_text(output)
    return made


def _write(folder: Path, text: str) -> Path:
    path = folder / "bin/uv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path
