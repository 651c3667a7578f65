"""The commands' common parts: the types of their options, and how they print."""

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import TyperPath

from rootstock.core import names
from rootstock.core.errors import MachineError, RootstockError, UsageError
from rootstock.core.formatting import visible
from rootstock.image.profiles import Profile

# A checkout is the folder with recipes/ and ci/, three above this package's own.
CHECKOUT = Path(__file__).resolve().parents[3]

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MOST = 1e15  # more means no limit: the system's clock cannot count it
_BYTES = {"M": 1e6, "G": 1e9, "T": 1e12}


def seconds_of(text: str) -> float:
    """Parse a time limit to seconds.

    >>> seconds_of("90s"), seconds_of("1.5h"), seconds_of("none")
    (90.0, 5400.0, inf)
    """
    return _amount(text, _SECONDS, "90s, 45m, 2h")


def bytes_of(text: str) -> float:
    """Parse a memory limit to bytes.

    >>> bytes_of("800M"), bytes_of("none")
    (800000000.0, inf)
    """
    return _amount(text, _BYTES, "800M, 4G")


def public_url(text: str) -> str:
    """Check the address of a channel for its readers; empty where none is given."""
    return _allowed(names.public_url, text) if text else ""


def channel_url(text: str) -> str:
    """Check like `public_url`; also allow the address of a folder, `file:///...`."""
    if not text.startswith("file:"):
        return public_url(text)
    return _allowed(names.folder_url, text)


def _allowed(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except names.NotAllowed as error:
        raise typer.BadParameter(str(error)) from error


def _amount(text: str, units: Mapping[str, float], examples: str) -> float:
    if text == "none":
        return math.inf
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z])", text)
    amount = float(found[1]) * units.get(found[2], 0) if found else 0
    if not 0 < amount < _MOST:
        raise typer.BadParameter(f"{names.quoted(text)} is not one of {examples} or none")
    return amount


Roots = Annotated[
    list[str],
    typer.Option("--root", help="6, 6.40, 6.40.00 or all; repeatable.", metavar="VERSION"),
]
Pythons = Annotated[
    list[str], typer.Option("--py", help="3.11 or all; repeatable.", metavar="VERSION")
]


