"""The command that makes a channel with one release for use without network."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST
from rootstock.cli.common import AnyChannel, Json, Only, print_json
from rootstock.cli.selections import DryRun, WhichRelease, show_choice
from rootstock.core.formatting import counted, size
from rootstock.offline import bundle
from rootstock.offline.selection import Selection, choose
from rootstock.offline.target import refuse
from rootstock.report.terminal import Terminal


def make_bundle(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="The folder, or file, to make; by default, the cell's name.",
            show_default=False,
        ),
    ] = None,
    release: WhichRelease = LATEST,
    only: Only = [],  # noqa: B006 - typer reads the default and hands on a new list
    tar: Annotated[
        bool, typer.Option("--tar", help="Make a tar file instead of a folder.")
    ] = False,
    channel: AnyChannel = "channel",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a folder that is a complete channel with a release, for a machine without network.

    It has the packages, the index, the locks, the attestations, and a text that explains how to
    install from it with conda, mamba, micromamba or rootstock.

    Examples:

      rootstock bundle

      rootstock bundle /media/stick/root --only 'root6*-cp311-*'

      rootstock bundle root.tar --tar --release 2 --channel https://example.org/channel
    """
    selection = choose(channel, release, only)
    target = (out or Path(_name(selection) + (".tar" if tar else ""))).absolute()
    if dry_run:
        refuse(target)
        show_choice(selection, target, as_json)
        return
    with Terminal(quiet=as_json) as terminal:
        made = bundle.make(selection, target, terminal, tar=tar)
        if as_json:
            print_json(made.as_json())
            return
        terminal.say(f"{made.path}: {counted(made.packages, 'package')}, {size(made.size)}.")
        terminal.say(f"{bundle.INSTALL} explains how to install from it.")


def _name(selection: Selection) -> str:
    """The default name of a bundle: its cell, or its release."""
    if len(selection.cells) == 1:
        return selection.cell
    return f"release-{selection.release.release:04d}"


COMMANDS = {"bundle": make_bundle}
