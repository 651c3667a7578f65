"""The commands that run the pipeline up to a stage: build and smoke; audit is another module."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from rootstock.building.limits import DEFAULT_SECONDS, Limits, default_memory
from rootstock.cli.builders import Attestations, Count, TrustedKeys, builders_of
from rootstock.cli.common import (
    CHECKOUT,
    ChannelFolder,
    CheckoutFolder,
    Deep,
    EngineName,
    Jobs,
    Json,
    KeepGoing,
    Level,
    LocalPythons,
    MemoryLimit,
    Offline,
    Only,
    ProfileName,
    Pythons,
    Relock,
    Retry,
    Roots,
    Sets,
    SuiteLimit,
    Suites,
    Systems,
    TimeLimit,
    Url,
    With,
    ask_passphrase,
    axes_of,
    print_json,
    say,
)
from rootstock.cli.plan import as_json_of, deep_of, show
from rootstock.core.checkout import Checkout
from rootstock.core.errors import RootstockError, UsageError
from rootstock.core.formatting import counted
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.plan import matrix as matrices
from rootstock.plan.matrix import Cell
from rootstock.release import keys
from rootstock.report.terminal import Terminal
from rootstock.run import affected, planning
from rootstock.run.pipeline import Until, run
from rootstock.run.request import DEFAULT_LEVEL, Request
from rootstock.smoke import systems


class RunFailed(RootstockError):
    """The failure of a run, from its record."""

    def __init__(self, message: str, remedy: str, code: int) -> None:
        super().__init__(message, remedy)
        self.code = code


def _run(
    request: Request, as_json: bool, until: Until, results: Path | None, tested: Path | None
) -> None:
    # A path that cannot be written is an error before all the work, not after it.
    if results:
        _require_place(results, "--junit")
    if tested:
        from rootstock.report import tested as records  # few runs need it

        _require_place(tested, "--record")
        records.read(tested)
    with Terminal(quiet=as_json) as terminal:
        record, path = run(request, locate(), terminal, until)
        terminal.summary(record, path)
        if not record.code and until == "promote":
            from rootstock.report import summary  # only where something is promoted

            product = matrices.load(request.checkout.matrix).product
            lines = summary.install_lines(request.channel, product, record.release)
            terminal.say("\n".join(["", *lines]))
    if as_json:
        print_json(record.as_json())
    if results:
        from rootstock.report import junit  # XML takes 13 ms to import

        try:
            junit.write(record, results)
        except OSError as error:
            raise UsageError(f"--junit {results}: {error}") from error
    if tested:
        try:
            records.write(records.results(record), tested)
        except OSError as error:
            raise UsageError(f"--record {tested}: {error}") from error
    if record.code:
        raise RunFailed(record.error, record.remedy, record.code)


def _require_place(file: Path, option: str) -> None:
    """Make the folder of a file; raise `UsageError` where there can be no such file."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir():
            raise IsADirectoryError(f"{file} is a folder")
    except OSError as error:
        raise UsageError(f"{option} {file}: {error}") from error


def _list(request: Request, since: str, as_json: bool) -> None:
    if not since and not as_json:
        matrix = matrices.load(request.checkout.matrix)
        chosen = matrices.select(matrix, request.axes, request.only)
        say(cell.id for cell in chosen)
        return
    planned = planning.plan(request, locate(), silent)
    keys = affected.cell_keys(planned.graph)
    cells = tuple(cell.cell for cell in planned.cells)
    if since:
        cells = _changed(cells, keys, since, request)
    if as_json:
        print_json({"cells": [{**as_json_of(cell), "key": keys[cell.id]} for cell in cells]})
    elif cells:
        say(cell.id for cell in cells)


def _changed(
    cells: Sequence[Cell], keys: Mapping[str, str], since: str, request: Request
) -> tuple[Cell, ...]:
    """The cells with other keys than at a revision; says on standard error how many."""
    store = locate()
    store.prepare()
    then: Mapping[str, str] = {}
    terminal = Terminal()
    try:
        then = affected.keys_at(since, request, store)
    except affected.NoKeysError as error:
        terminal.say(f"{since} has no keys to compare with, so every cell counts: {error}")
    changed = tuple(cell for cell in cells if then.get(cell.id) != keys[cell.id])
    terminal.say(f"{len(changed)} of {counted(len(cells), 'cell')} affected since {since}")
    return changed


