"""Artifacts: finished packages in the store, each with the record of its build."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rootstock.core import seal
from rootstock.core.errors import Damaged

RECORD = "artifact.json"
SEAL = "verified"  # the seal of the package at the last check of its sha256


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A package file with its record. Sizes are in bytes, times in seconds.

    `scope` is `channel` for packages that users may install, and `local` for those that only this
    machine's user may try. It is `image` for tools that only work in the image they were made for.
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
    write_seal(artifact)


def load(folder: Path) -> Artifact | None:
    """Return the artifact in a folder of the store, or None when there is none.

    It compares the package's sha256 with its record's once; after that, the file's seal shows that
    nobody wrote to it. Raises `Damaged` when the folder exists but is incomplete.
    """
    if not folder.exists():
        return None
    try:
        record = json.loads((folder / RECORD).read_text())
        seconds = float(record["seconds"])
        artifact = Artifact(**{**record, "path": folder / record["path"], "seconds": seconds})
        found = artifact.path.stat().st_size
    except FileNotFoundError as error:
        if not folder.exists():  # another process removed it
            return None
        raise Damaged(folder, f"{Path(error.filename).name} is gone") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Damaged(folder, f"{RECORD} cannot be read: {error}") from error
    if found != artifact.size:
        raise Damaged(folder, f"{artifact.filename} has {found} bytes, not {artifact.size}")
    if not _holds_seal(artifact):
        sha256 = seal.sha256_of(artifact.path)
        if sha256 != artifact.sha256:
            raise Damaged(folder, f"{artifact.filename} has the sha256 {sha256}")
        with suppress(OSError):  # then it is read again the next time
            write_seal(artifact)
    return artifact


def write_seal(artifact: Artifact) -> None:
    """Record that a package just matched its record."""
    place = artifact.path.with_name(SEAL)
    place.write_text(_seal(artifact))


def drop_seal(folder: Path) -> None:
    """Make `load` read the whole package again."""
    (folder / SEAL).unlink(missing_ok=True)


def _holds_seal(artifact: Artifact) -> bool:
    try:
        return artifact.path.with_name(SEAL).read_text() == _seal(artifact)
    except (OSError, ValueError):
        return False


def _seal(artifact: Artifact) -> str:
    return f"{artifact.sha256} {seal.of_file(artifact.path)}\n"
