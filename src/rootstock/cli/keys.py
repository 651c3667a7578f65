"""The command that makes or shows the key that signs releases."""

import sys
from enum import Enum
from typing import Annotated

import typer

from rootstock.cli.common import Json, ask_passphrase, print_json, say
from rootstock.core.errors import UsageError
from rootstock.release import keys


class KeysAction(str, Enum):
    """The actions for keys."""

    NEW = "new"
    SHOW = "show"


def manage_keys(
    action: Annotated[KeysAction, typer.Argument(help="new makes a key; show prints yours.")],
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
    if action is KeysAction.NEW:
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


COMMANDS = {"keys": manage_keys}
