"""The command line: commands, options, exit codes; the work is done elsewhere."""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from rootstock import commands, process
from rootstock.errors import InterruptedByUser, MachineError, RootstockError
from rootstock.pipeline import DEFAULT_LEVEL, Options
from rootstock.report.terminal import Terminal, tell_error
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
    list[str], typer.Option("--root", help="6, 6.40, 6.40.00 or all; repeatable.", metavar="VERSION")
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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="After a failure, build what does not depend on it.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing; use what is stored.")]
