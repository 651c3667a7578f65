"""Requirements: the match specs by which recipes and the matrix name packages."""

import re
from functools import cache

from rattler import MatchSpec

_PIN_COMPATIBLE = re.compile(r"\$\{\{ pin_compatible\('([^']+)'")


@cache
def spec_of(spec: str) -> MatchSpec:
    """Parse a match spec; raises `ValueError` when it is invalid."""
    try:
        return MatchSpec(spec)
    except Exception as error:  # py-rattler's errors have no common class
        raise ValueError(str(error).partition("\n")[0]) from error


@cache
def name_of(spec: str) -> str:
    """The package name in a requirement."""
    if match := _PIN_COMPATIBLE.match(spec):
        return match[1]
    return re.split(r"[\s=<>!~\[]", spec, maxsplit=1)[0]
