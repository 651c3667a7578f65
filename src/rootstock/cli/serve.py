"""The command that serves a channel and its page."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import Channel
from rootstock.channel.settings import address
from rootstock.cli.common import ChannelFolder, Json, PageTitle, PageUrl, print_json_line
from rootstock.core.errors import UsageError


def serve(
    channel: ChannelFolder = Path("channel"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0: one that is free.")
    ] = 8000,
    url: PageUrl = "",
    title: PageTitle = "",
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
    from rootstock.serve.files import ServedFolder
    from rootstock.serve.server import Server

    if not host:  # to the system that means all addresses; here it is an unset variable
        raise UsageError("--host is an empty word", "0.0.0.0 stands for all addresses.")
    here = Channel.at(channel)
    public = address(url) or here.settings().url
    records.tables(here)  # report a folder that is no channel before the first request
    shown = live.LivePage(here, live.by_command(here, title))
    server = Server(ServedFolder(here), shown, host, port, url=public, log=log)
    if as_json:
        listening = {"url": server.url, "host": server.host, "port": server.port}
        print_json_line({**listening, "channel": channel.absolute()})
    elif not quiet:
        with suppress(OSError, ValueError):  # maybe nobody reads it
            print(f"{channel} is at {server.url}/  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    # A signal to end is the normal end.
    with suppress(KeyboardInterrupt):
        asyncio.run(server.run())


COMMANDS = {"serve": serve}
