"""The commands that show a channel to its readers."""

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import Channel, Json, print_json_line, public_url
from rootstock.core.errors import UsageError

Url = Annotated[
    str,
    typer.Option(
        parser=public_url,
        help="The channel's address, where readers have another one.",
        metavar="URL",
    ),
]
Title = Annotated[str, typer.Option(help="What the page calls the channel.", metavar="TEXT")]


def serve(
    channel: Channel = Path("channel"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0: one that is free.")
    ] = 8000,
    url: Url = "",
    title: Title = "",
    log: Annotated[bool, typer.Option("--log", help="Tell every request.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell nothing but errors.")] = False,
    as_json: Json = False,
) -> None:
    """Serve a channel and its page to conda, mamba, pixi and browsers, until Ctrl-C.

    It only reads. Other machines reach it with --host 0.0.0.0; docs/serving.md has nginx and
    Apache, for what is to be open to everybody.

    Examples:

      rootstock serve

      rootstock serve --channel /srv/channel --host 0.0.0.0 --port 8080

      rootstock serve --port 0 --json
    """
    # A start of the command has no use for these.
    import asyncio

    from rootstock.serve import live, page, records
    from rootstock.serve.files import Folder
    from rootstock.serve.server import Server

    if not host:  # to the system that is all addresses, and here a variable that is not set
        raise UsageError("--host is an empty word", "0.0.0.0 stands for all addresses.")
    address = page.address(url) or page.settings(channel).url
    records.tables(channel)  # a folder that is no channel is told before anybody asks
    shown = live.LivePage(channel, live.by_command(channel, title))
    server = Server(Folder(channel), shown, host, port, url=address, log=log)
    if as_json:
        told = {"url": server.url, "host": server.host, "port": server.port}
        print_json_line({**told, "channel": channel.absolute()})
    elif not quiet:
        with suppress(OSError, ValueError):  # nobody has to be there to read it
            print(f"{channel} is at {server.url}/  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    # To be told to end is how it ends well.
    with suppress(KeyboardInterrupt):
        asyncio.run(server.run())


def write_page(
    channel: Channel = Path("channel"),
    out: Annotated[
        Path | None,
        typer.Option(help="Write it to this file, and leave the channel's alone.", metavar="FILE"),
    ] = None,
    url: Url = "",
    title: Title = "",
) -> None:
    """Write the channel's page, index.html, again: after a change of channel.yaml or an upgrade.

    A promotion writes it anyway. channel.yaml in the channel's folder may have a title, a
    sentence about it, and its url.

    Examples:

      rootstock page --channel /srv/channel

      rootstock page --out page.html --url https://example.org/channel
    """
    from rootstock.serve import page

    said = page.settings(channel)
    said = replace(said, title=title or said.title, url=page.address(url) or said.url)
    if out:
        page.write_to(out, channel, said)
    elif url or title:
        raise UsageError(
            "--url and --title go with --out",
            f"The next promotion would not know them: write them into {channel}/{page.SETTINGS}.",
        )
    else:
        page.rewrite(channel)


COMMANDS = {"serve": serve, "page": write_page}
