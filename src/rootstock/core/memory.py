"""How much memory processes hold, and how much there is, from Linux's /proc (proc(5)).

What counts is a process's own memory, which it returns only when it ends. That is its resident
pages without file pages: the kernel may drop those at any time, and processes share them.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
LOOK = 0.5  # seconds between looks at what a process holds


def held(pid: int, cmdline_marker: str = "", proc: Path = _PROC) -> int:
    """Return the bytes that a process and all its descendants hold.

    Processes with `cmdline_marker` on their command line count as well, with their descendants: a
    container is no child of the process that asked for it.

    A page that is shared since a fork counts once for each process, so the result is never too
    small.
    """
    return sum(_own(member, proc) for member in _family(pid, cmdline_marker, proc))


def held_fairly(pid: int, cmdline_marker: str = "", proc: Path = _PROC) -> int:
    """Return the same, with each shared page divided by its users; this takes longer.

    Where the kernel does not give a process's share (smaps_rollup: Linux 4.14), it is `held`.
    """
    total = 0
    for member in _family(pid, cmdline_marker, proc):
        own = _own(member, proc)
        with contextlib.suppress(OSError, KeyError):
            own = min(own, _kilobytes(proc / str(member) / "smaps_rollup")["Pss"])
        total += own
    return total


def available(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int:
    """Return the bytes free without swapping: the machine's, or this job's if fewer."""
    free = [_kilobytes(proc / "meminfo")["MemAvailable"]]
    free += [limit - used for limit, used in _limits(proc, cgroups)]
    return max(min(free), 0)


def total(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int:
    """Return the bytes of memory of the machine, or this job's limit if that is lower."""
    limits = (limit for limit, _ in _limits(proc, cgroups))
    return min(_kilobytes(proc / "meminfo")["MemTotal"], *limits, 1 << 62)


def shared(proc: Path = _PROC) -> float:
    """Return the part of the memory that files in memory take, such as each sandbox's /tmp.

    Such a file system may take half of the memory (tmpfs(5)).
    """
    sizes = _kilobytes(proc / "meminfo")
    return sizes["Shmem"] / sizes["MemTotal"]


def kills(proc: Path = _PROC) -> int:
    """Return how many processes the kernel has killed for lack of memory since it started.

    Linux counts them since 4.13; before, the result is 0.
    """
    counts = dict(line.split() for line in (proc / "vmstat").read_text().splitlines())
    return int(counts.get("oom_kill", 0))


def _family(pid: int, cmdline_marker: str, proc: Path) -> set[int]:
    """A process, those with the marker, and all descendants, whatever their group or session."""
    children = _children(int(time.monotonic() / LOOK), proc)
    found = [pid, *(_kin(cmdline_marker, children, proc) if cmdline_marker else ())]
    for member in found:
        found += children.get(member, [])
    return set(found)


def _kin(word: str, children: Mapping[int, Sequence[int]], proc: Path) -> Iterator[int]:
    for member in chain.from_iterable(children.values()):
        with contextlib.suppress(OSError):
            if word.encode() in (proc / str(member) / "cmdline").read_bytes().split(b"\0"):
                yield member


@lru_cache(maxsize=1)
def _children(tick: int, proc: Path) -> dict[int, list[int]]:
    """Return the children of every process; one look per `tick` serves all callers."""
    children: dict[int, list[int]] = {}
    for name in os.listdir(proc):
        if name.isdigit():
            with contextlib.suppress(OSError):
                text = (proc / name / "stat").read_bytes()
                # The second field is the program's name, in brackets; it may hold any character.
                parent = int(text.rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    return children


def _own(pid: int, proc: Path) -> int:
    try:
        _, resident, shared, *_ = (proc / str(pid) / "statm").read_bytes().split()
    except OSError:  # it has ended
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _kilobytes(path: Path) -> dict[str, int]:
    """The lines `Name: number kB` of a file, in bytes."""
    values: dict[str, int] = {}
    for line in path.read_text().splitlines():
        name, colon, rest = line.partition(":")
        if colon and rest.endswith("kB"):
            values[name] = int(rest.split()[0]) * 1024
    return values


def _limits(proc: Path, cgroups: Path) -> Iterator[tuple[int, int]]:
    """What each control group above this process may use, and uses without files' pages.

    A batch system limits its jobs this way. Both versions of control groups are known.
    """
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, limit, used, cache = cgroups, "memory.max", "memory.current", "file"
        elif "memory" in controllers.split(","):
            top, limit = cgroups / "memory", "memory.limit_in_bytes"
            used, cache = "memory.usage_in_bytes", "total_cache"
        else:
            continue
        folder = top / path.lstrip("/")
        while folder != top.parent:
            with contextlib.suppress(OSError, ValueError, KeyError):
                most = int((folder / limit).read_text())  # "max" is no limit
                lines = (folder / "memory.stat").read_text().splitlines()
                counts = dict(line.split() for line in lines)
                yield most, int((folder / used).read_text()) - int(counts[cache])
            folder = folder.parent
