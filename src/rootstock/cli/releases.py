"""The commands about releases: their locks, and the keys that sign them."""

import sys
from enum import Enum
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST, Channel
from rootstock.cli.common import AnyChannel, Json, ask_passphrase, channel_url, print_json, say
from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.release import compare, keys, locks


class Format(str, Enum):
    """The formats of a lock."""

    EXPLICIT = "explicit"
    PIXI = "pixi"
    MD5 = "md5"
    CONDA_LOCK = "conda-lock"


class Action(str, Enum):
    """The actions for keys."""

    NEW = "new"
    SHOW = "show"


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
            help="The URL of the packages, if not the channel's own.",
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


def manage_keys(
    action: Annotated[Action, typer.Argument(help="new makes a key; show prints yours.")],
    encrypt: Annotated[
        bool,
        typer.Option("--encrypt", help=f"Ask for a passphrase, or take it from {keys.PASSPHRASE}."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make or show the key that signs your releases.

    The private key stays in your configuration folder (ROOTSTOCK_KEY names another file). Give the
    public one, the .pub file, to everybody who checks your releases.

    Examples:

      rootstock keys new

      rootstock keys show
    """
    path = keys.location()
    if action is Action.NEW:
        public = keys.new(path, _new_passphrase() if encrypt else "")
    elif encrypt:
        raise UsageError("--encrypt is for a new key")
    else:
        public = keys.own(path, ask_passphrase)
    half = keys.public_half(path)
    if as_json:
        print_json({"id": public.id, "private": path, "public": half})
        return
    say([f"key      {public.id}", f"private  {path}", f"public   {half}"])


def _new_passphrase() -> str:
    if known := keys.known_passphrase():
        return known
    passphrase = ask_passphrase("Passphrase: ")
    if not passphrase and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for a passphrase", f"Set {keys.PASSPHRASE} to it."
        )
    if not passphrase or passphrase != ask_passphrase("The same again: "):
        raise UsageError("the passphrase is empty, or the two entries differ")
    return passphrase


COMMANDS = {"lock": lock, "keys": manage_keys}
