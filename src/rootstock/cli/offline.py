"""The commands that take a release to where there is no network."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import AnyChannel, Json, Only, print_json
from rootstock.offline import bundle
from rootstock.offline.choice import Choice, choose
from rootstock.offline.target import refuse
from rootstock.release import check
from rootstock.report.terminal import Terminal
from rootstock.report.words import size

WhichRelease = Annotated[
    str, typer.Option("--release", help="A number, or latest.", metavar="NUMBER")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what it would hold, and end.")]


def make_bundle(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="The folder, or file, to make; if not given, the cell's name here.",
            show_default=False,
        ),
    ] = None,
    release: WhichRelease = check.LATEST,
    only: Only = [],  # noqa: B006 - typer reads the default and hands on a new list
    tar: Annotated[
        bool, typer.Option("--tar", help="Make one file, to be unpacked there.")
    ] = False,
    channel: AnyChannel = "channel",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a folder that is a complete channel with a release, for a machine without network.

    It has the packages, the index, the locks, the attestations, and a text that tells how to
    install from it with conda, mamba, micromamba or rootstock.

    Examples:

      rootstock bundle

      rootstock bundle /media/stick/root --only 'root6*-cp311-*'

      rootstock bundle root.tar --tar --release 2 --channel https://example.org/channel
    """
    choice = choose(channel, release, only)
    target = (out or Path(_name(choice) + (".tar" if tar else ""))).absolute()
    if dry_run:
        refuse(target)
        _tell_choice(choice, target, as_json)
        return
    with Terminal(quiet=as_json) as terminal:
        made = bundle.make(choice, target, terminal, tar=tar)
        if as_json:
            print_json(made.as_json())
            return
        terminal.say(f"{made.path}: {made.packages} packages, {size(made.size)}.")
        terminal.say(f"How to install from it is in {bundle.INSTALL}.")


def _name(choice: Choice) -> str:
    """What a bundle is called when nobody says: its cell, or its release."""
    if len(choice.cells) == 1:
        return choice.cell
    return f"release-{choice.release.release:04d}"


def _tell_choice(choice: Choice, target: Path, as_json: bool) -> None:
    told = {
        "path": str(target),
        "release": choice.release.release,
        "cells": choice.cells,
        "packages": [package.filename for package in choice.packages],
        "size": choice.size,
    }
    if as_json:
        print_json(told)
        return
    print("\n".join(package.filename for package in choice.packages))
    print(
        f"{target} would hold release {choice.release.release}, {', '.join(choice.cells)}: "
        f"{len(choice.packages)} packages, {size(choice.size)}"
    )


COMMANDS = {"bundle": make_bundle}
