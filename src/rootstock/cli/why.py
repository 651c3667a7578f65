"""The command that explains why a package is built."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import (
    CHECKOUT,
    ChannelFolder,
    CheckoutFolder,
    Json,
    Level,
    LocalPythons,
    Only,
    ProfileName,
    Pythons,
    Relocked,
    Roots,
    axes_of,
    print_json,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.report.terminal import Terminal
from rootstock.run import planning
from rootstock.run.request import DEFAULT_LEVEL, Request


def why(
    nodes: Annotated[
        list[str], typer.Argument(help="Packages by name, node id or file name.", metavar="NODE...")
    ],
    root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
    py: Pythons = [],  # noqa: B006
    local_python: LocalPythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    channel: ChannelFolder = Path("channel"),
    profile: ProfileName = profiles.DEFAULT,
    level: Level = DEFAULT_LEVEL,
    relock: Relocked = False,
    checkout: CheckoutFolder = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Explain why a package is built: which inputs changed, down to the cause.

    The comparison is with the channel's package, or else with the last build.

    Examples:

      rootstock why pyroot

      rootstock why openssl --py 3.13 --json
    """
    request = Request(
        checkout=Checkout(checkout),
        axes=axes_of(root, py),
        local_pythons=tuple(local_python),
        only=tuple(only),
        channel=channel,
        profile=profile,
        level=level,
        relock=relock,
    )
    with Terminal(quiet=as_json) as terminal:
        answers = planning.why(request, locate(), nodes, terminal)
    if as_json:
        print_json({"nodes": [answer.as_json() for answer in answers]})
        return
    for answer in answers:
        say([answer.title, *(f"  {line}" for line in answer.lines)])


COMMANDS = {"why": why}
