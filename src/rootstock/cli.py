"""The command line: commands, options, exit codes; the work is done elsewhere."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rootstock import inventory, pipeline, process
from rootstock.channel import environment
from rootstock.doctor import examine
from rootstock.errors import InterruptedByUser, MachineError, RootstockError, UsageError
from rootstock.image import debian
from rootstock.pipeline import DEFAULT_LEVEL, Options, Stage, run
from rootstock.plan import matrix as matrices
from rootstock.plan.matrix import Cell
from rootstock.report.terminal import Terminal, tell_error
from rootstock.report.words import columns
from rootstock.store import locate

app = typer.Typer(
    name="rootstock",
    help="Build, prove and publish a conda channel with ROOT of your own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

# A checkout is the folder with recipes/ and ci/, two above this package's own.
_CHECKOUT = Path(__file__).resolve().parents[2]

Roots = Annotated[
    list[str],
    typer.Option("--root", help="6, 6.40, 6.40.00 or all; repeatable.", metavar="VERSION"),
]
Pythons = Annotated[
    list[str], typer.Option("--py", help="3.11 or all; repeatable.", metavar="VERSION")
]
Only = Annotated[
    list[str], typer.Option("--only", help="Cells by glob, such as 'root6*-cp31[12]-*'.")
]
Channel = Annotated[
    Path, typer.Option("--channel", help="The folder of the channel.", metavar="DIR")
]
EngineName = Annotated[
    str, typer.Option(help="What isolates builds: auto, bubblewrap, unshare, podman or docker.")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", help="Builds at a time; 0: one per core.")]
Level = Annotated[
    int,
    typer.Option(min=1, max=22, help="zstd's level: 9 packs fast; 19 packs small, for a release."),
]
Checkout = Annotated[
    Path,
    typer.Option(
        help="The folder with recipes/ and ci/, where it is not the checkout itself.",
        envvar="ROOTSTOCK_CHECKOUT",
        metavar="DIR",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="After a failure, build what does not depend on it.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing; use what is stored.")]


def _run(options: Options, as_json: bool, until: Stage) -> None:
    with Terminal(quiet=as_json) as terminal:
        record, path = run(options, locate(), terminal, until)
        terminal.summary(record, path)
        if not record.code and until == "promote":
            terminal.install(options.channel, ["root"])
    if as_json:
        _print_json(record.as_json())
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
        _print_json({"cells": [_cell(cell) for cell in planned.cells], "nodes": nodes})
        return
    rows = [(str(n["state"]), str(n["filename"]), str(n["key"])[:16]) for n in nodes]
    print("\n".join(columns([("state", "package", "build key"), *rows])))


def _list(options: Options, as_json: bool) -> None:
    matrix = matrices.load(options.checkout / "ci/matrix.yaml")
    cells = matrices.select(matrix, options.roots, options.pythons, options.only)
    if as_json:
        _print_json({"cells": [_cell(cell) for cell in cells]})
    else:
        print("\n".join(cell.id for cell in cells))


def _cell(cell: Cell) -> dict[str, str]:
    return {"id": cell.id, "root": cell.root, "python": cell.python, "platform": cell.platform}


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))


def _pipeline_command(until: Stage) -> Callable[..., None]:
    """The command that runs the pipeline up to a stage."""

    def command(
        root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
        py: Pythons = [],  # noqa: B006
        only: Only = [],  # noqa: B006
        channel: Channel = Path("channel"),
        engine: EngineName = "auto",
        jobs: Jobs = 0,
        level: Level = DEFAULT_LEVEL,
        keep_going: KeepGoing = False,
        offline: Offline = False,
        checkout: Checkout = _CHECKOUT,
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

    return command


_COMMANDS: Mapping[str, tuple[Stage, str]] = {
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
for _name, (_until, _help) in _COMMANDS.items():
    app.command(_name, help=_help)(_pipeline_command(_until))


@app.command()
def plan(
    root: Roots = [],  # noqa: B006
    py: Pythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    channel: Channel = Path("channel"),
    level: Level = DEFAULT_LEVEL,
    checkout: Checkout = _CHECKOUT,
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
        level=level,
    )
    _plan(options, as_json)


@app.command(name="recipes")
def list_recipes(
    checkout: Checkout = _CHECKOUT,
    markdown: Annotated[bool, typer.Option(help="As the table in README.md.")] = False,
    as_json: Json = False,
) -> None:
    """List every package the recipes make, where it is from, and whether it was ever built.

    Example:  rootstock recipes
    """
    rows = inventory.take(checkout)
    if as_json:
        _print_json([asdict(row) for row in rows])
    elif markdown:
        print(inventory.as_markdown(rows))
    else:
        head = ("package", "version", "origin", "for", "verified")
        print("\n".join(columns([head, *(row.cells for row in rows)])))


@app.command()
def env(
    prefix: Annotated[Path, typer.Argument(help="The folder to make.", show_default=False)],
    specs: Annotated[list[str], typer.Argument(help="Packages, as conda names them.")],
    channel: Annotated[
        str, typer.Option("--channel", help="A channel's folder or URL.", metavar="DIR")
    ] = "channel",
    as_json: Json = False,
) -> None:
    """Make an environment from a channel, for machines without conda.

    Examples:

      rootstock env ~/root root

      rootstock env ./analysis root 'python 3.11.*' numpy --channel https://example.org/channel
    """
    store = locate()
    store.prepare()
    with Terminal(quiet=as_json) as terminal:
        made = environment.create(prefix, specs, channel, cache=store.packages, listen=terminal)
        if as_json:
            _print_json(made)
        else:
            terminal.say(f"{made.prefix}: {len(made.packages)} packages.")
            terminal.say(f"Without activation:  {made.prefix}/bin/python")


@app.command()
def image(
    lock: Annotated[
        bool, typer.Option("--lock", help="Resolve the images' packages again; write the locks.")
    ] = False,
    offline: Offline = False,
    checkout: Checkout = _CHECKOUT,
) -> None:
    """Make the root file systems that builds and smoke tests run in.

    Examples:

      rootstock image

      rootstock image --lock
    """
    store = locate()
    store.prepare()
    with Terminal() as terminal:
        for path in sorted((checkout / "ci/images").glob("*.yaml")):
            if lock:
                pins = debian.lock(debian.load_spec(path, store), store)
                debian.write_lock(pins, path.with_suffix(".lock"))
            debian.ensure(path, store, terminal, offline=offline)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Tell what this machine has of what rootstock needs, and what to do about the rest.

    Example:  rootstock doctor
    """
    findings = examine(locate())
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        print("\n".join(columns([(f.state, f.what, f.found) for f in findings])))
    lacking = [finding for finding in findings if finding.state == "lacks"]
    if lacking:
        remedies = "\n".join(finding.remedy for finding in lacking)
        raise MachineError("this machine cannot build: see above", remedies)


class Ended(RootstockError):
    """A run that failed, as its record tells it."""

    def __init__(self, message: str, remedy: str, code: int) -> None:
        super().__init__(message, remedy)
        self.code = code


def main() -> NoReturn:
    """Run the command line and end the process with the exit code of the contract."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        app(prog_name="rootstock", standalone_mode=False)
        code = 0
    except RootstockError as error:
        tell_error(error.message, error.remedy)
        code = error.code
    except (KeyboardInterrupt, typer.Abort):
        tell_error("interrupted")
        code = InterruptedByUser.code
    except typer.TyperException as error:
        if str(error):  # without a command it was the help that was shown
            tell_error(str(error), "rootstock COMMAND --help has the options and examples.")
        code = UsageError.code
    except BrokenPipeError:
        code = 1
    process.end_all()
    _leave(code)


def _leave(code: int) -> NoReturn:
    # py-rattler's threads may crash the interpreter while it tears itself down.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)


def _interrupt(number: int, frame: object) -> None:
    # First, because threads that wait for a process are waited for in their turn.
    process.end_all()
    raise KeyboardInterrupt