def _pipeline(
    until: Until,
    root: Roots = [],  # noqa: B006 - typer reads the default and hands on a new list
    py: Pythons = [],  # noqa: B006
    local_python: LocalPythons = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    sets: Sets = [],  # noqa: B006
    with_: With = [],  # noqa: B006
    channel: ChannelFolder = Path("channel"),
    profile: ProfileName = profiles.DEFAULT,
    engine: EngineName = "auto",
    jobs: Jobs = 0,
    level: Level = DEFAULT_LEVEL,
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    keep_going: KeepGoing = False,
    retry: Retry = False,
    relock: Relock = False,
    offline: Offline = False,
    on: Systems = [],  # noqa: B006
    deep: Deep = False,
    suite: Suites = [],  # noqa: B006
    suite_limit: SuiteLimit = None,
    url: Url = "",
    builders: Count = 1,
    key: TrustedKeys = [],  # noqa: B006
    attestation: Attestations = [],  # noqa: B006
    checkout: CheckoutFolder = CHECKOUT,
    list_: Annotated[bool, typer.Option("--list", help="Only list the cells.")] = False,
    since: Annotated[
        str,
        typer.Option(
            help="With --list: only cells with other build keys than at a git revision.",
            metavar="REVISION",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    results: Annotated[
        Path | None,
        typer.Option("--junit", help="Write the results as JUnit XML.", metavar="FILE"),
    ] = None,
    tested: Annotated[
        Path | None,
        typer.Option(
            "--record",
            help="Add to this file which systems passed; docs/data/systems.json is such a file.",
            metavar="FILE",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the pipeline up to a stage, or show what that would do."""
    request = Request(
        checkout=Checkout(checkout),
        axes=axes_of(root, py),
        local_pythons=tuple(local_python),
        only=tuple(only),
        sets=tuple(sets),
        packages=tuple(with_),
        channel=channel,
        profile=profile,
        engine=engine,
        workers=jobs,
        level=level,
        limits=Limits(
            seconds=DEFAULT_SECONDS if time_limit is None else time_limit,
            memory=default_memory() if memory_limit is None else memory_limit,
        ),
        keep_going=keep_going,
        retry=retry,
        relock=relock,
        offline=offline,
        url=url,
        deep=deep_of(deep, suite, suite_limit),
        systems=systems.select(Checkout(checkout), on),
    )
    if since and not list_:
        raise UsageError("--since goes with --list")
    if list_:
        _list(request, since, as_json)
    elif dry_run:
        show(request, as_json)
    else:
        if until == "promote":
            own = keys.mine(ask_passphrase)
            public = own.open().public if own and builders > 1 else None
            needed = builders_of(builders, key, attestation, public)
            request = replace(request, key=own, builders=needed)
        _run(request, as_json, until, results, tested)


_OF_TESTS = ("on", "deep", "suite", "suite_limit", "tested")


def pipeline_command(until: Until, help_: str) -> Callable[..., None]:
    """The command that runs the pipeline up to a stage, with the options of `_pipeline`."""

    def command(**given: Any) -> None:
        _pipeline(until, **given)

    _, *options = inspect.signature(_pipeline).parameters.values()
    without: tuple[str, ...] = () if until == "promote" else ("builders", "key", "attestation")
    if until == "audit":  # it ends before any test
        without += _OF_TESTS
    options = [one for one in options if one.name not in without]
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in options}
    command.__doc__ = help_
    return command


_PIPELINE: Mapping[str, tuple[Until, str]] = {
    "build": (
        "promote",
        """Build the chosen cells, test them, and promote them into the channel.

        With --builders 2, another builder must have made the same packages: `rootstock verify
        --against`.

        Examples:

          rootstock build --root 6 --py 3.11

          rootstock build --root 6 --py all --channel /srv/www/channel --level 19

          rootstock build --only 'root6*-cp311-*' --dry-run

          rootstock build --list --since origin/main

          rootstock build --builders 2 --key bob.pub --attestation bob.json
        """,
    ),
    "smoke": (
        "smoke",
        """Build, audit, and smoke-test the chosen cells; promote nothing.

        The programs in tests/acceptance/ run in the same way. Their numbers are compared with those
        of the channel's newest release.

        With --deep, the packages' own tests run after that, where ci/stack.toml says how. They run
        in an environment of the cell's packages with pytest beside them, on the old and bare
        system, without network. A table shows the results. A test that fails without being known
        to fail ends the command with 1. A suite that passed does not run again until something
        changes. --dry-run lists the suites and the time that they took before.

        With --on, the smoke tests run on other systems, one after the other. Those named debian are
        made of Debian's packages, and bare as well. The others need podman or docker, and the
        network. A cell passes when it passes on all of them.

        Examples:

          rootstock smoke --root 6 --py 3.13

          rootstock smoke --root 6 --py 3.11 --on 'debian*'

          rootstock smoke --root 6 --py 3.11 --set analysis --deep --dry-run

          rootstock smoke --root 6 --py 3.11 --set analysis --deep

          rootstock smoke --py 3.11 --set analysis --deep --suite scipy --suite-limit 45m
        """,
    ),
}


COMMANDS = {name: pipeline_command(until, help_) for name, (until, help_) in _PIPELINE.items()}
