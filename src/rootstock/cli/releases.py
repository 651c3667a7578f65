"""The command that lists the generations of a channel."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rootstock.channel.reader import Channel
from rootstock.channel.rollback import existing
from rootstock.cli.common import ChannelFolder, Json, print_json, say
from rootstock.core.formatting import columns


def releases(
    channel: ChannelFolder = Path("channel"),
    vulnerabilities: Annotated[
        bool,
        typer.Option(
            "--holes",
            help="List the known vulnerabilities in the visible releases that nothing has fixed.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """List the generations of a channel, and the releases among them: those with locks.

    It also shows which releases readers see. With --holes it lists the known
    vulnerabilities of the packages in these releases that nothing has fixed, by the SBOMs.

    Examples:

      rootstock releases

      rootstock releases --channel /srv/www/channel --json

      rootstock releases --holes
    """
    if vulnerabilities:
        _list_vulnerabilities(existing(Channel.at(channel)), as_json=as_json)
        return
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


def _list_vulnerabilities(channel: Channel, *, as_json: bool) -> None:
    from rootstock.release.vulnerabilities import of_channel  # brings CycloneDX

    found = of_channel(channel)
    if as_json:
        print_json({"channel": str(channel), **vars(found)})
        return
    rows = [
        (one.cve, f"{one.package} {one.version} {one.build}", one.state, one.why)
        for one in found.open
    ]
    say(columns([("CVE", "package", "state", "why"), *rows]) if rows else ["nothing is open"])
    say([f"patched: {len(found.patched)}, without harm: {len(found.harmless)}"])
    later = (f"{name}: nobody looked at Debian's {text}" for name, text in found.later.items())
    say([*later, f"not compared with anything: {', '.join(found.untracked)}"])


COMMANDS = {"releases": releases}
