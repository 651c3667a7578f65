"""The commands that make files of a release for use without network."""

from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST
from rootstock.cli.common import (
    CHECKOUT,
    AnyChannel,
    CheckoutIfNeeded,
    EngineName,
    Json,
    Offline,
    Only,
    Relock,
    print_json,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import size
from rootstock.core.store import locate
from rootstock.offline import bundle, constructor, pack, trial
from rootstock.offline.selection import Selection, choose
from rootstock.offline.target import refuse
from rootstock.report.terminal import Terminal
from rootstock.smoke.report import SmokeReport
from rootstock.sources import tools

WhichRelease = Annotated[
    str, typer.Option("--release", help="A number, or latest.", metavar="NUMBER")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would contain, and end.")]
Test = Annotated[
    bool, typer.Option("--test/--no-test", help="Install and test it on a bare Debian 11.")
]


def make_bundle(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="The folder, or file, to make; by default, the cell's name.",
            show_default=False,
        ),
    ] = None,
    release: WhichRelease = LATEST,
    only: Only = [],  # noqa: B006 - typer reads the default and hands on a new list
    tar: Annotated[bool, typer.Option("--tar", help="Make one file, to unpack there.")] = False,
    channel: AnyChannel = "channel",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a folder that is a complete channel with a release, for a machine without network.

    It has the packages, the index, the locks, the attestations, and a text that explains how to
    install from it with conda, mamba, micromamba or rootstock.

    Examples:

      rootstock bundle

      rootstock bundle /media/stick/root --only 'root6*-cp311-*'

      rootstock bundle root.tar --tar --release 2 --channel https://example.org/channel
    """
    selection = choose(channel, release, only)
    target = (out or Path(_name(selection) + (".tar" if tar else ""))).absolute()
    if dry_run:
        refuse(target)
        _show_choice(selection, target, as_json)
        return
    with Terminal(quiet=as_json) as terminal:
        made = bundle.make(selection, target, terminal, tar=tar)
        if as_json:
            print_json(made.as_json())
            return
        terminal.say(f"{made.path}: {made.packages} packages, {size(made.size)}.")
        terminal.say(f"{bundle.INSTALL} explains how to install from it.")


def make_ship(
    out: Annotated[
        Path | None,
        typer.Argument(help="The file to make; by default, the cell's name.", show_default=False),
    ] = None,
    release: WhichRelease = LATEST,
    only: Only = [],  # noqa: B006
    program: Annotated[
        str, typer.Option(help="The program of the cell that the file runs.", metavar="NAME")
    ] = "python",
    test: Test = True,
    channel: AnyChannel = "channel",
    engine: EngineName = "auto",
    relock: Relock = False,
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
        _show_choice(selection, target, as_json)
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
            f"{made.path}: {made.packages} packages, {size(made.size)}{_tested(made.smoke)}"
        )
        terminal.say(f"It installs itself in ~/.conda/{made.install_name}.")


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
    only: Only = [],  # noqa: B006
    test: Test = True,
    channel: AnyChannel = "channel",
    engine: EngineName = "auto",
    relock: Relock = False,
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
        _show_choice(selection, target, as_json)
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
            f"{made.path}: {made.files} files, {size(made.unpacked)} in {size(made.size)}"
            f"{_tested(made.smoke)}"
        )
        terminal.say(f"Unpack it in {made.prefix}.")


def _tested(report: SmokeReport | None) -> str:
    """The result of a trial, as the end of a line."""
    if not report:
        return ", not tested."
    ran = [check for check in report.checks if check.outcome != "not run"]
    return f", {len(ran)} checks passed on {report.system}."


def _name(selection: Selection) -> str:
    """The default name of a bundle: its cell, or its release."""
    if len(selection.cells) == 1:
        return selection.cell
    return f"release-{selection.release.release:04d}"


def _show_choice(selection: Selection, target: Path, as_json: bool) -> None:
    choice = {
        "path": str(target),
        "release": selection.release.release,
        "cells": selection.cells,
        "packages": [package.filename for package in selection.packages],
        "size": selection.size,
    }
    if as_json:
        print_json(choice)
        return
    held = (
        f"{target} would contain release {selection.release.release}, "
        f"{', '.join(selection.cells)}: {len(selection.packages)} packages, {size(selection.size)}"
    )
    say([*(package.filename for package in selection.packages), held])


COMMANDS = {"bundle": make_bundle, "ship": make_ship, "pack": make_pack}
