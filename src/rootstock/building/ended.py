"""Why a build ended as it did: by the package's own fault, or for something that the machine lacks.

Only what is the package's fault is kept as its failure. So everything else is looked for first,
and as far as it can be without the log, which a full disk may have cut.
"""

import os
import signal
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.building import log as logs
from rootstock.building import unsolved
from rootstock.building.job import Job
from rootstock.building.limits import Limits
from rootstock.core import disk, process
from rootstock.core.errors import (
    BuildFailed,
    MachineError,
    NoSpace,
    RootstockError,
    means_no_space,
)
from rootstock.core.names import listed
from rootstock.core.store import Store

# Runs the program so that its failure cannot be taken for one of the sandbox, which ends with
# 1, 32, 125 and others when it cannot be made.
WRAP = ("/bin/sh", "-c", '"$@" || exit $((64 + $?))', "sh")
_FAILED = 64 + 1  # inside.py ends with 1 when the build failed
# The signals by which a build is ended from outside: by the kernel, a batch system, a person.
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGXCPU)
_PREFIX = "out/bld/*/host_env*"  # where py-rattler-build 0.73 has what a script installs
_NAMED = 5  # files that are told
_SHOWN = 15  # lines of the log of a sandbox that could not be made
_ASKED = 2000  # lines of a log in which the specs of its last environment are
# How py-rattler-build 0.73 tells, at the end, of an environment that it could not have.
_NO_LICENCE = "No license files were copied"
_NO_TEST = "Test failed"
_NO_ENVIRONMENT = ("Failed to resolve dependencies", _NO_TEST)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the process of a build ended.

    `killed` tells that the kernel ended a process for want of memory meanwhile, `tight` that a
    file system may have been full.
    """

    done: process.Completed
    killed: bool
    tight: bool
    engine: str


def error_of(
    job: Job, log: Path, ended: Ended, limits: Limits, store: Store, folder: Path
) -> RootstockError:
    """What a build that ended badly comes to: `BuildFailed` when it is the package's own fault.

    Otherwise `MachineError`, and `NoSpace` when the disk is full. `folder` has what the build left
    in `build`, and in `deps` the channel that it could install from.
    """
    done, lines = ended.done, logs.tail(log)
    trouble = disk.trouble(store.root / "tmp")
    # A script may say anything: its words count only where they can be true.
    if isinstance(trouble, NoSpace) or (ended.tight and means_no_space("\n".join(lines))):
        return NoSpace(store.root, f"{job.id} was being built (log: {log})")
    if trouble:
        return trouble
    if done.over:
        limit = {"time": limits.seconds, "memory": limits.memory}[done.over]
        lines = (*lines, *_unpackable(folder / "build"))
        return BuildFailed(job.id, log, lines, stage=logs.stage(log), over=done.over, limit=limit)
    if ended.killed or _from_outside(done.code) or logs.tells_of_a_kill(log):
        return MachineError(
            f"something ended {job.id} from outside while it was built (log: {log})",
            "If that was for want of memory (`dmesg` tells): fewer builds at a time with -j, or "
            "a --memory-limit for each.",
        )
    if done.code != _FAILED:
        said = "\n".join(f"    {line}" for line in lines[-_SHOWN:])
        return MachineError(
            f"{ended.engine} could not run the build of {job.id}, it ended with {done.code}:\n"
            f"{said}",
            f"Whole log: {log}. Try another engine with --engine; `rootstock doctor` lists them.",
        )
    reasons = (
        *_unsolved(job, log, folder / "deps"),
        *_unlicensed(job, lines),
        *_unpackable(folder / "build"),
    )
    return BuildFailed(job.id, log, (*lines, *reasons), stage=logs.stage(log))


def _from_outside(code: int) -> bool:
    """Whether an exit code says that a signal ended the engine, or what it ran.

    It is negative where that was the engine's own process.
    """
    return any(code in (-number, 128 + number, 64 + 128 + number) for number in _FROM_OUTSIDE)


def _unlicensed(job: Job, lines: Sequence[str]) -> list[str]:
    """Which files of a licence were not found, where the builder says only that none was."""
    if not lines or not lines[-1].endswith(_NO_LICENCE):
        return []
    given = job.order["recipe"].get("about", {}).get("license_file") or ()
    files = listed([given] if isinstance(given, str) else given)
    return [f"The license_file ({files}) is neither in the sources nor in the recipe's folder."]


def _unpackable(room: Path) -> list[str]:
    """What a script left in $PREFIX that no package can have: the builder does not name it.

    It ends at a name that is not UTF-8, or at what it cannot read as a file.
    """
    found = []
    for prefix in room.glob(_PREFIX):
        if not prefix.resolve().is_relative_to(room.resolve()):
            continue
        top = os.fsencode(prefix)
        for folder, _, files in os.walk(top):
            for file in files:
                path = os.path.join(folder, file)
                if reason := _unpackable_for(path):
                    name = repr(os.path.relpath(path, top)).removeprefix("b")  # bytes
                    found.append(f"The script left {name} in $PREFIX: {reason}")
    return found[:_NAMED]


def _unpackable_for(path: bytes) -> str:
    mode = os.lstat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        return "no package can have what is neither a file, a link nor a folder."
    try:
        path.decode()
    except UnicodeDecodeError:
        return "no package can have a name that is not UTF-8."
    return ""


def _unsolved(job: Job, log: Path, deps: Path) -> list[str]:
    """Why an environment could not be had, where the builder says only that it could not."""
    said = process.tail(log, _ASKED)
    if not any(line.endswith(_NO_ENVIRONMENT) for line in said[-_SHOWN:]):
        return []
    name = job.filename.rsplit("-", 2)[0]
    asked = unsolved.specs_asked("\n".join(said), name)
    if said[-1].endswith(_NO_TEST):  # the package itself is installed, which `deps` has not
        runs = job.order["recipe"].get("requirements", {}).get("run", ())
        asked = (*asked, *(spec for spec in runs if "${{" not in spec))
    found = unsolved.reason(deps, asked)
    return ["What was asked for cannot be had:", *(f"  {line}" for line in found)] if found else []
