"""The end of a command: its --json answer, its error message, its exit code."""

import os
import sys
import tempfile
import traceback
from contextlib import suppress

import typer

from rootstock.cli.common import print_answer
from rootstock.core import streams
from rootstock.core.errors import (
    InterruptedByUser,
    MachineError,
    RootstockError,
    UsageError,
    raising_no_space,
)
from rootstock.core.store import locate
from rootstock.report.terminal import print_error

_LONGEST = 300  # characters of an error's own text to show


def failure(error: BaseException) -> RootstockError:
    """Convert any exception to an error for the user.

    For one that no part of rootstock expects, it writes the trace to a file, which the remedy
    names.
    """
    if isinstance(error, RootstockError):
        return error
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return InterruptedByUser("interrupted")
    if isinstance(error, typer.TyperException):
        # Where help was shown instead, nothing is left to say.
        words = error.format_message() if str(error) else ""
        return UsageError(words, "rootstock COMMAND --help has the options and examples.")
    # The reader has seen enough. Typer turns this into an exit.
    cause = error.__context__ if isinstance(error, SystemExit) else error
    if isinstance(cause, BrokenPipeError):
        return RootstockError("")
    try:
        with raising_no_space("a file"):
            raise error
    except MachineError as full:
        return full
    except BaseException:
        pass  # it is something else
    if isinstance(error, FileNotFoundError) and not _folder_is_there():
        return gone()
    return _unexpected(error)


def gone() -> UsageError:
    """The error for a deleted current folder."""
    return UsageError("the current folder was deleted", "Change to an existing folder.")


def require_folder() -> None:
    """Raise `UsageError` when the current folder was deleted: relative paths would fail."""
    if not _folder_is_there():
        raise gone()


def _folder_is_there() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _unexpected(error: BaseException) -> RootstockError:
    words = " ".join(str(error).split())[:_LONGEST]
    log = _log(error)
    trace = f"The whole trace is in {log}" if log else "The trace could not be written anywhere"
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        what = f"the system refused an operation: {error.strerror or words}{place}"
        return MachineError(what, f"Correct that and run the same command again. {trace}.")
    if isinstance(error, MemoryError):
        return MachineError(
            "there was not enough memory", f"Run fewer things in parallel. {trace}."
        )
    kind = type(error).__name__
    return RootstockError(
        f"an error in rootstock itself: {kind}{': ' if words else ''}{words}",
        f"{trace}. Please report it with the command.",
    )


def _log(error: BaseException) -> str:
    """Write a trace into the store, or else into the temporary folder; return the path."""
    try:
        text = "".join([f"{sys.argv}\n", *traceback.format_exception(error)])
    except Exception:  # memory may be short, or the stack
        text = f"{type(error).__name__}\n"
    for place in (_runs, tempfile.gettempdir):
        try:
            number, path = tempfile.mkstemp(".log", "error-", place())
            with open(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except (OSError, RootstockError):
            continue
        return path
    return ""


def _runs() -> str:
    runs = locate().runs
    runs.mkdir(parents=True, exist_ok=True)
    return str(runs)


def finish(failed: RootstockError | None, *, as_json: bool) -> int:
    """Print the one object of --json and the error; return the exit code."""
    try:
        if as_json:
            print_answer(failed)
    except (OSError, RootstockError) as error:
        failed = failed or failure(error)
    with suppress(BrokenPipeError):
        if failed and failed.message:
            print_error(failed.message, failed.remedy)
    lost = streams.flush()
    if failed or not lost:
        return failed.code if failed else 0
    if isinstance(lost, BrokenPipeError):
        return RootstockError.code
    with suppress(BrokenPipeError):
        print_error(f"not all of the output could be written: {lost.strerror}")
    return MachineError.code
