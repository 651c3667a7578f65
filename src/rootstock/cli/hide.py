"""The command that removes packages from a channel's index."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.hiding import hide as hide_packages
from rootstock.channel.reader import Channel
from rootstock.cli.common import ChannelFolder, Json
from rootstock.cli.effects import DryRun, report


def hide(
    packages: Annotated[list[str], typer.Argument(help="File names, or conda's specs.")],
    channel: ChannelFolder = Path("channel"),
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Also packages of visible releases; these releases are hidden, too."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove packages from a channel's index; their files stay.

    To undo it: rootstock rollback, or a build that makes the same packages.

    Examples:

      rootstock hide pyroot-6.38.00-py311h946eaf3_0.conda

      rootstock hide 'root 6.38.*' 'pyroot 6.38.*' --force --dry-run
    """
    found = Channel.at(channel)
    effect = hide_packages(found, packages, force=force, dry=dry_run)
    report(effect, found, dry_run, as_json)


COMMANDS = {"hide": hide}
