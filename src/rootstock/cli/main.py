"""The command line: commands, options, exit codes; the work is done elsewhere."""

import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Mapping
from typing import NoReturn

import typer

from rootstock import process
from rootstock.errors import InterruptedByUser, RootstockError, UsageError, no_space_told
from rootstock.publish import tokens
from rootstock.report.terminal import tell_error

# In which module of cli/ a command is, in the order in which --help shows them. Only that of the
# command that is asked for is imported: most import what others do not need.
_HOMES: Mapping[str, str] = {
    **dict.fromkeys(("build", "audit", "smoke", "plan"), "stages"),
    **dict.fromkeys(("why", "verify"), "questions"),
    **dict.fromkeys(("rollback", "hide", "releases"), "generations"),
    "env": "users",
    **dict.fromkeys(("lock", "keys"), "releases"),
    **dict.fromkeys(("bundle", "ship", "pack"), "offline"),
    "publish": "publish",
    **dict.fromkeys(("serve", "page"), "serve"),
    "lint": "lint",
    **dict.fromkeys(("recipes", "image", "doctor"), "tools"),
}


def main() -> NoReturn:
    """Run the command line and end the process with the exit code of the contract."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.unraisablehook = _unraisable
    tokens.take()
    try:
        with no_space_told("a file"):
            gc.disable()  # what is imported is never garbage, and looking for some takes time
            application = _application()
            gc.freeze()
            gc.enable()
            code = application(prog_name="rootstock", standalone_mode=False) or 0
        # Typer takes an interruption for itself, and gives back its exit code.
        if code == InterruptedByUser.code:
            tell_error("interrupted")
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


def _application() -> typer.Typer:
    app = typer.Typer(
        name="rootstock",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_callback)  # so that an application of one command keeps its name
    asked = [name for name in sys.argv[1:2] if name in _HOMES]
    for name in asked or _HOMES:
        home = importlib.import_module(f"rootstock.cli.{_HOMES[name]}")
        app.command(name)(home.COMMANDS[name])
    return app


def _callback() -> None:
    """Build, prove and publish a conda channel with ROOT of your own."""


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


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    # What is called on a fork cannot raise; `process.check` tells of the interruption instead.
    if told.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(told)
