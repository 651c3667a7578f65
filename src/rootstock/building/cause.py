"""Decides why a build failed: the package itself, or something that the machine lacks.

Only failures of the package itself are recorded. So this looks for all other reasons first, as far
as possible without the log, which a full disk may have cut.
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

# Runs the program so that its failure differs from one of the sandbox, which ends with 1, 32, 125
# and others when it cannot be made.
WRAP = ("/bin/sh", "-c", '"$@" || exit $((64 + $?))', "sh")
_FAILED = 64 + 1  # inside.py ends with 1 when the build failed
# Signals that end a build from outside: from the kernel, a batch system, a person.
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGXCPU)
_PREFIX = "out/bld/*/host_env*"  # files that a script installs, in py-rattler-build 0.73
_NAMED = 5  # files that a message names
_SHOWN = 15  # lines of the log that a message shows if a sandbox fails
_ASKED = 2000  # lines of a log that contain the specs of its last environment
# The last lines of py-rattler-build 0.73 when it could not make an environment.
_NO_LICENSE_FILE = "No license files were copied"
_NO_TEST = "Test failed"
_NO_ENVIRONMENT = ("Failed to resolve dependencies", _NO_TEST)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the process of a build ended.

    `killed` is true when the kernel killed a process for lack of memory meanwhile, `tight` when a
    file system may have been full.
    """

    done: process.Completed
    killed: bool
    tight: bool
    engine: str


def error_of(
    job: Job, log: Path, ended: Ended, limits: Limits, store: Store, folder: Path
) -> RootstockError:
    """Return the error of a failed build: `BuildFailed` when the package itself failed.

    Otherwise `MachineError`, and `NoSpace` when the disk is full. `folder` has the build's files in
    `build`, and in `deps` the channel that it could install from.
    """
    done, lines = ended.done, logs.tail(log)
    trouble = disk.trouble(store.root / "tmp")
    # A script may print anything: its output counts only where it can be true.
    if isinstance(trouble, NoSpace) or (ended.tight and means_no_space("\n".join(lines))):
        return NoSpace(store.root, f"{job.id} was being built (log: {log})")
    if trouble:
        return trouble
    if done.over:
        limit = {"time": limits.seconds, "memory": limits.memory}[done.over]
        lines = (*lines, *_unpackable(folder / "build"))
        return BuildFailed(job.id, log, lines, stage=logs.stage(log), over=done.over, limit=limit)
    if ended.killed or _from_outside(done.code) or logs.shows_a_kill(log):
        return MachineError(
            f"something outside rootstock ended the build of {job.id} (log: {log})",
            "If memory ran out (see `dmesg`), use fewer parallel builds with -j, or "
            "a --memory-limit for each.",
        )
    if done.code != _FAILED:
        lines_read = "\n".join(f"    {line}" for line in lines[-_SHOWN:])
        return MachineError(
            f"{ended.engine} could not run the build of {job.id}: it ended with {done.code}:\n"
            f"{lines_read}",
            f"Whole log: {log}. Try another engine with --engine; `rootstock doctor` lists them.",
        )
    reasons = (
        *_unsolved(job, log, folder / "deps"),
        *_unlicensed(job, lines),
        *_unpackable(folder / "build"),
    )
    return BuildFailed(job.id, log, (*lines, *reasons), stage=logs.stage(log))


def _from_outside(code: int) -> bool:
    """Whether an exit code means that a signal ended the engine, or the program it ran.

    It is negative for the engine's own process.
    """
    return any(code in (-number, 128 + number, 64 + 128 + number) for number in _FROM_OUTSIDE)


def _unlicensed(job: Job, lines: Sequence[str]) -> list[str]:
    """Name the missing license files, because the builder does not."""
    if not lines or not lines[-1].endswith(_NO_LICENSE_FILE):
        return []
    given = job.order["recipe"].get("about", {}).get("license_file") or ()
    files = listed([given] if isinstance(given, str) else given)
    return [f"The license_file ({files}) is neither in the sources nor in the recipe's folder."]


def _unpackable(work: Path) -> list[str]:
    """Name the files in $PREFIX that no package can have, because the builder does not.

    It stops at a name that is not UTF-8, or at a file that it cannot read.
    """
    found = []
    for prefix in work.glob(_PREFIX):
        if not prefix.resolve().is_relative_to(work.resolve()):
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
        return "a package may only have files, links and folders."
    try:
        path.decode()
    except UnicodeDecodeError:
        return "no package can have a name that is not UTF-8."
    return ""


def _unsolved(job: Job, log: Path, deps: Path) -> list[str]:
    """Say why an environment could not be solved, because the builder does not."""
    lines_read = process.tail(log, _ASKED)
    if not any(line.endswith(_NO_ENVIRONMENT) for line in lines_read[-_SHOWN:]):
        return []
    name = job.filename.rsplit("-", 2)[0]
    asked = unsolved.specs_asked("\n".join(lines_read), name)
    if lines_read[-1].endswith(_NO_TEST):  # it installs the package itself, which `deps` lacks
        runs = job.order["recipe"].get("requirements", {}).get("run", ())
        asked = (*asked, *(spec for spec in runs if "${{" not in spec))
    found = unsolved.reason(deps, asked)
    if not found:
        return []
    return ["No environment satisfies the requirements:", *(f"  {line}" for line in found)]
