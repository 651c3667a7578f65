"""Defines a suite, and the request for suites."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rootstock.plan.matrix import Cell

STAGE = "suites"  # the name of the stage in events and records
LIMIT = 1800.0  # default seconds for a suite


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A package's own tests.

    `package` and `version` are conda's, `words` are the arguments of pytest. `fails` has the reason
    for each known failure, by the test's id. An id without parameters covers all of them, and that
    of a class, a file or a folder covers all in it.
    """

    package: str
    version: str
    words: tuple[str, ...]
    fails: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Deep:
    """A request for suites: of the packages in `only`, or of all; and the seconds for each."""

    only: tuple[str, ...] = ()
    limit: float = LIMIT


@dataclass(frozen=True, kw_only=True)
class Companion:
    """The suites of a cell, and the `cell` they run in: it also has the tools to run them."""

    cell: Cell
    suites: tuple[Suite, ...]
