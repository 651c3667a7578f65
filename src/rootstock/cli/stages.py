"""The pipeline's commands: plan it, or run it up to a stage."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from rootstock import pipeline
from rootstock.cli.common import (
    CHECKOUT,
    Channel,
    Checkout,
    EngineName,
    Jobs,
    Json,
    KeepGoing,
    Level,
    Offline,
    Only,
    ProfileName,
    Pythons,
    Roots,
    print_json,
)
from rootstock.errors import RootstockError
from rootstock.image import profiles
from rootstock.pipeline import DEFAULT_LEVEL, Options, Stage, run
from rootstock.plan import matrix as matrices
from rootstock.plan.matrix import Cell
from rootstock.report.terminal import Terminal
from rootstock.report.words import columns
from rootstock.store import locate


class Ended(RootstockError):
    """A run that failed, as its record tells it."""

    def __init__(self, message: str, remedy: str, code: int) -> None:
        super().__init__(message, remedy)
        self.code = code


def _run(options: Options, as_json: bool, until: Stage) -> None:
    with Terminal(quiet=as_json) as terminal:
        record, path = run(options, locate(), terminal, until)
        terminal.summary(record, path)
        if not record.code and until == "promote":
            terminal.install(options.channel, ["root"])
    if as_json:
        print_json(record.as_json())
    if record.code:
        raise Ended(record.error, record.remedy, record.code)


def _plan(options: Options, as_json: bool) -> None:
    with Terminal(quiet=as_json) as terminal:
        planned = pipeline.plan(options, locate(), terminal)
    nodes = [
        {
            "id": node.id,
            "package": node.output.name,
            "version": node.output.version,
            "filename": node.filename,
            "key": node.key,
            "scope": node.scope,
            "verified": bool(node.output.extra.get("verified", False)),
            "state": "kept" if node.id in planned.have else "to build",
        }
        for node in planned.graph.nodes.values()
        if node.id in planned.have or node.id in planned.wanted
    ]
    if as_json:
        print_json({"cells": [_cell(cell) for cell in planned.cells], "nodes": nodes})
        return
    rows = [(str(n["state"]), str(n["filename"]), str(n["key"])[:16]) for n in nodes]
    print("\n".join(columns([("state", "package", "build key"), *rows])))


def _list(options: Options, as_json: bool) -> None:
    matrix = matrices.load(options.checkout / "ci/matrix.yaml")
    cells = matrices.select(matrix, options.roots, options.pythons, options.only)
    if as_json:
        print_json({"cells": [_cell(cell) for cell in cells]})
    else:
        print("\n".join(cell.id for cell in cells))


def _cell(cell: Cell) -> dict[str, str]:
    return {"id": cell.id, "root": cell.root, "python": cell.python, "platform": cell.platform}


def _pipeline_command(until: Stage, help_: str) -> Callable[..., None]:
    """The command that runs the pipeline up to a stage."""

    def command(
        root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
        py: Pythons = [],  # noqa: B006
        only: Only = [],  # noqa: B006
        channel: Channel = Path("channel"),
        profile: ProfileName = profiles.DEFAULT,
        engine: EngineName = "auto",
        jobs: Jobs = 0,
        level: Level = DEFAULT_LEVEL,
        keep_going: KeepGoing = False,
        offline: Offline = False,
        checkout: Checkout = CHECKOUT,
        list_: Annotated[bool, typer.Option("--list", help="Only list the cells.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
        as_json: Json = False,
    ) -> None:
        options = Options(
            checkout=checkout,
            roots=tuple(root),
            pythons=tuple(py),
            only=tuple(only),
            channel=channel,
            profile=profile,
            engine=engine,
            workers=jobs,
            level=level,
            keep_going=keep_going,
            offline=offline,
        )
        if list_:
            _list(options, as_json)
        elif dry_run:
            _plan(options, as_json)
        else:
            _run(options, as_json, until)

    command.__doc__ = help_
    return command


_PIPELINE: Mapping[str, tuple[Stage, str]] = {
    "build": (
        "promote",
        """Build the chosen cells, prove them, and promote them into the channel.

        Examples:

          rootstock build --root 6 --py 3.11

          rootstock build --root 6 --py all --channel /srv/www/channel --level 19

          rootstock build --only 'root6*-cp311-*' --dry-run
        """,
    ),
    "audit": (
        "audit",
        """Build, and audit every package: floor, libraries, RPATH, leaked paths, licence.

        Example:  rootstock audit --root 6 --py 3.11
        """,
    ),
    "smoke": (
        "smoke",
        """Build, audit, and smoke-test the chosen cells; promote nothing.

        Example:  rootstock smoke --root 6 --py 3.13
        """,
    ),
}


def plan(
    root: Roots = [],  # noqa: B006
    py: Pythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    channel: Channel = Path("channel"),
    profile: ProfileName = profiles.DEFAULT,
    level: Level = DEFAULT_LEVEL,
    checkout: Checkout = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Show what a build would do: every package, its build key, and whether it is there.

    Example:  rootstock plan --root 6 --py 3.11
    """
    options = Options(
        checkout=checkout,
        roots=tuple(root),
        pythons=tuple(py),
        only=tuple(only),
        channel=channel,
        profile=profile,
        level=level,
    )
    _plan(options, as_json)


COMMANDS = {
    **{name: _pipeline_command(until, help_) for name, (until, help_) in _PIPELINE.items()},
    "plan": plan,
}
