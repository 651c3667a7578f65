#!/usr/bin/env python3
"""Applies patches of Debian to the source in this folder: those that a recipe names.

    apply-debian-patches [FOLDER]

FOLDER (debian if none) has what Debian's debian.tar.xz of the source contains, and one file more,
NAME.series. That has names of patches of FOLDER/patches/series, one on a line, in that order. In
both files `#` begins a comment (quilt(1)).

It ends with 1, and says why, when a name is not in Debian's series or the order is another. It does
so, too, when a patch does not apply as it is.
"""

import subprocess
import sys
from pathlib import Path


def main(folder: Path) -> str:
    """Apply the patches of a folder; return what is wrong, or an empty text."""
    named = sorted(folder.glob("*.series"))
    if len(named) != 1:
        return f"{folder} has {len(named)} files NAME.series, and needs one"
    wanted = series(named[0].read_text())
    if reason := fault(wanted, series((folder / "patches/series").read_text())):
        return f"{named[0]}: {reason}"
    for name in wanted:
        print(f"Applying {name}", flush=True)
        # No fuzz, and no guess that a patch is in the source already.
        command = ["patch", "--strip=1", "--fuzz=0", "--force", "--no-backup-if-mismatch"]
        if subprocess.run([*command, f"--input={folder / 'patches' / name}"]).returncode:
            return f"{name} does not apply"
    return ""


def series(text: str) -> list[str]:
    """Return the names in a series of patches, in their order."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    # Debian's patches all have one folder to strip: its tools refuse a series with options.
    return [words[0] for words in lines if words]


def fault(wanted: list[str], there: list[str]) -> str:
    """Return why patches cannot be taken from a series, or an empty text."""
    place = {name: number for number, name in enumerate(there)}
    if not wanted:
        return "it names no patch"
    before = ""
    for name in wanted:
        if name not in place:
            return f"{name} is not in Debian's series"
        if before and place[name] <= place[before]:
            return f"{name} comes before {before} in Debian's series, or is named twice"
        before = name
    return ""


if __name__ == "__main__":
    if reason := main(Path(sys.argv[1] if len(sys.argv) > 1 else "debian")):
        sys.exit(f"apply-debian-patches: {reason}")
