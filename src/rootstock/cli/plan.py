"""The command that shows what a build would do, and what --dry-run prints."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rootstock.cli.common import (
    CHECKOUT,
    ChannelFolder,
    CheckoutFolder,
    Json,
    Level,
    LocalPythons,
    Only,
    ProfileName,
    Pythons,
    Relocked,
    Roots,
    Sets,
    Suites,
    With,
    axes_of,
    print_json,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.formatting import columns, duration
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.plan.matrix import Cell
from rootstock.report.terminal import Terminal
from rootstock.run import planning
from rootstock.run.request import DEFAULT_LEVEL, Request
from rootstock.suites import suite as suites


def plan(
    root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
    py: Pythons = [],  # noqa: B006
    local_python: LocalPythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    sets: Sets = [],  # noqa: B006
    with_: With = [],  # noqa: B006
    channel: ChannelFolder = Path("channel"),
    profile: ProfileName = profiles.DEFAULT,
    level: Level = DEFAULT_LEVEL,
    relock: Relocked = False,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also show the packages' own tests, with earlier times."),
    ] = False,
    suite: Suites = [],  # noqa: B006
    checkout: CheckoutFolder = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Show what a build would do: every package, its build key, and why it is to be built.

    Examples:

      rootstock plan --root 6 --py 3.11

      rootstock plan --root 6 --py 3.11 --set analysis --deep
    """
    request = Request(
        checkout=Checkout(checkout),
        axes=axes_of(root, py),
        local_pythons=tuple(local_python),
        only=tuple(only),
        sets=tuple(sets),
        packages=tuple(with_),
        channel=channel,
        profile=profile,
        level=level,
        relock=relock,
        deep=deep_of(deep, suite),
    )
    show(request, as_json)


def deep_of(deep: bool, only: Sequence[str], limit: float | None = None) -> suites.Deep | None:
    """What --deep, --suite and --suite-limit ask for.

    Raises `UsageError` for the others without --deep.
    """
    if not deep:
        if only or limit is not None:
            raise UsageError("--suite and --suite-limit go with --deep")
        return None
    return suites.Deep(only=tuple(only), limit=suites.LIMIT if limit is None else limit)


def show(request: Request, as_json: bool) -> None:
    """Print the plan of a run; nothing is built."""
    with Terminal(quiet=as_json) as terminal:
        planned = planning.plan(request, locate(), terminal)
    nodes = [
        {
            "id": node.id,
            "package": node.output.name,
            "version": node.output.version,
            "filename": node.filename,
            "key": node.key,
            "scope": node.scope,
            "verified": node.output.verified,
            "state": "kept" if node.id in planned.have else "to build",
            "reason": planned.reasons.get(node.id, ""),
        }
        for node in planned.graph.nodes.values()
        if node.id in planned.have or node.id in planned.wanted
    ]
    tests = _tests(planned, request.deep) if request.deep else {}
    if as_json:
        print_json(
            {"cells": [as_json_of(cell.cell) for cell in planned.cells], "nodes": nodes, **tests}
        )
        return
    rows = [
        (str(n["state"]), str(n["filename"]), str(n["key"])[:16], str(n["reason"])) for n in nodes
    ]
    say(columns([("state", "package", "build key", "why"), *rows]))
    if request.deep:
        say(["", *_tests_lines(tests)])


def _tests(planned: planning.Plan, deep: suites.Deep) -> dict[str, Any]:
    """The packages' own tests that a run with --deep would run, and those that it would not."""
    from rootstock.suites import cell, undescribed

    took = cell.seconds(locate())
    tested = [one for one in planned.cells if one.suites]
    suites_: list[dict[str, Any]] = [
        {
            "cell": planned_cell.id,
            "package": one.package,
            "version": one.version,
            "words": one.words,
            "seconds": took.get(one.package),
        }
        for planned_cell in tested
        for one in (planned_cell.suites.suites if planned_cell.suites else ())
    ]
    if deep.only:
        return {"suites": suites_, "not_described": {}}
    nodes = {id_ for one in tested for id_ in one.nodes if id_ in planned.have}
    others = undescribed.find(
        (planned.have[id_] for id_ in nodes), {one["package"] for one in suites_}
    )
    return {"suites": suites_, "not_described": others}


def _tests_lines(tests: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            one["cell"],
            one["package"],
            one["version"],
            "not known" if one["seconds"] is None else duration(one["seconds"]),
            shlex.join(one["words"]),
        )
        for one in tests["suites"]
    ]
    known = [one["seconds"] for one in tests["suites"] if one["seconds"] is not None]
    lines = columns([("own tests in", "package", "version", "took", "pytest"), *rows], right=(3,))
    if known:
        lines.append(f"{len(known)} of {len(rows)} took {duration(sum(known))} the last time.")
    if others := tests["not_described"]:
        named = ", ".join(f"{name} ({count})" for name, count in others.items())
        lines += ["", f"Bring files with tests, and have no suite in ci/stack.toml: {named}"]
    return lines


def as_json_of(cell: Cell) -> dict[str, str]:
    """A cell as it stands in the JSON of several commands."""
    return {"id": cell.id, **cell.axes, "platform": cell.platform}


COMMANDS = {"plan": plan}
