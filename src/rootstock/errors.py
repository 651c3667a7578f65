"""Every failure a user can meet: one class each, with its exit code and its remedy.

The exit codes are part of the command line's contract: 1 a build, audit or smoke test failed;
2 usage or configuration; 3 a source or the network failed; 4 the machine lacks something;
5 refused; 130 interrupted.
"""

from collections.abc import Sequence
from pathlib import Path


class RootstockError(Exception):
    """A failure that is told to the user as `message`, then `remedy`, and ends with `code`."""

    code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(RootstockError):
    """An option, a file of configuration or a name that cannot be."""

    code = 2


class RecipeError(UsageError):
    """A recipe that cannot be read or rendered."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}", "Mend the recipe; docs/recipes.md has the format.")
        self.path = path


class SourceError(RootstockError):
    """A source that could not be had, or is not what its sha256 says."""

    code = 3


class MachineError(RootstockError):
    """Something the machine lacks: a program, a kernel feature, space on the disk."""

    code = 4


class RefusedError(RootstockError):
    """Something rootstock will not do: overwrite, publish what is not whole or not proven."""

    code = 5


class InterruptedByUser(RootstockError):
    """Ctrl-C, or a request to end."""

    code = 130


class BuildFailed(RootstockError):
    """A build script, or the builder itself, failed."""

    def __init__(self, node: str, log: Path, tail: Sequence[str]) -> None:
        lines = "\n".join(f"    {line}" for line in tail)
        super().__init__(f"{node} did not build. Its last lines:\n{lines}", f"Whole log: {log}")
        self.node, self.log, self.tail = node, log, tuple(tail)


class AuditFailed(RootstockError):
    """A package that breaks a promise every package makes."""


class SmokeFailed(RootstockError):
    """A staged set that does not work when installed."""
