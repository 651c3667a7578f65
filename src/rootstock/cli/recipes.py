"""The command that lists packages of recipes, and patches."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Json, print_json, say
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import columns
from rootstock.maintain import inventory


def list_recipes(
    checkout: CheckoutFolder = CHECKOUT,
    patches: Annotated[
        bool, typer.Option("--patches", help="List the recipes' patches instead.")
    ] = False,
    markdown: Annotated[bool, typer.Option(help="As a table in Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """List every package of the recipes, its origin, and whether it was ever built.

    With --patches: changes to other projects' sources, their upstream addresses, and the files that
    test them.

    Examples:

      rootstock recipes

      rootstock recipes --patches --json
    """
    if patches:
        _list_patches(checkout, markdown=markdown, as_json=as_json)
        return
    rows = inventory.take(Checkout(checkout))
    if as_json:
        print_json({"recipes": rows})
    elif markdown:
        say(inventory.as_markdown(rows).splitlines())
    else:
        head = ("package", "version", "origin", "for", "verified")
        say(columns([head, *(row.cells for row in rows)]))


def _list_patches(checkout: Path, *, markdown: bool, as_json: bool) -> None:
    files = Checkout(checkout)
    found = inventory.take_patches(files)
    cells = [inventory.patch_cells(patch, files) for patch in found]
    if as_json:
        names = ("file", "title", "upstream", "test")
        print_json({"patches": [dict(zip(names, row, strict=True)) for row in cells]})
    elif markdown:
        say(inventory.patches_as_markdown(found, files).splitlines())
    else:
        say(columns([("patch", "what it does", "upstream", "tested by"), *cells]))


COMMANDS = {"recipes": list_recipes}
