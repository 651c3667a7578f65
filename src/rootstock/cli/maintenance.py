"""The commands about a checkout and its machine."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.cli.common import (
    CHECKOUT,
    CheckoutFolder,
    Json,
    Offline,
    ProfileName,
    Relock,
    print_json,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.errors import MachineError
from rootstock.core.formatting import columns
from rootstock.core.store import locate
from rootstock.image import debian, profiles
from rootstock.maintain import inventory
from rootstock.maintain.doctor import examine
from rootstock.report.terminal import Terminal


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


def image(
    lock: Annotated[
        bool, typer.Option("--lock", help="Resolve the images' packages again; write the locks.")
    ] = False,
    profile: ProfileName = profiles.DEFAULT,
    relock: Relock = False,
    offline: Offline = False,
    checkout: CheckoutFolder = CHECKOUT,
) -> None:
    """Make the root file systems for builds and smoke tests.

    Examples:

      rootstock image

      rootstock image --lock

      rootstock image --profile manylinux
    """
    files, store = Checkout(checkout), locate()
    store.prepare()
    with Terminal() as terminal:
        if lock:
            for path in sorted(files.images.glob("*.yaml")):
                pins = debian.lock(debian.load_spec(path, store), store)
                debian.write_lock(pins, path.with_suffix(".lock"))
        bare = files.image("bare")
        (debian.relock if relock else debian.ensure)(bare, store, terminal, offline=offline)
        have = profiles.relock if relock else profiles.ensure
        have(profile, files, store, terminal, offline=offline)


def doctor(as_json: Json = False) -> None:
    """Show what rootstock needs and this machine has, and what to do about the rest.

    Example:  rootstock doctor
    """
    findings = examine(locate())
    if as_json:
        print_json({"findings": findings})
    else:
        say(columns([(f.state, f.what, f.found) for f in findings]))
    lacking = [finding for finding in findings if finding.state == "lacks"]
    if lacking:
        remedies = "\n".join(finding.remedy for finding in lacking)
        raise MachineError("this machine cannot build: see above", remedies)


COMMANDS = {"recipes": list_recipes, "image": image, "doctor": doctor}
