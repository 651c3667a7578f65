"""Secrets: taken out of the environment at the start, handed to who needs one, told to nobody.

Programs that are started here, such as pip, apt-get, a shell or a container's engine, need none of
what a user or a CI system may have in its environment, and might tell it.
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
# Words in the name of a variable by which it holds a secret: GITHUB_TOKEN, TWINE_PASSWORD. Where
# one ends in a word for a place, such as BEARER_TOKEN_FILE, it only says where the secret is.
_SECRET = re.compile(
    r"(?:^|_)(?:TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|SECRETS?|CREDENTIALS?|APIKEY|API_KEY"
    r"|ACCESS_KEY|PRIVATE_KEY|ENCRYPTION_KEY|SIGNING_KEY|AUTH_CONFIG|JWT|PAT"
    # Written as one word: PGPASSWORD, SYSTEM_ACCESSTOKEN (of Azure Pipelines), SSHPASS.
    r"|[A-Z0-9]+(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET)|SSHPASS)(?:_|$)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"_(?:FILE|PATH|DIR|FOLDER|URL|URI|ENDPOINT)$", re.IGNORECASE)
_LONGEST = 1 << 16  # characters of a token, and more than any has
_NONE = ("PWD", "OLDPWD")  # a shell's folders


@dataclass(frozen=True)
class Secret:
    """A token, which `repr` does not show."""

    value: str = field(repr=False)


_taken: dict[str, str] = {}


def take() -> None:
    """Take all secrets out of the environment, so that no process that is started has them."""
    for name in tuple(os.environ):
        if is_secret(name):
            _taken[name] = os.environ.pop(name)


def is_secret(name: str) -> bool:
    """Whether a variable holds a secret, by its name.

    >>> [is_secret(name) for name in ("GITHUB_TOKEN", "BEARER_TOKEN_FILE", "PATH", "PWD")]
    [True, False, False, False]
    """
    if name in (*ANACONDA, *QUETZ, *S3):
        return True
    return bool(_SECRET.search(name)) and not (_PLACE.search(name) or name in _NONE)


def given(names: Sequence[str]) -> Mapping[str, str]:
    """Those of the variables that were set when `take` was called."""
    return {name: _taken[name] for name in names if name in _taken}


def token(names: Sequence[str], file: Path | None) -> Secret:
    """The token of a file, or else of the first variable that has one.

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
        "there is no token to publish with",
        f"Set {names[0]}, or name a file that holds it: --token-file FILE.",
    )


def _checked(value: str, where: str) -> Secret:
    """A token as it can be in a header of HTTP; the message does not tell it."""
    if not re.fullmatch("[!-~]+", value) or len(value) == _LONGEST:
        raise UsageError(f"{where} does not hold one token and nothing else")
    return Secret(value)
