"""What a build sees: the mounted folders of its sandbox."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import rattler_build

from rootstock.building.artifact import Artifact
from rootstock.building.fingerprint import ENVIRONMENT
from rootstock.building.job import Job, copy_files
from rootstock.building.limits import Limits
from rootstock.core.errors import UsageError
from rootstock.core.store import Store
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.plan.key import SOURCES, folder_hashes
from rootstock.sources.source import path_in, source_of

BUILD = "/rootstock/build"


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


def copied(job: Job, folder: Path) -> Job:
    """Copy the recipe's files of a job to a new folder; return the job with this folder.

    Raises `UsageError` when the files are not those of the job.
    """
    copy_files(job.folder, job.files, folder)
    if folder_hashes(folder) != job.files:
        # What is built from it would stand under a key that is not its own.
        raise UsageError(f"{job.folder} changed while rootstock was running", "Run it again.")
    return replace(job, folder=folder)


def lay_out(job: Job, store: Store, into: Path, sources: Path) -> None:
    """Lay out the input of the builder in one folder, and the job's sources in another."""
    # A build may write into its recipe's folder; what is kept is another copy.
    copy_files(job.folder, job.files, into / "recipe")
    # Sorted: the package carries the recipe, and a key does not depend on its order.
    (into / "job.json").write_text(json.dumps(job.order, indent=1, sort_keys=True))
    for entry in job.sources:
        source = source_of(entry)
        place = sources / source.sha256 / source.filename
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            link_or_copy(path_in(store, source), place)


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sandbox(folder: Path, context: BuildContext, programs: Sequence[Path]) -> Sandbox:
    """Return a sandbox for builds, with the folders `deps`, `sources` and `build` of a folder.

    Of rootstock itself it has only `programs`. It may write to `build` only.
    """
    tool = folder / "tool"
    tool.mkdir(exist_ok=True)
    for program in programs:
        shutil.copyfile(program, tool / program.name)
    builder = Path(rattler_build.__file__).parent
    mounts = (
        Mount(source=tool, target="/rootstock/tool"),
        Mount(source=builder, target="/rootstock/site/rattler_build"),
        Mount(source=folder / "deps", target="/rootstock/deps"),
        Mount(source=folder / "sources", target=SOURCES),
        Mount(source=folder / "build", target=BUILD, writable=True),
    )
    for mount in mounts:
        admit(mount.source, write=mount.writable)
    name = f"rootstock-{uuid4().hex}"
    return Sandbox(root=context.image, name=name, mounts=mounts, env=ENVIRONMENT, cwd=BUILD)
