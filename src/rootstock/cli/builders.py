"""The options for several builders, which build, publish and verify share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rootstock.core.errors import UsageError
from rootstock.release import builders, keys
from rootstock.release.builders import Builders
from rootstock.release.keys import Public

Count = Annotated[
    int,
    typer.Option(
        "--builders",
        min=1,
        help="Refuse packages that fewer than this many keys have signed for, among yours and "
        "those of --key.",
    ),
]
TrustedKeys = Annotated[
    list[Path],
    typer.Option(
        "--key",
        help="The public key of another builder that you trust; repeatable.",
        metavar="FILE",
    ),
]
Attestations = Annotated[
    list[Path],
    typer.Option(
        "--attestation",
        help="What another builder wrote with `rootstock verify --against --write`; repeatable.",
        metavar="FILE",
    ),
]


def builders_of(
    count: int, trusted: Sequence[Path], attestations: Sequence[Path], own: Public | None
) -> Builders | None:
    """What the three options ask for; `own` is this user's key.

    Raises `UsageError` for a file that is no key or cannot be read, and for fewer keys than
    builders, and `RefusedError` for an attestation that no trusted key has signed.
    """
    if count == 1 and not attestations:
        if trusted:
            raise UsageError("--key goes with --builders or --attestation")
        return None
    known = [*([own] if own else []), *map(keys.read, trusted)]
    return builders.builders(count, known, attestations)
