"""The commands that show a channel to its readers."""

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.layout import SETTINGS
from rootstock.channel.reader import Channel
from rootstock.channel.settings import address
from rootstock.cli.common import ChannelFolder, Json, print_json_line, public_url
from rootstock.core.errors import UsageError

Url = Annotated[
    str,
    typer.Option(
        parser=public_url,
        help="The public address of the channel, if it differs.",
        metavar="URL",
    ),
]
Title = Annotated[str, typer.Option(help="The title of the page.", metavar="TEXT")]


def serve(
    channel: ChannelFolder = Path("channel"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0: one that is free.")
    ] = 8000,
    url: Url = "",
    title: Title = "",
    log: Annotated[bool, typer.Option("--log", help="Log every request.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only errors.")] = False,
    as_json: Json = False,
) -> None:
    """Serve a channel and its page to conda, mamba, pixi and browsers, until Ctrl-C.

    It only reads. With --host 0.0.0.0, other machines can reach it; for public access, use nginx or
    Apache as in docs/serving.md.

    Examples:

      rootstock serve

      rootstock serve --channel /srv/channel --host 0.0.0.0 --port 8080

      rootstock serve --port 0 --json
    """
    # Other commands do not need these.
    import asyncio

    from rootstock.channel.page import records
    from rootstock.serve import live
    from rootstock.serve.files import Folder
    from rootstock.serve.server import Server

    if not host:  # to the system that means all addresses; here it is an unset variable
        raise UsageError("--host is an empty word", "0.0.0.0 stands for all addresses.")
    here = Channel.at(channel)
    public = address(url) or here.settings().url
    records.tables(here)  # report a folder that is no channel before the first request
    shown = live.LivePage(here, live.by_command(here, title))
    server = Server(Folder(here), shown, host, port, url=public, log=log)
    if as_json:
        listening = {"url": server.url, "host": server.host, "port": server.port}
        print_json_line({**listening, "channel": channel.absolute()})
    elif not quiet:
        with suppress(OSError, ValueError):  # maybe nobody reads it
            print(f"{channel} is at {server.url}/  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    # A signal to end is the normal end.
    with suppress(KeyboardInterrupt):
        asyncio.run(server.run())


def write_page(
    channel: ChannelFolder = Path("channel"),
    out: Annotated[
        Path | None,
        typer.Option(help="Write it to this file, not into the channel.", metavar="FILE"),
    ] = None,
    url: Url = "",
    title: Title = "",
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


COMMANDS = {"serve": serve, "page": write_page}
