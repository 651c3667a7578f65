"""Runs ROOT's own tutorials in an environment, each in a process of its own, without network.

    python run.py PREFIX TUTORIALS OUT [--part 'hist/*' ...] [--seconds 400] [--jobs 2]

PREFIX is an environment with ROOT, TUTORIALS the folder with the tutorials, as the wheel has it.
It works in a copy, because tutorials write files that others read. What is not run, and what fails,
is in tutorials.toml, with the reason. OUT becomes a JSON file with all results.

What counts as failed is what counts in ROOT's own tutorials/CMakeLists.txt: another exit code, or
one of some texts in the output.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Any

import tomlkit

TABLE = Path(__file__).with_name("tutorials.toml")
# FAILREGEX of the tests of C++ and of Python tutorials.
_BAD = {
    ".C": r"Error in <| error:|segmentation violation|FROM HESSE     STATUS=FAILED"
    r"|warning: Failed to call",
    ".py": r"Error in <| error:|Traceback \(most recent call last\)|segmentation violation",
}
_SHOWN = 300  # characters of a reason


@dataclass(frozen=True)
class Outcome:
    """What came of a tutorial: passed, failed, over (its time limit) or not run, and why."""

    tutorial: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Table:
    """`tutorials.toml`: reasons by glob, and what ROOT's own tests know of a tutorial."""

    not_run: Mapping[str, str]
    fails: Mapping[str, str]
    exits: Mapping[str, int]
    after: Mapping[str, Sequence[str]]

    def why_not(self, tutorial: str) -> str:
        """Return why a tutorial is not run; empty if it is."""
        found = [why for glob, why in self.not_run.items() if fnmatchcase(tutorial, glob)]
        return found[0] if found else ""


def table() -> Table:
    """Read tutorials.toml."""
    return Table(**tomlkit.parse(TABLE.read_text()).unwrap())


def find(folder: Path, parts: Sequence[str]) -> list[str]:
    """Return the tutorials of some globs, or all: macros and Python programs, by their paths."""
    every = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in _BAD and path.is_file()
    )
    return [one for one in every if not parts or any(fnmatchcase(one, part) for part in parts)]


def ordered(tutorials: Sequence[str], after: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield tutorials so that what one reads was written before, if that is run at all."""
    done: set[str] = set()

    def visit(one: str) -> Iterator[str]:
        if one not in done:
            done.add(one)
            for other in after.get(one, ()):
                yield from visit(other)
            yield one

    for one in tutorials:
        yield from visit(one)


def run(tutorial: str, prefix: Path, work: Path, seconds: float, code: int) -> Outcome:
    """Run a tutorial of the folder `work`, in it; it has to end with a code."""
    suffix = Path(tutorial).suffix
    program = [prefix / "bin/python"] if suffix == ".py" else [prefix / "bin/root", "-b", "-q"]
    env = {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "HOME": str(work),
        "TMPDIR": str(work),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "AGG",
        "OMP_NUM_THREADS": "1",
        "ROOT_BATCH": "1",
        "ROOT_INCLUDE_PATH": f"{work}/io/tree",
    }
    argv = ["unshare", "--map-root-user", "--net", *program, str(work / tutorial)]
    started = time.monotonic()
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(
            argv, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:  # fmt: skip
            over = False
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                over = True
                os.killpg(process.pid, signal.SIGKILL)
        log.seek(0)
        output = log.read().decode(errors="replace")
    took = round(time.monotonic() - started, 1)
    if over:
        return Outcome(tutorial, "over", took, f"more than {seconds:g} s")
    bad = re.search(rf".*(?:{_BAD[suffix]}).*", output)
    if process.returncode == code and not bad:
        return Outcome(tutorial, "passed", took)
    return Outcome(tutorial, "failed", took, _reason(output, bad, process.returncode))


def _reason(output: str, bad: "re.Match[str] | None", code: int) -> str:
    """Return a line about a failure: the first error, or for Python the last line."""
    if bad and "Traceback" not in bad[0]:
        return bad[0].strip()[:_SHOWN]
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f"exit code {code}: {(lines or [''])[-1]}"[:_SHOWN]


@contextmanager
def shown(work: Path, prefix: Path) -> Iterator[None]:
    """Let ROOT find the tutorials where macros look for them: packages have none.

    The link is there for the time of the run only.
    """
    link = prefix / "lib/root/tutorials"
    link.symlink_to(work)
    try:
        yield
    finally:
        link.unlink()


def run_all(
    prefix: Path, folder: Path, parts: Sequence[str], seconds: float, jobs: int
) -> list[Outcome]:
    """Run the tutorials of some parts; print a line for each that ended."""
    known = table()
    found = find(folder, parts)
    out = [Outcome(one, "not run", reason=why) for one in found if (why := known.why_not(one))]
    chosen = [one for one in found if not known.why_not(one)]
    with tempfile.TemporaryDirectory(prefix="tutorials-") as scratch:
        work = Path(scratch, "tutorials")
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("__pycache__"))

        def one(tutorial: str) -> Outcome:
            ended = run(tutorial, prefix, work, seconds, known.exits.get(tutorial, 0))
            print(f"{ended.outcome:8}{ended.seconds:6.1f}  {tutorial}  {ended.reason}", flush=True)
            return ended

        with shown(work, prefix):
            # What others read comes first, one after the other.
            chain = {*known.after, *(name for names in known.after.values() for name in names)}
            first = [name for name in ordered(chosen, known.after) if name in chain]
            out += [one(name) for name in first]
            # The C++ and the Python version of a tutorial write the same files.
            rest = [name for name in chosen if name not in chain]
            pairs = [[*pair] for _, pair in groupby(rest, lambda name: name.rpartition(".")[0])]
            with ThreadPoolExecutor(jobs) as pool:
                for ended in pool.map(lambda pair: [one(name) for name in pair], pairs):
                    out += ended
    return sorted(out, key=lambda one: one.tutorial)


def summary(results: Sequence[Outcome], known: Mapping[str, str]) -> dict[str, Any]:
    """Return the figures of a run: passed of those that ran, and the failures that nobody knows."""
    ran = [one for one in results if one.outcome != "not run"]
    bad = [one for one in ran if one.outcome != "passed"]
    return {
        "passed": len(ran) - len(bad),
        "run": len(ran),
        "not run": len(results) - len(ran),
        "unknown": [asdict(one) for one in bad if one.tutorial not in known],
        "mended": [
            one.tutorial for one in ran if one.outcome == "passed" and one.tutorial in known
        ],
    }


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prefix", type=Path)
    parser.add_argument("tutorials", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=400.0)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    prefix, folder = asked.prefix.absolute(), asked.tutorials.absolute()
    results = run_all(prefix, folder, asked.part, asked.seconds, asked.jobs)
    said = summary(results, table().fails)
    asked.out.write_text(
        json.dumps({**said, "tutorials": [asdict(one) for one in results]}, indent=1) + "\n"
    )
    print(f"{said['passed']} of {said['run']} passed, {said['not run']} not run")
    return int(bool(said["unknown"]))


if __name__ == "__main__":
    sys.exit(main())
