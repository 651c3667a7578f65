"""The command that prints the lock of a release."""

from enum import Enum
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST, Channel
from rootstock.cli.common import AnyChannel, channel_url, say
from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.release import compare, locks


class Format(str, Enum):
    """The formats of a lock."""

    EXPLICIT = "explicit"
    PIXI = "pixi"
    MD5 = "md5"
    CONDA_LOCK = "conda-lock"


def lock(
    release: Annotated[str, typer.Argument(help="A number, or latest.")] = LATEST,
    cell: Annotated[
        str, typer.Option(help="The cell, by glob, where the release has several.")
    ] = "*",
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="explicit for conda and mamba, md5 for a conda too old for it, pixi for "
            "pixi and conda-ship, conda-lock for conda-lock.",
        ),
    ] = Format.EXPLICIT,
    url: Annotated[
        str,
        typer.Option(
            parser=channel_url,
            help="The URL of the channel for which to print the lock; by default, that of "
            "--channel.",
            metavar="URL",
        ),
    ] = "",
    channel: AnyChannel = "channel",
) -> None:
    """Print the lock of a release, with addresses in this copy of the channel.

    Examples:

      rootstock lock > root.txt

      rootstock lock 2 --cell '*-cp311-*' --format pixi --channel /mnt/copy > pixi.lock
    """
    where = Channel.at(channel)
    number = where.release_named(release)
    record = where.release(number)
    found = [name for name in record.cells if fnmatchcase(name, cell)]
    if len(found) != 1:
        raise UsageError(
            f"release {number} has {len(found)} cells like {cell}",
            f"Choose one with --cell: {listed(record.cells)}.",
        )
    base = url or where.place.url
    packages = record.of(found[0])
    if form is Format.MD5:
        say(locks.explicit_md5(packages, record.platform, base).rstrip("\n").split("\n"))
        return
    # Pixi's lock, which every release has, contains the index records.
    kind = locks.EXPLICIT if form is Format.EXPLICIT else locks.PIXI
    text = compare.lock_of(where.place, record, found[0], kind)
    write = locks.conda_lock_of if form is Format.CONDA_LOCK else locks.moved
    say(write(text, packages, record.platform, base).rstrip("\n").split("\n"))


COMMANDS = {"lock": lock}
