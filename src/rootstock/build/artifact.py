"""Artifacts: finished packages in the store, each with the record of how it came to be."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORD = "artifact.json"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A package file with what is known of it. Sizes are in bytes, times in seconds.

    `scope` is `channel` for what users may install, `image` for tools that only work in the
    image they were made for.
    """

    path: Path
    key: str
    name: str
    version: str
    build: str
    subdir: str
    sha256: str
    size: int
    seconds: float
    scope: str

    @property
    def filename(self) -> str:
        """The package's file name in a channel."""
        return self.path.name


def write_record(artifact: Artifact, folder: Path) -> None:
    """Write the record that `load` reads, beside the package in `folder`."""
    record: dict[str, Any] = asdict(artifact)
    record["path"] = artifact.path.name
    (folder / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def load(folder: Path) -> Artifact | None:
    """The artifact in a folder of the store, or None when it is not there or not whole."""
    try:
        record = json.loads((folder / RECORD).read_text())
        artifact = Artifact(**{**record, "path": folder / record["path"]})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = artifact.path.is_file() and artifact.path.stat().st_size == artifact.size
    return artifact if whole else None
