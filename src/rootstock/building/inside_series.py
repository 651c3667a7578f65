"""The program of a sandbox that packages wheels one after the other.

Its words are MARK and LEVEL. It reads the names of jobs from a pipe, and ends with the pipe. After
each job it prints one line: MARK, and the job's exit code. LEVEL is zstd's.
"""

import shutil
import subprocess
import sys
from pathlib import Path

OUT = Path("/rootstock/build/out")
JOBS = Path("/rootstock/tool/jobs")


def run(job: Path, level: str) -> int:
    """Run the program of a job's recipe, and return its exit code."""
    shutil.rmtree(OUT, ignore_errors=True)
    words = (sys.executable, job / "recipe/package.py", job / "job.json", OUT, level)
    return subprocess.run(words, check=False).returncode


def main(mark: str, level: str) -> None:
    """Run jobs until there are no more."""
    with (JOBS / "next").open() as names:
        for name in names:
            print(mark, run(JOBS / name.strip(), level), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
