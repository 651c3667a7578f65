"""The program of a sandbox that packages wheels one after the other, each as inside.py does.

It reads the names of jobs from a pipe, and ends with the pipe. After each job it prints one line:
the word of its command line, and the job's exit code.
"""

import shutil
import sys
from importlib import import_module
from pathlib import Path

BUILD = Path("/rootstock/build")
JOBS = Path("/rootstock/tool/jobs")


def run(job: Path) -> int:
    """Run a job where a sandbox of its own would have it; return its exit code."""
    for left in ("out", "recipe"):
        shutil.rmtree(BUILD / left, ignore_errors=True)
    shutil.copytree(job / "recipe", BUILD / "recipe")
    shutil.copyfile(job / "job.json", BUILD / "job.json")
    code: int = import_module("inside").main()  # the sandbox has it beside this file
    return code


def main() -> None:
    """Run jobs until there are no more."""
    with (JOBS / "next").open() as names:
        for name in names:
            print(sys.argv[1], run(JOBS / name.strip()), flush=True)


if __name__ == "__main__":
    main()
