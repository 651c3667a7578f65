"""Secrets: removed from the environment at the start, and given only to code that needs them.

The programs that rootstock starts, such as pip, apt-get, a shell or a container engine, need no
secret of a user or a CI system, and might show it.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.core.errors import UsageError

ANACONDA = ("ANACONDA_API_TOKEN", "BINSTAR_API_TOKEN")
QUETZ = ("QUETZ_API_KEY",)
S3 = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
# Words that mark a variable as secret: GITHUB_TOKEN, TWINE_PASSWORD. A name that ends in a word for
# a place, such as BEARER_TOKEN_FILE, only says where the secret is.
_SECRET = re.compile(
    r"(?:^|_)(?:TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|SECRETS?|CREDENTIALS?|APIKEY|API_KEY"
    r"|ACCESS_KEY|PRIVATE_KEY|ENCRYPTION_KEY|SIGNING_KEY|AUTH_CONFIG|JWT|PAT"
    # Written as one word: PGPASSWORD, SYSTEM_ACCESSTOKEN (of Azure Pipelines), SSHPASS.
    r"|[A-Z0-9]+(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET)|SSHPASS)(?:_|$)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"_(?:FILE|PATH|DIR|FOLDER|URL|URI|ENDPOINT)$", re.IGNORECASE)
_LONGEST = 1 << 16  # characters: more than any token has
_NONE = ("PWD", "OLDPWD")  # the shell's folders


@dataclass(frozen=True)
class Secret:
    """A token, which `repr` does not show."""

    value: str = field(repr=False)


_taken: dict[str, str] = {}


def take() -> None:
    """Move all secrets out of the environment, so that no started process has them."""
    for name in tuple(os.environ):
        if is_secret(name):
            _taken[name] = os.environ.pop(name)


def is_secret(name: str) -> bool:
    """Whether the name of a variable marks it as secret.

    >>> [is_secret(name) for name in ("GITHUB_TOKEN", "BEARER_TOKEN_FILE", "PATH", "PWD")]
    [True, False, False, False]
    """
    if name in (*ANACONDA, *QUETZ, *S3):
        return True
    return bool(_SECRET.search(name)) and not (_PLACE.search(name) or name in _NONE)


def given(names: Sequence[str]) -> Mapping[str, str]:
    """Return those of the variables that were set when `take` was called."""
    return {name: _taken[name] for name in names if name in _taken}


def token(names: Sequence[str], file: Path | None) -> Secret:
    """Return the token from a file, or else from the first variable that has one.

    Raises `UsageError` when there is none, or the file cannot be read.
    """
    if file:
        try:
            with file.open(encoding="utf-8") as opened:
                value = opened.read(_LONGEST).strip()
        except (OSError, ValueError) as error:
            raise UsageError(f"--token-file {file} cannot be read: {error}") from error
        return _checked(value, f"--token-file {file}")
    for name, value in given(names).items():
        if value.strip():
            return _checked(value.strip(), name)
    raise UsageError(
        "publishing needs a token, and none is set",
        f"Set {names[0]}, or name a file that holds it: --token-file FILE.",
    )


def _checked(value: str, where: str) -> Secret:
    """Return a token that fits into an HTTP header; the message does not show it."""
    if not re.fullmatch("[!-~]+", value) or len(value) == _LONGEST:
        raise UsageError(f"{where} does not hold one token and nothing else")
    return Secret(value)
