"""Finds why an environment of a build could not be solved: the builder's error lacks it.

py-rattler-build 0.73 prints "Failed to resolve dependencies" or "Test failed" without the missing
packages. Its log has the specs of each environment. This solves them again, from the same packages,
and takes the solver's message as the reason.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rootstock.core import process

_PROGRAM = Path(__file__).with_name("solving.py")
_MARK = "Specs:"  # the log's beginning of a list of specs, each on its own line after a dash
_SPEC = re.compile(r"\s+- (?P<spec>\S.*)")
_PREFACE = "Cannot solve the request because of: "
_SECONDS = 60.0


def specs_asked(log: str, own: str) -> tuple[str, ...]:
    r"""Return the specs of the last environment in a build's log, without `own`, the package.

    >>> specs_asked("  Specs:\n   - bzip2\n   - mine ==1.0 h0_0\nnext", "mine")
    ('bzip2',)
    """
    _, mark, rest = log.rpartition(_MARK)
    found: list[str] = []
    for line in rest.splitlines()[1:] if mark else ():
        match = _SPEC.fullmatch(line)
        if not match:
            break
        found.append(match["spec"])
    return tuple(spec for spec in found if spec.split()[0] != own)


def reason(channel: Path, specs: Sequence[str]) -> list[str]:
    """Return the solver's reason why a channel's folder cannot satisfy the specs, as lines.

    It returns no lines when it can, or when there are no specs.
    """
    if not specs:
        return []
    job = json.dumps({"channel": channel.as_uri(), "specs": list(specs)})
    done = process.run([sys.executable, "-I", _PROGRAM], stdin=job.encode(), timeout=_SECONDS)
    text = done.output.strip().removeprefix(_PREFACE)
    return text.splitlines() if done.code == 0 else []
