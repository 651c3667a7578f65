"""The commands that ask: why a package is built, and whether it comes out the same again."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock import pipeline
from rootstock.cli.common import (
    CHECKOUT,
    Channel,
    Checkout,
    Json,
    Level,
    Only,
    ProfileName,
    Pythons,
    Roots,
    print_json,
)
from rootstock.image import profiles
from rootstock.pipeline import DEFAULT_LEVEL, Options
from rootstock.report.terminal import Terminal
from rootstock.store import locate


def why(
    nodes: Annotated[
        list[str], typer.Argument(help="Packages by name, node id or file name.", metavar="NODE...")
    ],
    root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
    py: Pythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    channel: Channel = Path("channel"),
    profile: ProfileName = profiles.DEFAULT,
    level: Level = DEFAULT_LEVEL,
    checkout: Checkout = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Tell why a package is built: which of its inputs are not what they were, down to the cause.

    It is compared with what the channel has in its place, else with what was last built.

    Examples:

      rootstock why pyroot

      rootstock why openssl --py 3.13 --json
    """
    options = Options(
        checkout=checkout,
        roots=tuple(root),
        pythons=tuple(py),
        only=tuple(only),
        channel=channel,
        profile=profile,
        level=level,
    )
    with Terminal(quiet=as_json) as terminal:
        answers = pipeline.why(options, locate(), nodes, terminal)
    if as_json:
        print_json({"nodes": [answer.as_json() for answer in answers]})
        return
    for answer in answers:
        print("\n  ".join([answer.title, *answer.lines]))


COMMANDS = {"why": why}
