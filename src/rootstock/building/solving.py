"""A separate program that says why no environment satisfies some specs.

It runs in its own process, because py-rattler may crash an interpreter at its end. The job (JSON,
on standard input) has `channel`, a URL, and `specs`. It prints the solver's reason, or nothing when
the specs can be satisfied.
"""

import asyncio
import json
import os
import sys

from rattler import (
    Channel,
    MatchSpec,
    VirtualPackage,
    VirtualPackageOverrides,
    solve,
)
from rattler.exceptions import InvalidMatchSpecError, SolverError
from rattler.platform import Subdir


async def reason(channel: str, specs: list[str]) -> str:
    """Return why a channel has no packages that satisfy the specs, or an empty text."""
    try:
        await solve(
            sources=[Channel(channel)],
            specs=[MatchSpec(spec) for spec in specs],
            platforms=[Subdir.current(), Subdir("noarch")],
            virtual_packages=VirtualPackage.detect(overrides=VirtualPackageOverrides.from_env()),
        )
    except (SolverError, InvalidMatchSpecError) as error:
        return str(error)
    return ""


if __name__ == "__main__":
    job = json.load(sys.stdin)
    print(asyncio.run(reason(job["channel"], job["specs"])), flush=True)
    # Not `sys.exit`: py-rattler's threads crash the interpreter while it shuts down.
    os._exit(0)
