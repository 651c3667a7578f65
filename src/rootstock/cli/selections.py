"""What bundle, ship and pack share: the choice of a release, a dry run, and a test."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import print_json, say
from rootstock.core.formatting import counted, size
from rootstock.offline.selection import Selection
from rootstock.smoke.report import SmokeReport

WhichRelease = Annotated[
    str, typer.Option("--release", help="A number, or latest.", metavar="NUMBER")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would contain, and end.")]
Test = Annotated[
    bool, typer.Option("--test/--no-test", help="Install and test it on a bare Debian 11.")
]


def show_choice(selection: Selection, target: Path, as_json: bool) -> None:
    """Print what a file would contain; nothing is made."""
    choice = {
        "path": str(target),
        "release": selection.release.release,
        "cells": selection.cells,
        "packages": [package.filename for package in selection.packages],
        "size": selection.size,
    }
    if as_json:
        print_json(choice)
        return
    held = (
        f"{target} would contain release {selection.release.release}, "
        f"{', '.join(selection.cells)}: "
        f"{counted(len(selection.packages), 'package')}, {size(selection.size)}"
    )
    say([*(package.filename for package in selection.packages), held])


def tested(report: SmokeReport | None) -> str:
    """The result of a trial, as the end of a line."""
    if not report:
        return ", not tested."
    ran = [check for check in report.checks if check.outcome != "not run"]
    return f", {counted(len(ran), 'check')} passed on {report.system}."
