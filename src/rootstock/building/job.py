"""Jobs: all inputs of one package, and how the store keeps them beside the package.

```
artifacts/<key>-<number>/
  inputs.json     the inputs whose sha256 is the build key
  job.json        the input of the program in the sandbox
  recipe/         the files of the recipe's folder that the build saw
  made-from.json  the origins of its sources, and the artifacts it could install
```
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rootstock.building.artifact import Artifact, load
from rootstock.core.errors import MachineError
from rootstock.core.store import Store
from rootstock.plan.graph import Node

# The date of every file in every package: the day of ROOT 6.00 (2014-05-30).
EPOCH = 1401408000
INPUTS = "inputs.json"
PROGRAM = "package.py"  # in recipes/analysis/wheel: it makes packages without the builder
_ORDER, _FILES, _MADE_FROM = "job.json", "recipe", "made-from.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build: all inputs of a package, and the required name of its file.

    `order` is the input of the program in the sandbox. `folder` has the recipe's files, which must
    match `files` (path -> hash, as in a build key). `sources` are the recipe's fetched sources.
    `needs` are the artifacts of all packages that the build and host environments may hold, and of
    all run dependencies of the package (its tests need them).
    """

    id: str
    subdir: str
    filename: str
    order: Mapping[str, Any]
    folder: Path
    files: Mapping[str, str]
    sources: Sequence[Mapping[str, Any]]
    needs: Sequence[Artifact]

    @property
    def is_wheel(self) -> bool:
        """Whether it packages a wheel of the stack's lock, with the program of its recipe."""
        return PROGRAM in self.files

    @property
    def released(self) -> date | None:
        """The release day of its source, if the recipe has it."""
        day = self.order["recipe"].get("extra", {}).get("rootstock", {}).get("released", "")
        return date.fromisoformat(day) if day else None


def job_of(node: Node, needs: Sequence[Artifact], platform: str) -> Job:
    """Make the job that builds a planned node."""
    recipe: dict[str, Any] = json.loads(json.dumps(node.recipe))
    script = recipe["build"]["script"]
    script["env"] = {**script.get("env", {}), "SOURCE_DATE_EPOCH": str(EPOCH)}
    return Job(
        id=node.id,
        subdir=node.output.subdir,
        filename=node.filename,
        order={
            "recipe": recipe,
            "variant": dict(node.output.variant),
            "platform": platform,
            "test": True,
        },
        folder=node.output.folder,
        files=node.inputs["files"],
        sources=node.output.sources,
        needs=needs,
    )


def keep(job: Job, inputs: Mapping[str, Any], folder: Path) -> None:
    """Write a job, and the inputs of its key, into an artifact's folder."""
    copy_files(job.folder, job.files, folder / _FILES)
    made_from = {
        "sources": [dict(entry) for entry in job.sources],
        "needs": [need.path.parent.name for need in job.needs],
    }
    for name, value in ((INPUTS, inputs), (_ORDER, job.order), (_MADE_FROM, made_from)):
        (folder / name).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def stored_inputs(folder: Path) -> dict[str, Any] | None:
    """Return the inputs of the key of an artifact's folder, or None when they are missing."""
    with suppress(OSError, ValueError):
        inputs = json.loads((folder / INPUTS).read_text())
        return inputs if isinstance(inputs, dict) else None
    return None


def stored_job(artifact: Artifact, store: Store) -> Job:
    """Return the job that made an artifact.

    Raises `MachineError` when the store no longer has all of it.
    """
    folder = artifact.path.parent
    try:
        inputs = json.loads((folder / INPUTS).read_text())
        order = json.loads((folder / _ORDER).read_text())
        made_from = json.loads((folder / _MADE_FROM).read_text())
    except (OSError, ValueError) as error:
        raise MachineError(
            f"the store has no record of how {artifact.filename} was built: {error}",
            f"An older rootstock built it. Remove {folder} and build it again.",
        ) from error
    needs = []
    for name in made_from["needs"]:
        need = load(store.artifact(name))
        if need is None:
            raise MachineError(
                f"{artifact.filename} was built with an artifact that the store no longer has: "
                f"{name}",
                "Build again, with the same version of the checkout.",
            )
        needs.append(need)
    return Job(
        id=artifact.filename.removesuffix(".conda"),
        subdir=artifact.subdir,
        filename=artifact.filename,
        order=order,
        folder=folder / _FILES,
        files=inputs["files"],
        sources=made_from["sources"],
        needs=needs,
    )


def copy_files(folder: Path, names: Iterable[str], into: Path) -> None:
    """Copy files of a recipe's folder, with only those file modes that a build key has."""
    into.mkdir(parents=True)
    for name in names:
        source, target = folder / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # comparing hashes will reveal missing files
            shutil.copyfile(source, target, follow_symlinks=False)
            if not target.is_symlink():
                target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
