"""Tokens: taken out of the environment at the start, handed to who needs one, told to nobody."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.errors import UsageError

ANACONDA = ("ANACONDA_API_TOKEN", "BINSTAR_API_TOKEN")
QUETZ = ("QUETZ_API_KEY",)
S3 = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Secret:
    """A token, which `repr` does not show."""

    value: str = field(repr=False)


_taken: dict[str, str] = {}


def take() -> None:
    """Take all tokens out of the environment, so that no process that is started has them."""
    for name in (*ANACONDA, *QUETZ, *S3):
        if name in os.environ:
            _taken[name] = os.environ.pop(name)


def given(names: Sequence[str]) -> Mapping[str, str]:
    """Those of the variables that were set when `take` was called."""
    return {name: _taken[name] for name in names if name in _taken}


def token(names: Sequence[str], file: Path | None) -> Secret:
    """The token of a file, or else of the first variable that has one.

    Raises `UsageError` when there is none, or the file cannot be read.
    """
    if file:
        try:
            value = file.read_text().strip()
        except (OSError, ValueError) as error:
            raise UsageError(f"--token-file {file} cannot be read: {error}") from error
        if not value or len(value.split()) > 1:
            raise UsageError(f"--token-file {file} does not hold one token and nothing else")
        return Secret(value)
    for value in given(names).values():
        if value.strip():
            return Secret(value.strip())
    raise UsageError(
        "there is no token to publish with",
        f"Set {names[0]}, or name a file that holds it: --token-file FILE.",
    )
