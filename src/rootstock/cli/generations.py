"""The commands that change what a channel shows without building anything, and list it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rootstock.channel.hiding import hide as hide_packages
from rootstock.channel.reader import Channel
from rootstock.channel.rollback import Effect, existing
from rootstock.channel.rollback import rollback as go_back
from rootstock.cli.common import ChannelFolder, Json, print_json, say
from rootstock.core.formatting import columns

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def rollback(
    to: Annotated[
        int | None,
        typer.Option(min=1, help="The generation to show again.", metavar="N"),
    ] = None,
    channel: ChannelFolder = Path("channel"),
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Show again what a channel showed before; without --to, undo the last change.

    Nothing is deleted: the result is a new generation with an older index, and --to may also name a
    later one. A build that makes the same packages shows them again: change the recipe first.

    Examples:

      rootstock rollback --dry-run

      rootstock rollback --to 3 --channel /srv/www/channel
    """
    _report(go_back(Channel.at(channel), to, dry=dry_run), channel, dry_run, as_json)


def hide(
    packages: Annotated[list[str], typer.Argument(help="File names, or conda's specs.")],
    channel: ChannelFolder = Path("channel"),
    force: Annotated[
        bool, typer.Option("--force", help="Also packages of releases, which then disappear, too.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove packages from a channel's index; their files stay.

    To undo it: rootstock rollback, or a build that makes the same packages.

    Examples:

      rootstock hide pyroot-6.38.00-py311h946eaf3_0.conda

      rootstock hide 'root 6.38.*' 'pyroot 6.38.*' --force --dry-run
    """
    effect = hide_packages(Channel.at(channel), packages, force=force, dry=dry_run)
    _report(effect, channel, dry_run, as_json)


def releases(channel: ChannelFolder = Path("channel"), as_json: Json = False) -> None:
    """List the generations of a channel, and which releases readers see.

    Examples:

      rootstock releases

      rootstock releases --channel /srv/www/channel --json
    """
    past = existing(Channel.at(channel)).history()
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


def _report(effect: Effect, channel: Path, dry: bool, as_json: bool) -> None:
    if as_json:
        values = {name: value for name, value in vars(effect).items() if name != "generation"}
        number = effect.generation.number if effect.generation else None
        print_json({"channel": str(channel), "generation": number, **values})
        return
    lines = [
        *(f"- {name}" for name in effect.gone),
        *(f"+ {name}" for name in effect.back),
        *_numbers("- release", effect.releases_gone),
        *_numbers("+ release", effect.releases_back),
        *(f"{name} was damaged: rootstock made it again" for name in effect.mended),
    ]
    if effect.generation:
        lines.append(f"{channel} is now at generation {effect.generation.number}.")
    elif dry:
        lines.append("Nothing was changed.")
    else:
        lines.append("Readers already see that state: nothing was changed.")
    say(lines)


def _numbers(what: str, numbers: Sequence[int]) -> list[str]:
    return [f"{what} {number}" for number in numbers]


COMMANDS = {"rollback": rollback, "hide": hide, "releases": releases}
