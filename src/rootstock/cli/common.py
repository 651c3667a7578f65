"""What the commands share: the types of their options, and how they print."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rootstock.image.profiles import Profile

# A checkout is the folder with recipes/ and ci/, three above this package's own.
CHECKOUT = Path(__file__).resolve().parents[3]

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
ProfileName = Annotated[
    Profile, typer.Option("--profile", help="The image that packages are built in.")
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


def print_json(value: object) -> None:
    """Print a value as the one JSON object on standard output."""
    print(json.dumps(value, indent=2, default=str))
