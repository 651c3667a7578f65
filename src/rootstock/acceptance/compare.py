"""Compares the numbers of a test with those of a release before, and names what changed between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rootstock.acceptance.model import AcceptanceTest, Tolerance
from rootstock.acceptance.numbers import Number


@dataclass(frozen=True, kw_only=True)
class ChangedNumber:
    """A number that differs by more than its tolerance, `allowed`.

    `now` is None when the test no longer writes it. `why` is the reason for which acceptance.toml
    accepts it; it is empty when that does not.
    """

    number: str
    before: Number
    now: Number | None
    allowed: float
    why: str = ""

    def __str__(self) -> str:
        now = "not written" if self.now is None else repr(self.now)
        allowed = f"allowed: {self.allowed:.3g}" if self.allowed else "it must not change"
        reason = f"accepted: {self.why}" if self.why else allowed
        return f"{self.number}: {self.before!r} -> {now} ({reason})"


class Versioned(Protocol):
    """A package of an environment, as far as a comparison needs it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def build(self) -> str:
        """Its build string."""


def compare(
    test: AcceptanceTest, before: Mapping[str, Number], now: Mapping[str, Number]
) -> tuple[ChangedNumber, ...]:
    """Return the numbers that differ by more than the tolerances of a test.

    A number that was not there before differs from nothing.
    """
    found = []
    for name, old in before.items():
        new, allowed = now.get(name), test.tolerance.get(name, Tolerance()).around(old)
        if new is None or abs(new - old) > allowed:
            why = _why(test, name, new)
            found.append(ChangedNumber(number=name, before=old, now=new, allowed=allowed, why=why))
    return tuple(found)


def _why(test: AcceptanceTest, name: str, now: Number | None) -> str:
    """Return the reason for which a new value is accepted; it may differ by its tolerance."""
    for one in test.accepted:
        if one.number != name or (one.value is None) != (now is None):
            continue
        if one.value is None or now is None:
            return one.why
        if abs(now - one.value) <= test.tolerance.get(name, Tolerance()).around(one.value):
            return one.why
    return ""


def changed(before: Sequence[Versioned], now: Sequence[Versioned]) -> tuple[str, ...]:
    """Return a text for each package that two environments do not have alike, sorted."""
    old, new = (
        {one.name: f"{one.version}-{one.build}" for one in packages} for packages in (before, now)
    )
    return tuple(
        f"{name} {old.get(name, 'not there')} -> {new.get(name, 'not there')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )
