"""Jobs: all that one package is made from, and how the store keeps it beside the package.

```
artifacts/<key>-<number>/
  inputs.json     what the build key is the sha256 of
  job.json        what the program in the sandbox was told
  recipe/         the files of the recipe's folder that the build saw
  made-from.json  where its sources come from, and which artifacts it could install
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

# What every file in every package is dated with: the day of ROOT 6.00 (2014-05-30).
EPOCH = 1401408000
INPUTS = "inputs.json"
_ORDER, _FILES, _MADE_FROM = "job.json", "recipe", "made-from.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build: all that a package is made from, and what its file has to be called.

    `order` is what the program in the sandbox is told. `folder` has the recipe's files, which
    must be what `files` (path -> hash, as in a build key) says. `sources` are the recipe's, as
    they are fetched. `needs` are the artifacts of all that the build and host environments may
    hold, and of all that the package depends on when installed (its tests run with that).
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
    def released(self) -> date | None:
        """The day of the release of its source, where the recipe says it."""
        told = self.order["recipe"].get("extra", {}).get("rootstock", {}).get("released", "")
        return date.fromisoformat(told) if told else None


def job_of(node: Node, needs: Sequence[Artifact], platform: str) -> Job:
    """The job of building a planned node."""
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
    """Write all that a job is, and the inputs of its key, into an artifact's folder."""
    copy_files(job.folder, job.files, folder / _FILES)
    made_from = {
        "sources": [dict(entry) for entry in job.sources],
        "needs": [need.path.parent.name for need in job.needs],
    }
    for name, value in ((INPUTS, inputs), (_ORDER, job.order), (_MADE_FROM, made_from)):
        (folder / name).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def stored_inputs(folder: Path) -> dict[str, Any] | None:
    """The inputs of the key of an artifact's folder, or None when they are not there."""
    with suppress(OSError, ValueError):
        inputs = json.loads((folder / INPUTS).read_text())
        return inputs if isinstance(inputs, dict) else None
    return None


def stored_job(artifact: Artifact, store: Store) -> Job:
    """The job that an artifact was made by.

    Raises `MachineError` when the store does not have all of it any more.
    """
    folder = artifact.path.parent
    try:
        inputs = json.loads((folder / INPUTS).read_text())
        order = json.loads((folder / _ORDER).read_text())
        made_from = json.loads((folder / _MADE_FROM).read_text())
    except (OSError, ValueError) as error:
        raise MachineError(
            f"the store has no record of how {artifact.filename} was built: {error}",
            f"It was built by an older rootstock. Remove {folder} and build it again.",
        ) from error
    needs = []
    for name in made_from["needs"]:
        need = load(store.artifact(name))
        if need is None:
            raise MachineError(
                f"{artifact.filename} was built with an artifact that the store has no more: "
                f"{name}",
                "Build again, with the checkout as it was then.",
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
    """Copy files of a recipe's folder, with no more of their modes than a build key has."""
    into.mkdir(parents=True)
    for name in names:
        source, target = folder / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # what is missing is seen by comparing hashes
            shutil.copyfile(source, target, follow_symlinks=False)
            if not target.is_symlink():
                target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
