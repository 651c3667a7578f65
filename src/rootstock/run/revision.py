"""The git revision of a checkout."""

from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError


def revision(checkout: Path) -> str:
    """Return the revision of a checkout, with `-dirty` if files differ; empty without git."""
    # No tag is considered, so --always prints the commit.
    words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = process.run(["git", "-C", checkout, *words])
    except MachineError:
        return ""
    return found.output.strip() if found.code == 0 else ""
