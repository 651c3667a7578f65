"""The command line: commands, options, exit codes; other modules do the work."""

import gc
import importlib
import inspect
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand
from typer.models import TyperPath

from rootstock import __version__
from rootstock.cli import completion, ending
from rootstock.cli.common import say
from rootstock.core import process, signals, store, streams, tokens
from rootstock.core.errors import InterruptedByUser, RootstockError, UsageError
from rootstock.report.terminal import print_error

# The commands of each panel of --help, in that order.
_PANELS: Mapping[str, Sequence[str]] = {
    "Build": ("build", "audit", "smoke", "plan", "why", "verify"),
    "Channel": ("releases", "rollback", "hide", "lock", "keys", "page"),
    "Install": ("env", "bundle", "ship", "pack"),
    "Publish": ("publish", "serve"),
    "Maintain": ("lint", "stack", "recipes", "security", "image", "doctor", "completion"),
}
_PANEL_OF = {name: panel for panel, names in _PANELS.items() for name in names}
# The module of cli/ for each command has the command's name; build and smoke share one.
# Only that of the requested command is imported: most import a lot that others do not need.
_HOMES = {name: name for name in _PANEL_OF} | {"smoke": "build"}

_CODES = (
    "Exit codes: 0 done, 1 a build, audit or test failed, 2 usage or configuration, "
    "3 source or network, 4 this machine, 5 refused to protect what exists, 130 interrupted."
)
_VERSION = ("--version", "-V")
# New objects between two garbage collections. An index of 100,000 packages is a million objects
# without garbage: with Python's own 700, collections took a third of the time of a promotion.
_MANY = 100_000


def main() -> NoReturn:
    """Run the command line and end the process with the exit code of the contract."""
    streams.ready()
    signals.handle(_interrupt)
    sys.unraisablehook = _unraisable
    threading.excepthook = _unexpected_in_thread
    tokens.take()
    try:
        failed = _failure()
    except BaseException as error:  # Ctrl-C once more, during the handling of the first
        failed = ending.failure(error)
    process.end_all()
    store.sweep()
    # Everything has ended: from here on, a signal may end the process at once.
    signals.handle(signals.end_at_once)
    code = ending.finish(failed, as_json=streams.wants_json(sys.argv))
    os._exit(code)  # py-rattler's threads may crash the interpreter at its end


def _failure() -> RootstockError | None:
    """Run the command; return its error, if any."""
    try:
        gc.disable()  # imports create no garbage, and searching for some takes time
        application = _application()
        asked = completion.is_asked()
        if asked:
            completion.init()
        gc.freeze()
        gc.set_threshold(_MANY)
        gc.enable()
        code = application(
            _words(),
            prog_name="rootstock",
            complete_var=completion.VARIABLE if asked else "",
            standalone_mode=False,
        )
        # Typer handles an interruption itself, and returns its exit code.
        return InterruptedByUser("interrupted") if code == InterruptedByUser.code else None
    except SystemExit as error:  # Typer ends so after it has printed words for a shell
        return ending.failure(error) if error.code else None
    # For any error, the user sees a message, a remedy and an exit code.
    except BaseException as error:
        return ending.failure(error)


def _words() -> list[str]:
    """The words of the command line; `help COMMAND` is `COMMAND --help`."""
    words = sys.argv[1:]
    return [*words[1:2], "--help"] if words[:1] == ["help"] else words


def _application() -> typer.Typer:
    app = typer.Typer(
        name="rootstock",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        epilog=_CODES,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_callback)  # so that an application of one command keeps its name
    for name in _needed(_words()):
        home = importlib.import_module(f"rootstock.cli.{_HOMES[name]}")
        command = home.COMMANDS[name]
        help_ = _paragraphs(command.__doc__ or "")
        panel = _PANEL_OF[name]
        app.command(name, cls=_Command, help=help_, rich_help_panel=panel)(command)
    return app


def _paragraphs(docstring: str) -> str:
    """A docstring with a line for each paragraph: a terminal breaks lines where it is narrow."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(
        text if text.startswith(" ") else " ".join(text.split()) for text in paragraphs
    )


def _needed(words: Sequence[str]) -> Iterable[str]:
    """Return the commands needed to parse a command line: one, if it names one."""
    first = words[0] if words else ""
    if first in _VERSION:
        return ()
    return (first,) if first in _HOMES else _HOMES


class _Command(TyperCommand):
    """A command that refuses an empty word as a path: its variable is probably unset."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            given = ctx.params.get(parameter.name)
            words = given if isinstance(given, list | tuple) else [given]
            metavar = getattr(parameter, "metavar", None) or ""
            is_path = isinstance(parameter.type, TyperPath) or "DIR" in metavar
            source = ctx.get_parameter_source(parameter.name)
            if is_path and "" in words and source.name in ("COMMANDLINE", "ENVIRONMENT"):
                raise UsageError(
                    f"{parameter.get_error_hint(ctx)} is an empty word, not a path",
                    "Name the file or folder; the current folder is `.`.",
                )
        return rest


def _show_version(asked: bool) -> None:
    if asked:
        say([f"rootstock {__version__}"])
        raise typer.Exit


def _callback(
    version: Annotated[
        bool,
        typer.Option(*_VERSION, help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Build, test and publish your own conda channel with ROOT."""
    if not {"-h", "--help"} & {*sys.argv}:
        ending.require_folder()


def _interrupt(number: int, frame: object) -> None:
    # First, because other threads wait for the processes.
    process.end_all()
    raise KeyboardInterrupt


def _unraisable(caught: "sys.UnraisableHookArgs") -> None:
    # A fork hook cannot raise; `process.raise_if_interrupted` reports the interruption instead.
    if caught.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(caught)


def _unexpected_in_thread(caught: threading.ExceptHookArgs) -> None:
    failed = ending.failure(caught.exc_value or caught.exc_type())
    print_error(failed.message, failed.remedy)
