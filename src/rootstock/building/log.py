"""What the log of a build tells: how far it was, what ended it, and the lines that say why.

The log is written by the build itself and may be of any size and content. It is never read as a
whole, and what it says is used only where nothing better than its word is to be had.
"""

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rootstock.core import process

LINES = 100  # of a log that are looked at and kept
_READ = 200  # lines that are read for these
# How rattler-build ends the log of a script that failed (py-rattler-build 0.73).
_STATUS = re.compile(r"Script failed with status (\d+)")
_KILLED = ("137", "143")  # the shell's word for SIGKILL and SIGTERM
# Whole lines that tell that something killed a part of the build.
_PART_KILLED = re.compile(
    rb"^(?:\S+: (?:fatal|internal compiler) error: Killed signal terminated program \S+"  # gcc's
    rb"|unshare: sigprocmask unblock failed.*)$",  # util-linux 2.38's, of what it runs
    re.MULTILINE,
)
# What rattler-build writes when a stage is behind it (py-rattler-build 0.73), latest first.
_STAGES = (
    (b"Collecting tests from |Package content test failed:", "tests"),
    (b"Copying done!", "packaging"),
    (b"Successfully updated the host environment", "script"),
)
# What rattler-build writes after a script that failed (py-rattler-build 0.73): how to run it by
# hand, in folders that are gone by then.
_ADVICE = re.compile(
    r"Script execution failed\."
    r"|  (?:Work directory|Prefix|Build prefix): .*"
    r"|To run the script manually, use the following command:"
    r"|To run commands interactively in the build environment:"
    r'|  cd ".*" && (?:\./conda_build\.sh|source build_env\.sh)'
)
_PADDING = re.compile(r"(_placehold){2,}[_a-z]*")


def tail(log: Path) -> tuple[str, ...]:
    """The last lines of a build's log that tell of the build, without the builder's advice."""
    return tuple(useful(process.tail(log, _READ)))[-LINES:]


def useful(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a build's log without the builder's advice, and with short prefixes.

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
    """How far a build was."""
    return next((name for words, name in _STAGES if _has(log, re.compile(words))), "environment")


def tells_of_a_kill(log: Path) -> bool:
    """Whether something killed the script or a part of it.

    Of the script's end the builder's own line tells, which is the last of its kind: what the script
    printed is before it.
    """
    ends = [found[1] for found in map(_STATUS.fullmatch, process.tail(log, _READ)) if found]
    return (bool(ends) and ends[-1] in _KILLED) or _has(log, _PART_KILLED)


def _has(log: Path, pattern: re.Pattern[bytes]) -> bool:
    if not log.exists() or not log.stat().st_size:
        return False
    with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return pattern.search(data) is not None
