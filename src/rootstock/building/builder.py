"""Build one package: one sandbox, one process, no network, no token."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import rattler_build

from rootstock.building import artifacts
from rootstock.building import log as logs
from rootstock.building.artifact import Artifact, write_record
from rootstock.building.cause import WRAP, Ended, error_of
from rootstock.building.costs import Cost
from rootstock.building.fingerprint import ENVIRONMENT, INSIDE
from rootstock.building.job import EPOCH, Job, copy_files, job_of, keep
from rootstock.building.limits import Limits
from rootstock.building.normalise import normalise
from rootstock.core import disk, memory, process
from rootstock.core.errors import BuildFailed, UsageError
from rootstock.core.package_file import members
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.image.output import move
from rootstock.plan.graph import Node
from rootstock.plan.key import SOURCES, folder_hashes
from rootstock.sources.source import path_in, source_of

_INDEX = "info/index.json"


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """What all builds of a run share. `level` is zstd's.

    `stage` makes a channel of artifacts in a folder: the only thing a build can install from.
    """

    store: Store
    engine: Engine
    image: Path
    platform: str
    level: int
    limits: Limits
    stage: Callable[[Sequence[Artifact], Path], object]


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A package file, and the most bytes of memory that its build held (0: nobody saw it)."""

    path: Path
    peak: int


def build(
    node: Node, needs: Sequence[Artifact], context: BuildContext, log: Path
) -> tuple[Artifact, Cost]:
    """Build a node's package and put it into the store, with all that it was made from.

    `needs` are as in `Job`. The log of the build goes to `log`. Raises as `make` does.
    """
    started = time.monotonic()
    job = job_of(node, needs, context.platform)
    with context.store.scratch(node.output.name) as folder:
        made = make(job, context, log, folder)
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
        keep(replace(job, folder=folder / "recipe"), node.inputs, ready)
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
    work, ready = folder / "build", folder / "ready"
    _lay_out(work, folder, job, context.store)
    context.stage(job.needs, folder / "deps")
    sandbox = _sandbox(folder, context)
    admit(work, write=True)
    for mount in sandbox.mounts:
        admit(mount.source)
    argv = [*WRAP, "/usr/bin/python3", "/rootstock/tool/inside.py"]
    kills, space_left = memory.kills(), disk.Watch(context.store.root / "tmp")
    done = process.run(
        context.engine.command(sandbox, argv),
        log=log,
        timeout=context.limits.seconds,
        memory=context.limits.memory,
        cmdline_marker=sandbox.name,
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
    ready.mkdir()
    return BuildResult(path=_finish(job, log, context, work, ready), peak=done.peak)


def _finish(job: Job, log: Path, context: BuildContext, work: Path, ready: Path) -> Path:
    """Take the package out of the folder that the build could write to, and pack it for good.

    Nothing in there is trusted: the file is where and what it has to be, or the build has failed.
    """
    built = ready.with_name("built")
    built.mkdir()
    try:
        package = move(work, f"out/{job.subdir}/{job.filename}", built)
        finished = normalise(
            package, ready, epoch=EPOCH, released=job.released, level=context.level
        )
        _require(finished, job)
    except Exception as error:  # a hostile archive can make its readers raise anything
        if isinstance(error, OSError) and (trouble := disk.trouble(ready)):
            raise trouble from error
        reason = f"{job.filename} is not a package: {error or type(error).__name__}"
        lines = (*logs.tail(log), reason)
        raise BuildFailed(job.id, log, lines, stage="packaging") from error
    return finished


def _require(package: Path, job: Job) -> None:
    """Raise `ValueError` unless a package says of itself what its file is called."""
    index = json.loads(members(package, (_INDEX,))[_INDEX])
    name = f"{index['name']}-{index['version']}-{index['build']}.conda"
    if (name, index["subdir"]) != (job.filename, job.subdir):
        raise ValueError(f"it is {index['subdir']}/{name} by its index.json")


def _lay_out(work: Path, folder: Path, job: Job, store: Store) -> None:
    """Lay out what the build sees: the recipe's folder, its sources, and the job."""
    # A build may write into its recipe's folder; what is kept is another copy.
    copy_files(job.folder, job.files, folder / "recipe")
    if folder_hashes(folder / "recipe") != job.files:
        # What is built from it would stand under a key that is not its own.
        raise UsageError(f"{job.folder} changed while rootstock was running", "Run it again.")
    copy_files(folder / "recipe", job.files, work / "recipe")
    (work / "home").mkdir()
    (folder / "sources").mkdir()
    for entry in job.sources:
        source = source_of(entry)
        place = folder / "sources" / source.sha256 / source.filename
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            link_or_copy(path_in(store, source), place)
    # Sorted: the package carries the recipe, and a key does not depend on its order.
    (work / "job.json").write_text(json.dumps(job.order, indent=1, sort_keys=True))


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sandbox(folder: Path, context: BuildContext) -> Sandbox:
    return Sandbox(
        root=context.image,
        name=f"rootstock-{uuid4().hex}",
        mounts=(
            Mount(source=_tool_folder(folder), target="/rootstock/tool"),
            Mount(
                source=Path(rattler_build.__file__).parent, target="/rootstock/site/rattler_build"
            ),
            Mount(source=folder / "deps", target="/rootstock/deps"),
            Mount(source=folder / "sources", target=SOURCES),
            Mount(source=folder / "build", target="/rootstock/build", writable=True),
        ),
        env=ENVIRONMENT,
        cwd="/rootstock/build",
    )


def _tool_folder(folder: Path) -> Path:
    """A folder with nothing but the program that runs inside."""
    tool = folder / "tool"
    tool.mkdir()
    shutil.copyfile(INSIDE, tool / INSIDE.name)
    return tool
