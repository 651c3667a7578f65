"""The command that rewrites the page of a channel."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.layout import SETTINGS
from rootstock.channel.reader import Channel
from rootstock.channel.settings import address
from rootstock.cli.common import ChannelFolder, PageTitle, PageUrl
from rootstock.core.errors import UsageError


def write_page(
    channel: ChannelFolder = Path("channel"),
    out: Annotated[
        Path | None,
        typer.Option(help="Write it to this file, not into the channel.", metavar="FILE"),
    ] = None,
    url: PageUrl = "",
    title: PageTitle = "",
) -> None:
    """Rewrite the channel's page, index.html, after a change of channel.yaml or an upgrade.

    A promotion does this as well. channel.yaml in the channel's folder may have a title, a sentence
    about it, and its url.

    Examples:

      rootstock page --channel /srv/channel

      rootstock page --out page.html --url https://example.org/channel
    """
    from rootstock.channel.page import render

    here = Channel.at(channel)
    settings = here.settings()
    settings = replace(settings, title=title or settings.title, url=address(url) or settings.url)
    if out:
        render.write_to(out, here, settings)
    elif url or title:
        raise UsageError(
            "--url and --title go with --out",
            f"The next promotion would lose them: write them into {channel}/{SETTINGS}.",
        )
    else:
        render.rewrite(here)


COMMANDS = {"page": write_page}
