"""The git revision of a checkout."""

from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError


def revision(checkout: Path) -> str:
    """The revision of a checkout, `-dirty` at its end if files differ; empty without git."""
    # With no tag to be near, --always gives the commit.
    words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = process.run(["git", "-C", checkout, *words])
    except MachineError:
        return ""
    return found.output.strip() if found.code == 0 else ""
