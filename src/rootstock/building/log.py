"""Reads the log of a build: the stage it reached, what ended it, and the lines that say why.

The build itself writes the log, which may have any size and content. This never reads it as a
whole, and uses its content only where nothing more reliable exists.
"""

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rootstock.core import process

LINES = 100  # of a log that are examined and recorded
_READ = 200  # lines that are read to find these
# The end of the log of a failed script (py-rattler-build 0.73).
_STATUS = re.compile(r"Script failed with status (\d+)")
_KILLED = ("137", "143")  # the shell's codes for SIGKILL and SIGTERM
# Whole lines which show that something killed a part of the build.
_PART_KILLED = re.compile(
    rb"^(?:\S+: (?:fatal|internal compiler) error: Killed signal terminated program \S+"  # gcc's
    rb"|unshare: sigprocmask unblock failed.*)$",  # util-linux 2.38's, of what it runs
    re.MULTILINE,
)
# The line after each stage, latest first: the builder's (py-rattler-build 0.73), or that of the
# program which packages wheels.
_STAGES = (
    (b"Collecting tests from |Package content test failed:", "tests"),
    (b"Copying done!|rootstock: packaging:", "packaging"),
    (b"Successfully updated the host environment|rootstock: script:", "script"),
)
# The builder's lines after a failed script (py-rattler-build 0.73): how to run it by hand, in
# folders that no longer exist.
_ADVICE = re.compile(
    r"Script execution failed\."
    r"|  (?:Work directory|Prefix|Build prefix): .*"
    r"|To run the script manually, use the following command:"
    r"|To run commands interactively in the build environment:"
    r'|  cd ".*" && (?:\./conda_build\.sh|source build_env\.sh)'
)
_PADDING = re.compile(r"(_placehold){2,}[_a-z]*")


def tail(log: Path) -> tuple[str, ...]:
    """Return the last lines of a build's log, without the builder's advice."""
    return tuple(useful(process.tail(log, _READ)))[-LINES:]


def useful(lines: Iterable[str]) -> Iterator[str]:
    """Remove the builder's advice from lines of a build's log, and shorten prefixes.

    >>> list(useful(["make: *** [all]", "", "Script execution failed.", "", "Error"]))
    ['make: *** [all]', '', 'Error']
    """
    empty = False
    for line in lines:
        if _ADVICE.fullmatch(line):
            continue
        if line.strip() or not empty:
            yield _PADDING.sub(r"\1...", line)
        empty = not line.strip()


def stage(log: Path) -> str:
    """Return the stage that a build reached."""
    return next((name for words, name in _STAGES if _has(log, re.compile(words))), "environment")


def shows_a_kill(log: Path) -> bool:
    """Whether something killed the script or a part of it.

    The builder's own line about the script's end is the last of its kind: the script's output is
    before it.
    """
    ends = [found[1] for found in map(_STATUS.fullmatch, process.tail(log, _READ)) if found]
    return (bool(ends) and ends[-1] in _KILLED) or _has(log, _PART_KILLED)


def _has(log: Path, pattern: re.Pattern[bytes]) -> bool:
    if not log.exists() or not log.stat().st_size:
        return False
    with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return pattern.search(data) is not None
