"""An acceptance test: a program of an experiment, with what its numbers may change by."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.acceptance.numbers import Number
from rootstock.core.errors import UsageError

FILE = "acceptance.toml"
LIMIT = 120.0  # default seconds for a test


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a number may be from the one before: the larger of both, and not at all by default.

    `relative` is a fraction of the number before.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def around(self, before: Number) -> float:
        """Return the largest difference that is allowed from a number before."""
        return max(self.absolute, self.relative * abs(before))


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A new `value` of a number that is right, and the reason; None if it is no longer written."""

    number: str
    value: Number | None
    why: str


@dataclass(frozen=True, kw_only=True)
class AcceptanceTest:
    """A program in a folder, what it needs, its limit in seconds, and what may change."""

    name: str
    title: str
    folder: Path
    program: str
    needs: tuple[str, ...] = ()
    limit: float = LIMIT
    tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()

    def digest(self) -> str:
        """Return a sha256 over the names and bytes of its files.

        Raises `UsageError` when one cannot be read.
        """
        found = hashlib.sha256()
        try:
            for path in files(self.folder):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"{content} {path.relative_to(self.folder)}\n".encode())
        except OSError as error:
            raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error
        return found.hexdigest()


def files(folder: Path) -> list[Path]:
    """Return the files of a test, sorted, without what Python leaves there."""
    paths = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return sorted(path for path in paths if path.is_symlink() or not path.is_dir())
