"""Compare what rootstock, auditwheel, readelf and abi3audit say of the same wheels.

    python benchmarks/audit_compare.py WHEEL...

auditwheel and abi3audit are installed into a temporary environment. It prints a table, and a line
for each difference. docs/reference/audit-rules.md explains those that were seen.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOLS = ("auditwheel==6.8.1", "abi3audit==0.0.26")
# How auditwheel's policies name the libraries of glibc, all of which it allows.
_GLIBC = re.compile(
    r"(?:ld-linux.*|lib(?:c|m|mvec|pthread|dl|rt|util|resolv|anl|nsl|crypt))\.so\.\d"
)
_VERSION = re.compile(r"GLIBC_(\d[\d.]*)")
_MAGIC = b"\x7fELF"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What a tool says: the newest glibc, libraries of others, and more that it finds."""

    glibc: str
    libraries: frozenset[str]
    more: Sequence[str] = field(default=())


def run(*words: str | Path) -> str:
    """What a program prints; it may fail, as it does when it finds something."""
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def newest(versions: Iterator[str] | Sequence[str]) -> str:
    """The newest glibc among versions of symbols."""
    numbers = [tuple(map(int, one.split("."))) for one in versions]
    return ".".join(map(str, max(numbers, default=())))


def rootstock(wheel: Path) -> Opinion:
    """The opinion of `rootstock audit`."""
    answer = run(sys.executable, "-I", "-m", "rootstock", "audit", wheel, "--json")
    [one] = json.loads(answer)["audited"]
    rules = sorted({finding["rule"] for finding in one["findings"]})
    return Opinion(glibc=one["proven"], libraries=frozenset(one["needs"]), more=rules)


def auditwheel(python: Path, wheel: Path) -> Opinion:
    """The opinion of `auditwheel show`."""
    said: Mapping[str, Any] = json.loads(run(python, "-m", "auditwheel", "show", "--json", wheel))
    symbols = said["versioned_symbols"]
    with zipfile.ZipFile(wheel) as archive:
        own = {name.rpartition("/")[2] for name in archive.namelist()}
    return Opinion(
        glibc=newest(_VERSION.findall(json.dumps(symbols))),
        libraries=foreign({*symbols, *said["external_libs"]}, own),
        more=(said["overall_tag"],),
    )


def foreign(libraries: set[str], own: set[str]) -> frozenset[str]:
    """The libraries that are neither the wheel's nor glibc's."""
    return frozenset(one for one in libraries - own if not _GLIBC.fullmatch(one))


def readelf(wheel: Path) -> Opinion:
    """The opinion of readelf on each file, put together."""
    versions, needed, own = [], set(), set()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        for path in Path(folder).rglob("*"):
            if path.is_file() and path.open("rb").read(4) == _MAGIC:
                text = run("readelf", "--wide", "--dynamic", "--version-info", path)
                own |= {path.name, *re.findall(r"\(SONAME\).*\[(.*)\]", text)}
                needed |= {*re.findall(r"\(NEEDED\).*\[(.*)\]", text)}
                wants = text.partition("Version needs section")[2]
                versions += re.findall(r"Name: GLIBC_(\d[\d.]*)", wants)
    return Opinion(glibc=newest(versions), libraries=foreign(needed, own))


def abi3audit(python: Path, wheel: Path) -> Sequence[str]:
    """What `abi3audit` finds in a wheel of the stable ABI."""
    if "-abi3-" not in wheel.name:
        return ()
    answer = run(python, "-m", "abi3audit", "--report", wheel)
    [said] = json.loads(answer)["specs"].values()
    found = [one["result"] for one in said["wheel"]]
    outside = {name for one in found for name in one["non_abi3_symbols"]}
    newer = {name for one in found for name in one["future_abi3_objects"]}
    return (f"abi3: {len(outside)} outside, {len(newer)} newer",)


def differences(ours: Opinion, theirs: Mapping[str, Opinion]) -> Iterator[str]:
    """Each difference, in a line."""
    for tool, other in theirs.items():
        if ours.glibc != other.glibc:
            yield f"  glibc {ours.glibc or 'none'}, by {tool} {other.glibc or 'none'}"
        for name, left, right in (
            ("rootstock", ours.libraries, other.libraries),
            (tool, other.libraries, ours.libraries),
        ):
            if left - right:
                yield f"  only {name} of the two: {', '.join(sorted(left - right))} ({tool})"


def main() -> None:
    """Print the table, then the differences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", nargs="+", type=Path)
    asked = parser.parse_args()
    differing = []
    with tempfile.TemporaryDirectory(prefix="rootstock-compare-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", *TOOLS], check=True)
        print("| wheel | glibc | by auditwheel | by readelf | libraries | others | rules |")
        print("|---|---|---|---|---|---|---|")
        for wheel in asked.wheels:
            ours = rootstock(wheel)
            theirs = {"auditwheel": auditwheel(python, wheel), "readelf": readelf(wheel)}
            said = ", ".join((*theirs["auditwheel"].more, *abi3audit(python, wheel)))
            versions = " | ".join(one.glibc for one in (ours, *theirs.values()))
            name = "-".join(wheel.name.split("-")[:2])
            row = (name, versions, str(len(ours.libraries)), said, ", ".join(ours.more))
            print(f"| {' | '.join(row)} |", flush=True)
            differing += [name, *differences(ours, theirs)]
    print("", *differing, sep="\n")


if __name__ == "__main__":
    main()