def axes_of(roots: Sequence[str], pythons: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What --root and --py ask for, by the names of the axes."""
    asked = {"root": tuple(roots), "python": tuple(pythons)}
    return {axis: values for axis, values in asked.items() if values}


LocalPythons = Annotated[
    list[str],
    typer.Option(
        "--local-python",
        help="Use this machine's interpreter, by version (3.12) or path, in place of a CPython "
        "that cannot be fetched here. For smoke tests: results are never published. Repeatable.",
        envvar="ROOTSTOCK_LOCAL_PYTHON",
        metavar="VERSION|PATH",
    ),
]
Only = Annotated[
    list[str], typer.Option("--only", help="Cells by glob, such as 'root6*-cp31[12]-*'.")
]
Sets = Annotated[
    list[str],
    typer.Option(
        "--set",
        help="Add a set of ci/stack.toml to the environments of the cells, or all; repeatable.",
        metavar="NAME",
    ),
]
With = Annotated[
    list[str],
    typer.Option(
        "--with",
        help="Add a package of the recipes, such as gxx, to these environments; repeatable.",
        metavar="SPEC",
    ),
]
ChannelFolder = Annotated[
    Path, typer.Option("--channel", help="The folder of the channel.", metavar="DIR")
]
AnyChannel = Annotated[
    str, typer.Option("--channel", help="A channel's folder or URL.", metavar="DIR|URL")
]
ProfileName = Annotated[Profile, typer.Option("--profile", help="The image for builds.")]


def _engine_option(isolated: str) -> Any:
    return typer.Option(
        "--engine",
        help=f"The program that isolates {isolated}: auto, bubblewrap, unshare, podman or docker.",
    )


EngineName = Annotated[str, _engine_option("builds and tests")]
BuildEngineName = Annotated[str, _engine_option("builds")]
TestEngineName = Annotated[str, _engine_option("tests")]
_MOST_JOBS = 1024  # more than a machine has cores
Jobs = Annotated[
    int,
    typer.Option("-j", "--jobs", min=0, max=_MOST_JOBS, help="Parallel builds; 0: one per core."),
]
Level = Annotated[
    int,
    typer.Option(min=1, max=22, help="zstd's level: 9 packs fast; 19 packs small, for a release."),
]


class _Checkout(TyperPath):
    """A folder with ci/, even where none is named."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        # The code that reads the whole command line reports an empty word.
        if value and not Path(value, "ci").is_dir():
            raise UsageError(
                f"{value} is not a checkout of rootstock: it has no folder ci/",
                "Run it in a checkout's .venv, or name the checkout with --checkout.",
            )
        return super().convert(value, param, ctx)


def _checkout_option(type_: TyperPath) -> Any:
    return typer.Option(
        "--checkout",
        help="The folder with recipes/ and ci/, where it is not the checkout itself.",
        envvar="ROOTSTOCK_CHECKOUT",
        metavar="DIR",
        show_default=False,
        click_type=type_,
    )


# A user of an installed wheel has no checkout, unless one is named.
CheckoutFolder = Annotated[Path, _checkout_option(_Checkout())]
CheckoutIfNeeded = Annotated[Path, _checkout_option(TyperPath())]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going",
        help="After a failure, continue with everything that does not need it; promote nothing.",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        parser=seconds_of,
        help="The time limit of one build, like 90s, 45m, 2h or none; 1h if not given.",
        metavar="TIME",
    ),
]
MemoryLimit = Annotated[
    float | None,
    typer.Option(
        parser=bytes_of,
        help="The memory limit of one build, like 800M, 4G or none; if not given, "
        "nine tenths of the machine's.",
        metavar="SIZE",
    ),
]
Systems = Annotated[
    list[str],
    typer.Option(
        "--on",
        help="Run the smoke tests on this system of ci/systems.yaml, by id or glob such as "
        "'debian*', on all, or on build, the build image; repeatable. Only Debian 11 if not given.",
        metavar="SYSTEM",
    ),
]
Deep = Annotated[
    bool,
    typer.Option(
        "--deep",
        help="Also run the packages' own tests, those that ci/stack.toml describes.",
    ),
]
Suites = Annotated[
    list[str],
    typer.Option(
        "--suite",
        help="With --deep: the tests of this package only; repeatable.",
        metavar="PACKAGE",
    ),
]
SuiteLimit = Annotated[
    float | None,
    typer.Option(
        parser=seconds_of,
        help="With --deep: the time limit of one package's tests, like 90s, 45m, 2h or none; "
        "30m if not given.",
        metavar="TIME",
    ),
]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        parser=public_url,
        help="The public address of the channel, for locks and attestations of the release.",
        envvar="ROOTSTOCK_CHANNEL_URL",
        metavar="URL",
        show_default=False,
    ),
]
PageUrl = Annotated[
    str,
    typer.Option(
        "--url",
        parser=public_url,
        help="The public address of the channel, if it differs from the url in channel.yaml.",
        metavar="URL",
    ),
]
PageTitle = Annotated[str, typer.Option("--title", help="The title of the page.", metavar="TEXT")]
Retry = Annotated[
    bool, typer.Option("--retry", help="Repeat builds that failed in an earlier run.")
]
Relock = Annotated[
    bool,
    typer.Option(
        "--relock",
        help="If Debian's archive no longer has a pinned package of an image, resolve all of "
        "the image again, on this machine only. Build keys change with the build image.",
    ),
]
TestRelock = Annotated[
    bool,
    typer.Option(
        "--relock",
        help="If Debian's archive no longer has a pinned package of the image for tests, resolve "
        "all of the image again, on this machine only.",
    ),
]
Relocked = Annotated[
    bool,
    typer.Option(
        "--relock", help="Plan with the packages that an earlier run with --relock resolved."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing; use the store.")]


def ask_passphrase(words: str = "Passphrase of your key: ") -> str:
    """Ask for a passphrase; empty where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    import getpass  # almost no command asks

    return getpass.getpass(words)


# The content of the command's --json object.
_answer: dict[str, Any] = {}
_printed = False


def print_json(value: object) -> None:
    """Add to the one JSON object that is printed on standard output when the command ends.

    `value` is a mapping or a dataclass. When the command fails, the object also has `error`,
    `remedy` and `code`.
    """
    _answer.update(value if isinstance(value, Mapping) else _plain(value))


def print_json_line(value: Mapping[str, object]) -> None:
    """Print the one JSON object at once, on one line: for a command that continues."""
    global _printed
    _printed = True
    say([json.dumps(value, default=_plain)])


def print_answer(failed: RootstockError | None) -> None:
    """Print the object of the command that has ended; raises as `say` does."""
    if _printed or not (_answer or failed):
        return
    if failed:
        _answer.update(error=failed.message, remedy=failed.remedy, code=failed.code)
    say(json.dumps(_answer, indent=2, default=_plain).splitlines())


def _plain(value: object) -> Any:
    """Convert values that JSON lacks: a dataclass becomes an object, all others text."""
    return vars(value) if is_dataclass(value) else str(value)


def say(lines: Iterable[str]) -> None:
    """Print lines on standard output, with visible control characters.

    Raises `MachineError` when they cannot be written, `BrokenPipeError` when nobody reads on.
    """
    try:
        print("\n".join(map(visible, lines)), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise MachineError(
            f"standard output cannot be written: {error.strerror}",
            "Redirect it to a place with free space, and run the same command again.",
        ) from error
