"""The command for users who install."""

from typing import Annotated

import typer

from rootstock.cli.common import Json, print_json
from rootstock.core.errors import UsageError
from rootstock.core.formatting import counted
from rootstock.core.store import locate
from rootstock.environment import creation
from rootstock.environment.prefix import checked
from rootstock.report.terminal import Terminal

PLATFORM = "linux-64"  # the only supported platform


def env(
    prefix: Annotated[str, typer.Argument(help="The folder to make.", show_default=False)],
    specs: Annotated[
        list[str], typer.Argument(help="Packages, as conda names them.", metavar="[SPEC]...")
    ] = [],  # noqa: B006 - typer reads the default and hands on a new list
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            help="A channel's folder or URL; if not given, ./channel, or the lock's.",
            metavar="DIR|URL",
            show_default=False,
        ),
    ] = "",
    lock: Annotated[
        str,
        typer.Option(
            "--lock",
            help="Install exactly the packages of a lock, in the format of conda, pixi or "
            "conda-lock; nothing is solved.",
            metavar="FILE|URL",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make an environment from a channel or a lock, for machines without conda.

    Examples:

      rootstock env ~/root root

      rootstock env ./analysis root 'python 3.11.*' numpy --channel https://example.org/channel

      rootstock env ~/root --lock channel/releases/0002/root6.40.00-cp311-linux_x86_64.txt
    """
    if bool(lock) == bool(specs):
        raise UsageError("env needs package names, or a --lock")
    place = checked(prefix)
    store = locate()
    store.prepare()
    with Terminal(quiet=as_json) as terminal:
        cache = store.packages
        if lock:
            from rootstock.release import locks  # here, because it takes a while

            locked = locks.read(lock, PLATFORM, channel)
            made = creation.create_locked(place, locked, cache=cache, listen=terminal)
        else:
            where = channel or "channel"
            made = creation.create(place, specs, where, cache=cache, listen=terminal)
        if as_json:
            print_json(made.as_json())
        else:
            terminal.say(f"{made.prefix}: {counted(len(made.packages), 'package')}.")
            terminal.say(f"Without activation:  {made.python or made.prefix / 'bin'}")


COMMANDS = {"env": env}
