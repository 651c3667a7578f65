"""The commands that change what a channel shows without building anything, and list it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rootstock.channel import generation
from rootstock.channel.rollback import Change, existing
from rootstock.channel.rollback import rollback as go_back
from rootstock.channel.yank import hide as hide_packages
from rootstock.cli.common import Channel, Json, print_json, say
from rootstock.core.formatting import columns
from rootstock.serve.hook import write_page

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")]


def rollback(
    to: Annotated[
        int | None,
        typer.Option(min=1, help="The generation to go back to, or forth.", metavar="N"),
    ] = None,
    channel: Channel = Path("channel"),
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Show again what a channel showed before; without --to, undo the last change.

    Nothing is deleted: it is a new generation with an older index, and --to goes forth as well.
    A build that comes to the same packages again shows them again: change the recipe first.

    Examples:

      rootstock rollback --dry-run

      rootstock rollback --to 3 --channel /srv/www/channel
    """
    _tell(go_back(channel, to, dry=dry_run, show=write_page), channel, dry_run, as_json)


def hide(
    packages: Annotated[list[str], typer.Argument(help="File names, or specs as conda has them.")],
    channel: Channel = Path("channel"),
    force: Annotated[
        bool, typer.Option("--force", help="Also what releases have, which then disappear, too.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take packages out of a channel's index; their files stay.

    To have them back: rootstock rollback, or a build that comes to the same packages.

    Examples:

      rootstock hide pyroot-6.38.00-py311h946eaf3_0.conda

      rootstock hide 'root 6.38.*' 'pyroot 6.38.*' --force --dry-run
    """
    change = hide_packages(channel, packages, force=force, dry=dry_run, show=write_page)
    _tell(change, channel, dry_run, as_json)


def releases(channel: Channel = Path("channel"), as_json: Json = False) -> None:
    """List the generations of a channel, and which releases readers see.

    Examples:

      rootstock releases

      rootstock releases --channel /srv/www/channel --json
    """
    past = generation.history(existing(channel))
    now = past.current.number
    shown = {one.number for one in past.releases(now, past.visible())}
    origin = past.origin(now).number
    counts = [0]
    for one in past.generations[1:]:
        more = len(one.packages) + len(one.shown) - len(one.hidden)
        counts.append(counts[one.base] + more)
    rows = [
        {
            "generation": one.number,
            "time": one.time,
            "kind": one.kind,
            "base": one.base,
            "packages": counts[one.number],
            "added": len(one.added),
            "hidden": len(one.hidden),
            "current": one.number == now,
            "shown": one.number in (now, origin),
            "release": bool(one.cells),
            "visible": one.number in shown,
            "cells": sorted(one.cells),
        }
        for one in past.generations[1:]
    ]
    if as_json:
        print_json({"channel": str(channel), "current": now, "generations": rows})
        return
    head = ("generation", "time", "what", "packages", "release", "")
    say(columns([head, *map(_row, rows)], right=(0, 3)))


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    what = {
        "promotion": f"{row['added']} added",
        "rollback": f"back to {row['base']}",
        "hiding": f"{row['hidden']} hidden",
    }[row["kind"]]
    state = ("visible" if row["visible"] else "not visible") if row["release"] else ""
    mark = "current" if row["current"] else "shown" if row["shown"] else ""
    return (
        str(row["generation"]),
        row["time"].removesuffix("+00:00").replace("T", " "),
        what,
        str(row["packages"]),
        state,
        mark,
    )


def _tell(change: Change, channel: Path, dry: bool, as_json: bool) -> None:
    if as_json:
        values = {name: value for name, value in vars(change).items() if name != "generation"}
        number = change.generation.number if change.generation else None
        print_json({"channel": str(channel), "generation": number, **values})
        return
    lines = [
        *(f"- {name}" for name in change.gone),
        *(f"+ {name}" for name in change.back),
        *_numbers("- release", change.releases_gone),
        *_numbers("+ release", change.releases_back),
        *(f"{name} was damaged: it is made anew" for name in change.mended),
    ]
    if change.generation:
        lines.append(f"{channel} is now at generation {change.generation.number}.")
    elif dry:
        lines.append("Nothing was changed.")
    else:
        lines.append("Readers see just that already: nothing was changed.")
    say(lines)


def _numbers(what: str, numbers: Sequence[int]) -> list[str]:
    return [f"{what} {number}" for number in numbers]


COMMANDS = {"rollback": rollback, "hide": hide, "releases": releases}
