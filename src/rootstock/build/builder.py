"""Build one package: one sandbox, one process, no network, no token."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import rattler_build
import yaml
import zstandard

from rootstock import memory, process
from rootstock import store as places
from rootstock.build.artifact import Artifact, load, write_record
from rootstock.build.costs import Cost
from rootstock.build.job import EPOCH, Job, copy_files, job_of, keep
from rootstock.build.limits import Limits
from rootstock.build.normalise import normalise
from rootstock.errors import (
    BuildFailed,
    Damaged,
    MachineError,
    NoSpace,
    UsageError,
    tells_of_no_space,
)
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.plan.graph import Node
from rootstock.plan.key import SOURCES, Builder, builder_of, folder_hashes
from rootstock.seal import sha256_of
from rootstock.sources.fetch import path_in, source_of
from rootstock.store import Store

_INSIDE = Path(__file__).with_name("inside.py")
# All that a build's environment has before the packages in it are activated.
_ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/rootstock/build/home",
    "LC_ALL": "C.UTF-8",
    "TERM": "dumb",
    "PYTHONPATH": "/rootstock/site",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# Those that write a package's bytes. importlib.metadata tells the same, 20 ms later.
_VERSIONS: Mapping[str, str] = {
    "py-rattler-build": rattler_build.rattler_build_version(),
    "PyYAML": yaml.__version__,
    "zstandard": zstandard.__version__,
}
_TAIL = 100  # lines of a log in which the reason of a failure is looked for
# What a log says when not the script failed but something killed it, or a part of it.
_KILLED = re.compile(
    "Script failed with status 137"  # the shell's word for SIGKILL
    "|Killed signal terminated program"  # gcc's, of its compiler
    "|unshare: sigprocmask unblock failed"  # util-linux 2.38's, of what it runs
)
# What rattler-build writes when a stage is behind it (py-rattler-build 0.73), latest first.
_STAGES = (
    ("Collecting tests from ", "tests"),
    ("Copying done!", "packaging"),
    ("Successfully updated the host environment", "script"),
)


@dataclass(frozen=True, kw_only=True)
class Workshop:
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


def fingerprint(image_digest: str, level: int) -> Builder:
    """The builder that goes into every build key."""
    facts = {
        **_VERSIONS,
        "epoch": str(EPOCH),
        "level": str(level),
        "environment": " ".join(f"{name}={value}" for name, value in _ENVIRONMENT.items()),
    }
    files = (_INSIDE, Path(__file__).with_name("normalise.py"))
    return builder_of(image_digest, facts, files)


def place_of(node: Node, store: Store) -> Path:
    """Where the store keeps, or would keep, the artifact of a node."""
    return store.artifact(node.artifact)


def kept(node: Node, store: Store) -> Artifact | None:
    """The artifact of a node, or None when the store does not have it.

    Raises `Damaged` when what the store has is not whole, or not what the node is.
    """
    artifact = load(place_of(node, store))
    if artifact is None:
        return None
    output = node.output
    is_ = (artifact.key, artifact.filename, artifact.name, artifact.version, artifact.build)
    must = (node.key, node.filename, output.name, output.version, node.build)
    if (*is_, artifact.subdir, artifact.scope) != (*must, output.subdir, node.scope):
        raise Damaged(place_of(node, store), "its record is not that of the package")
    return artifact


@dataclass(frozen=True, kw_only=True)
class Made:
    """A package file, and the most bytes of memory that its build held (0: nobody saw it)."""

    path: Path
    peak: int


def build(
    node: Node, needs: Sequence[Artifact], shop: Workshop, log: Path
) -> tuple[Artifact, Cost]:
    """Build a node's package and put it into the store, with all that it was made from.

    `needs` are as in `Job`. The log of the build goes to `log`. Raises as `make` does.
    """
    started = time.monotonic()
    job = job_of(node, needs, shop.platform)
    with shop.store.scratch(node.output.name) as folder:
        made = make(job, shop, log, folder)
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
        stored = _publish(ready, node, shop.store)
    return stored, Cost(seconds=stored.seconds, memory=made.peak)


def _publish(ready: Path, node: Node, store: Store) -> Artifact:
    """Put a finished artifact in its place, from which a damaged one is taken away."""
    place = place_of(node, store)
    try:
        kept(node, store)
    except Damaged:
        store.discard(place)
    places.publish(ready, place)
    stored = load(place)
    assert stored is not None, "it was put there just now"
    return stored


def make(job: Job, shop: Workshop, log: Path, folder: Path) -> Made:
    """Build a package in a scratch folder; its file is alone in a folder of its own.

    Raises `BuildFailed` when the script, a test of the package or the builder fails or is over a
    limit, `NoSpace` when the disk is full, `MachineError` when something else ended the build, and
    `UsageError` when the recipe's files are not those the job is for.
    """
    room, ready = folder / "build", folder / "ready"
    _furnish(room, folder, job, shop.store)
    shop.stage(job.needs, folder / "deps")
    sandbox = _sandbox(folder, shop)
    argv = ["/usr/bin/python3", "/rootstock/tool/inside.py"]
    # In a container the build may run as another user than the one who owns the folders.
    for place, _, _ in os.walk(room):
        os.chmod(place, 0o777)
    kills = memory.kills()
    done = process.run(
        shop.engine.command(sandbox, argv),
        log=log,
        timeout=shop.limits.seconds,
        memory=shop.limits.memory,
        kin=sandbox.name,
    )
    found = list((room / "out").glob("*/*.conda"))
    if done.code or len(found) != 1:
        _explain(job, log, done, shop, killed=memory.kills() > kills)
    ready.mkdir()
    [package] = found
    finished = normalise(package, ready, epoch=EPOCH, released=job.released, level=shop.level)
    return Made(path=finished, peak=done.peak)


def _furnish(room: Path, folder: Path, job: Job, store: Store) -> None:
    """Lay out what the build sees: the recipe's folder, its sources, and the job."""
    # A build may write into its recipe's folder; what is kept is another copy.
    copy_files(job.folder, job.files, folder / "recipe")
    if folder_hashes(folder / "recipe") != job.files:
        # What is built from it would stand under a key that is not its own.
        raise UsageError(f"{job.folder} changed while rootstock was running", "Run it again.")
    copy_files(folder / "recipe", job.files, room / "recipe")
    (room / "home").mkdir()
    (folder / "sources").mkdir()
    for entry in job.sources:
        source = source_of(entry)
        place = folder / "sources" / source.sha256 / source.filename
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            link_or_copy(path_in(store, source), place)
    # Sorted: the package carries the recipe, and a key does not depend on its order.
    (room / "job.json").write_text(json.dumps(job.order, indent=1, sort_keys=True))


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sandbox(folder: Path, shop: Workshop) -> Sandbox:
    return Sandbox(
        root=shop.image,
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
        env=_ENVIRONMENT,
        cwd="/rootstock/build",
    )


def _tool_folder(folder: Path) -> Path:
    """A folder with nothing but the program that runs inside."""
    tool = folder / "tool"
    tool.mkdir()
    shutil.copyfile(_INSIDE, tool / _INSIDE.name)
    return tool


def _explain(
    job: Job, log: Path, done: process.Completed, shop: Workshop, *, killed: bool
) -> NoReturn:
    lines = process.tail(log, _TAIL)
    if tells_of_no_space("\n".join(lines)):
        raise NoSpace(shop.store.root, f"{job.id} was being built (log: {log})")
    killed = killed or done.code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if not done.over and (killed or _KILLED.search(_text(log))):
        raise MachineError(
            f"something ended {job.id} from outside while it was built (log: {log})",
            "If that was for want of memory (`dmesg` tells): fewer builds at a time with -j, or "
            "a --memory-limit for each.",
        )
    limit = {"": 0.0, "time": shop.limits.seconds, "memory": shop.limits.memory}[done.over]
    raise BuildFailed(job.id, log, lines, stage=_stage(log), over=done.over, limit=limit)


def _stage(log: Path) -> str:
    """How far a build was, by its log."""
    text = _text(log)
    return next((name for words, name in _STAGES if words in text), "environment")


def _text(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""
