"""The command that makes an executable file with a cell."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST
from rootstock.cli.common import (
    CHECKOUT,
    AnyChannel,
    CheckoutIfNeeded,
    Json,
    Offline,
    Only,
    TestEngineName,
    TestRelock,
    print_json,
)
from rootstock.cli.selections import DryRun, Test, WhichRelease, show_choice, tested
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import counted, size
from rootstock.core.store import locate
from rootstock.offline import constructor, trial
from rootstock.offline.selection import choose
from rootstock.offline.target import refuse
from rootstock.report.terminal import Terminal
from rootstock.sources import tools


def make_ship(
    out: Annotated[
        Path | None,
        typer.Argument(help="The file to make; by default, the cell's name.", show_default=False),
    ] = None,
    release: WhichRelease = LATEST,
    only: Only = [],  # noqa: B006 - typer reads the default and hands on a new list
    program: Annotated[
        str, typer.Option(help="The program of the cell that the file runs.", metavar="NAME")
    ] = "python",
    test: Test = True,
    channel: AnyChannel = "channel",
    engine: TestEngineName = "auto",
    relock: TestRelock = False,
    offline: Offline = False,
    checkout: CheckoutIfNeeded = CHECKOUT,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make one executable file that installs a cell by itself, without network, and runs it.

    conda-ship makes it, and is fetched once. At its first call, the file installs the cell in
    ~/.conda, or in $CONDA_SHIP_PREFIX; after that, each call runs the cell's Python.

    Examples:

      rootstock ship --only '*-cp311-*'

      rootstock ship root --only 'root6.40*-cp311-*' --program root

      ./root6.40.00-cp311-linux_x86_64 -c 'import ROOT; print(ROOT.gROOT.GetVersion())'
    """
    selection = choose(channel, release, only)
    target = (out or Path(selection.cell)).absolute()
    refuse(target)
    if dry_run:
        show_choice(selection, target, as_json)
        return
    store = locate()
    with Terminal(quiet=as_json) as terminal:
        files = Checkout(checkout)
        lock = files.tool("conda-ship")
        made = constructor.make(
            selection,
            target,
            tool=tools.ensure(lock, store, terminal, offline=offline),
            program=program,
            testbed=trial.old_system(files, engine, store, terminal, relock=relock),
            try_it=test,
            store=store,
            listen=terminal,
        )
        if as_json:
            print_json(made.as_json())
            return
        terminal.say(
            f"{made.path}: {counted(made.packages, 'package')}, {size(made.size)}"
            f"{tested(made.smoke)}"
        )
        terminal.say(f"It installs itself in ~/.conda/{made.install_name}.")


COMMANDS = {"ship": make_ship}
