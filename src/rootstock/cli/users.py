"""The commands for those who install."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel import environment
from rootstock.cli.common import Json, print_json
from rootstock.report.terminal import Terminal
from rootstock.store import locate


def env(
    prefix: Annotated[Path, typer.Argument(help="The folder to make.", show_default=False)],
    specs: Annotated[list[str], typer.Argument(help="Packages, as conda names them.")],
    channel: Annotated[
        str, typer.Option("--channel", help="A channel's folder or URL.", metavar="DIR")
    ] = "channel",
    as_json: Json = False,
) -> None:
    """Make an environment from a channel, for machines without conda.

    Examples:

      rootstock env ~/root root

      rootstock env ./analysis root 'python 3.11.*' numpy --channel https://example.org/channel
    """
    store = locate()
    store.prepare()
    with Terminal(quiet=as_json) as terminal:
        made = environment.create(prefix, specs, channel, cache=store.packages, listen=terminal)
        if as_json:
            print_json(made)
        else:
            terminal.say(f"{made.prefix}: {len(made.packages)} packages.")
            terminal.say(f"Without activation:  {made.prefix}/bin/python")


COMMANDS = {"env": env}
