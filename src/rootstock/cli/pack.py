"""The command that packs a cell as an environment for a read-only place."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST
from rootstock.cli.common import (
    CHECKOUT,
    AnyChannel,
    CheckoutIfNeeded,
    Json,
    Only,
    TestEngineName,
    TestRelock,
    print_json,
)
from rootstock.cli.selections import DryRun, Test, WhichRelease, show_choice, tested
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import counted, size
from rootstock.core.store import locate
from rootstock.offline import pack, trial
from rootstock.offline.selection import choose
from rootstock.offline.target import refuse
from rootstock.report.terminal import Terminal


def make_pack(
    prefix: Annotated[str, typer.Argument(help="The final path of the environment.")],
    out: Annotated[
        Path | None,
        typer.Argument(
            help="The .tar or .tar.zst file; by default, the cell's name.",
            show_default=False,
        ),
    ] = None,
    release: WhichRelease = LATEST,
    only: Only = [],  # noqa: B006 - typer reads the default and hands on a new list
    test: Test = True,
    channel: AnyChannel = "channel",
    engine: TestEngineName = "auto",
    relock: TestRelock = False,
    checkout: CheckoutIfNeeded = CHECKOUT,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Pack a cell as an environment for a read-only place, such as CVMFS, into a tar file.

    Unpack it in that place: the files only work at this path, are readable by everybody and
    compiled, and write nothing there.

    Examples:

      rootstock pack /cvmfs/experiment.example/root/6.40.00 --only '*-cp311-*'

      rootstock pack /opt/root root.tar --release 2 --only '*-cp313-*'
    """
    selection = choose(channel, release, only)
    target = (out or Path(f"{selection.cell}.tar.zst")).absolute()
    pack.check_words(prefix, target)
    if test:
        trial.check_place(prefix)
    refuse(target)
    if dry_run:
        show_choice(selection, target, as_json)
        return
    store = locate()
    store.prepare()
    with Terminal(quiet=as_json) as terminal:
        made = pack.make(
            selection,
            prefix,
            target,
            testbed=trial.old_system(Checkout(checkout), engine, store, terminal, relock=relock)
            if test
            else None,
            store=store,
            listen=terminal,
        )
        if as_json:
            print_json(made.as_json())
            return
        terminal.say(
            f"{made.path}: {counted(made.files, 'file')}, {size(made.unpacked)} in "
            f"{size(made.size)}{tested(made.smoke)}"
        )
        terminal.say(f"Unpack it in {made.prefix}.")


COMMANDS = {"pack": make_pack}
