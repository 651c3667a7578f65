"""The command that shows again what a channel showed before."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import Channel
from rootstock.channel.rollback import rollback as go_back
from rootstock.cli.common import ChannelFolder, Json
from rootstock.cli.effects import DryRun, report


def rollback(
    to: Annotated[
        int | None,
        typer.Option(min=1, help="The generation to show again.", metavar="N"),
    ] = None,
    channel: ChannelFolder = Path("channel"),
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Show again what a channel showed before; without --to, undo the last change.

    Nothing is deleted: the result is a new generation with an older index, and --to may also name a
    later one. A build that makes the same packages shows them again: change the recipe first.

    Examples:

      rootstock rollback --dry-run

      rootstock rollback --to 3 --channel /srv/www/channel
    """
    found = Channel.at(channel)
    report(go_back(found, to, dry=dry_run), found, dry_run, as_json)


COMMANDS = {"rollback": rollback}
