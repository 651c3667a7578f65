"""Build one package: in a sandbox, without network and tokens."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.building import artifacts
from rootstock.building import log as logs
from rootstock.building.artifact import Artifact, write_record
from rootstock.building.cause import WRAP, Ended, error_of
from rootstock.building.costs import Cost
from rootstock.building.fingerprint import INSIDE
from rootstock.building.job import EPOCH, PROGRAM, Job, job_of, keep
from rootstock.building.normalise import normalise
from rootstock.building.room import BUILD, BuildContext, copied, lay_out, sandbox
from rootstock.building.series import Wheels
from rootstock.core import disk, memory, process
from rootstock.core.errors import BuildFailed
from rootstock.core.package_file import members
from rootstock.core.seal import sha256_of
from rootstock.image.output import NotTaken, move
from rootstock.plan.graph import Node

_INDEX = "info/index.json"


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A package file, and the most bytes of memory that its build held (0: nobody saw it)."""

    path: Path
    peak: int


def build(
    node: Node, needs: Sequence[Artifact], context: BuildContext, wheels: Wheels, log: Path
) -> tuple[Artifact, Cost]:
    """Build a node's package and put it into the store, with all that it was made from.

    `needs` are as in `Job`. The log of the build goes to `log`. A wheel is packaged in a sandbox of
    `wheels`, if that succeeds. Raises as `make` does.
    """
    started = time.monotonic()
    with context.store.scratch(node.output.name) as folder:
        job = copied(job_of(node, needs, context.platform), folder / "recipe")
        made = packed(job, context, wheels, log, folder) if job.is_wheel else None
        made = made or _built(job, context, log, folder)
        finished = made.path
        artifact = Artifact(
            path=finished,
            key=node.key,
            name=node.output.name,
            version=node.output.version,
            build=node.build,
            subdir=node.output.subdir,
            sha256=sha256_of(finished),
            size=finished.stat().st_size,
            seconds=round(time.monotonic() - started, 2),
            scope=node.scope,
        )
        ready = finished.parent
        write_record(artifact, ready)
        keep(job, node.inputs, ready)
        shutil.copyfile(log, ready / "build.log")
        stored = artifacts.publish(ready, node, context.store)
    return stored, Cost(seconds=stored.seconds, memory=made.peak)


def make(job: Job, context: BuildContext, log: Path, folder: Path) -> BuildResult:
    """Build a package in a scratch folder; its file is alone in a folder of its own.

    Raises `BuildFailed` when the script, a test of the package or the builder fails, leaves no
    sound package or exceeds a limit. Raises `NoSpace` when the disk is full, and `MachineError`
    when the sandbox could not be made or something else ended the build. Raises `UsageError` when
    the recipe's files are not those of the job.
    """
    return _built(copied(job, folder / "recipe"), context, log, folder)


def packed(
    job: Job, context: BuildContext, wheels: Wheels, log: Path, folder: Path
) -> BuildResult | None:
    """Package a wheel as `make` does, in a sandbox that it shares; None when that failed."""
    shared = folder / "shared"
    shared.mkdir()
    package = wheels.pack(job, log, shared)
    if package is None:
        return None
    try:
        return BuildResult(path=_finish(job, log, context, package, shared / "ready"), peak=0)
    except BuildFailed:
        log.unlink()
        return None


def _built(job: Job, context: BuildContext, log: Path, folder: Path) -> BuildResult:
    work = folder / "build"
    (work / "home").mkdir(parents=True)
    (folder / "sources").mkdir()
    lay_out(job, context.store, work, folder / "sources")
    context.stage(job.needs, folder / "deps")
    room = sandbox(folder, context, [INSIDE])
    program = [f"/rootstock/tool/{INSIDE.name}"]
    if job.is_wheel:
        files = (f"{BUILD}/{name}" for name in (f"recipe/{PROGRAM}", "job.json", "out"))
        program = [*files, str(context.level)]
    argv = [*WRAP, "/usr/bin/python3", *program]
    kills, space_left = memory.kills(), disk.Watch(context.store.root / "tmp")
    done = process.run(
        context.engine.command(room, argv),
        log=log,
        timeout=context.limits.seconds,
        memory=context.limits.memory,
        cmdline_marker=room.name,
        look=space_left.look,
    )
    if done.code:
        ended = Ended(
            done=done,
            killed=memory.kills() > kills,
            tight=space_left.tight,
            engine=context.engine.name,
        )
        raise error_of(job, log, ended, context.limits, context.store, folder)
    built = folder / "built"
    built.mkdir()
    try:
        package = move(work, f"out/{job.subdir}/{job.filename}", built)
    except NotTaken as error:
        raise _no_package(job, log, error) from error
    finished = _finish(job, log, context, package, folder / "ready")
    return BuildResult(path=finished, peak=done.peak)


def _finish(job: Job, log: Path, context: BuildContext, package: Path, ready: Path) -> Path:
    """Pack what a build made for good, in the new folder `ready`.

    Nothing in the package is trusted: it is what it has to be, or the build has failed. That of a
    wheel is packed for good already.
    """
    ready.mkdir()
    try:
        if job.is_wheel:
            finished = package.rename(ready / package.name)
            finished.chmod(0o644)
        else:
            finished = normalise(
                package, ready, epoch=EPOCH, released=job.released, level=context.level
            )
        _require(finished, job)
    except Exception as error:  # a hostile archive can make its readers raise anything
        if isinstance(error, OSError) and (trouble := disk.trouble(ready)):
            raise trouble from error
        raise _no_package(job, log, error) from error
    return finished


def _no_package(job: Job, log: Path, error: Exception) -> BuildFailed:
    reason = f"{job.filename} is not a package: {error or type(error).__name__}"
    return BuildFailed(job.id, log, (*logs.tail(log), reason), stage="packaging")


def _require(package: Path, job: Job) -> None:
    """Raise `ValueError` unless a package says of itself what its file is called."""
    index = json.loads(members(package, (_INDEX,))[_INDEX])
    name = f"{index['name']}-{index['version']}-{index['build']}.conda"
    if (name, index["subdir"]) != (job.filename, job.subdir):
        raise ValueError(f"it is {index['subdir']}/{name} by its index.json")
