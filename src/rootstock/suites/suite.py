"""What a suite is, and what is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rootstock.plan.matrix import Cell

STAGE = "suites"  # what events and records call it
LIMIT = 1800.0  # seconds that a suite may take if nothing else is said


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A package's own tests.

    `package` and `version` are conda's, `words` what pytest is given. `fails` has the reason for
    each test that is known to fail, by its id; an id without parameters is all of these, and that
    of a class, a file or a folder all in it.
    """

    package: str
    version: str
    words: tuple[str, ...]
    fails: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Deep:
    """That suites are asked for: those of the packages in `only`, or all; seconds for each."""

    only: tuple[str, ...] = ()
    limit: float = LIMIT


@dataclass(frozen=True, kw_only=True)
class Companion:
    """The suites of a cell, and the `cell` they run in: it has what runs them as well."""

    cell: Cell
    suites: tuple[Suite, ...]
