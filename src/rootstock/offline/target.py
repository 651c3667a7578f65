"""Targets: a new file or folder appears complete, under its name, or not at all."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rootstock.core import store
from rootstock.core.errors import RefusedError, UsageError, raising_no_space


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield a path in a hidden folder beside `target`; at the end rename it to `target`.

    A failure, or an interruption, leaves nothing. Raises `RefusedError` when the target exists,
    `UsageError` when it cannot be made, `NoSpace`.
    """
    refuse(target)
    hidden = target.parent / f".{target.name}.{store.random_name()}"
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(store.temporary(hidden))
        except OSError as error:
            raise UsageError(f"{target} cannot be made: {error.strerror}") from error
        with raising_no_space(target):
            part = folder / target.name
            yield part
            _rename(part, target)


def refuse(target: Path) -> None:
    """Raise `RefusedError` when `target` exists."""
    if os.path.lexists(target):
        raise RefusedError(f"{target} exists", "Remove it, or choose another name.")


def _rename(part: Path, target: Path) -> None:
    """Rename a finished file or folder; another process may have taken the name meanwhile."""
    if part.is_dir():
        refuse(target)  # a rename would replace an empty folder
        os.rename(part, target)
        return
    try:
        os.link(part, target)  # unlike a rename, it replaces nothing
    except FileExistsError:
        refuse(target)
    except OSError:  # a file system without links
        refuse(target)
        os.rename(part, target)
