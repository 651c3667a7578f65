"""The results of the acceptance tests of a cell, as values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.model import FILE
from rootstock.acceptance.numbers import Number
from rootstock.core.errors import SmokeFailed

Outcome = Literal["passed", "failed", "not run"]
STAGE = "acceptance"  # the name of the stage in events and records


@dataclass(frozen=True, kw_only=True)
class AcceptanceResult:
    """The result of one test.

    `sha256` is over its files. `numbers` are what it wrote, and `differences` those that differ
    from the release before by more than their tolerance. `reason` says why it failed or was not
    run. `tail` is the end of its output and `log` the file with all of it; both are empty when it
    did not run.
    """

    name: str
    title: str
    outcome: Outcome
    sha256: str = ""
    seconds: float = 0
    numbers: Mapping[str, Number] = field(default_factory=dict)
    differences: tuple[ChangedNumber, ...] = ()
    reason: str = ""
    tail: tuple[str, ...] = ()
    log: str = ""

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "AcceptanceResult":
        """Read the result from that of `dataclasses.asdict`."""
        differences = tuple(ChangedNumber(**one) for one in value["differences"])
        return AcceptanceResult(
            **{**value, "differences": differences, "tail": tuple(value["tail"])}
        )

    def judged(self, differences: tuple[ChangedNumber, ...], release: int) -> "AcceptanceResult":
        """Return the result with what differs from a release: each has to be accepted."""
        wrong = [one for one in differences if not one.why]
        if not wrong:
            return replace(self, differences=differences)
        reason = f"its numbers differ from those of release {release}"
        return replace(self, outcome="failed", reason=reason, differences=differences)


@dataclass(frozen=True, kw_only=True)
class AcceptanceReport:
    """The acceptance tests of a cell, and the system they ran on.

    `release` is the number of the release that they are compared with, 0 if there is none, and
    `compared` its cell. `changed` are the packages that the environment does not have as that cell
    has them.
    """

    cell: str
    system: str
    release: int
    tests: tuple[AcceptanceResult, ...]
    changed: tuple[str, ...] = ()
    compared: str = ""

    @property
    def before(self) -> str:
        """What they are compared with, for people: `release 3`, or another cell of it."""
        return with_what(self.release, self.cell, self.compared)

    @property
    def passed(self) -> bool:
        """Whether no test failed."""
        return all(one.outcome != "failed" for one in self.tests)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {**asdict(self), "passed": self.passed}

    def raise_for_failure(self) -> None:
        """Raise `SmokeFailed`, with each failed test, unless all passed."""
        if self.passed:
            return
        failed = [one for one in self.tests if one.outcome == "failed"]
        differ = [one for one in failed if one.differences]
        lines = [f"{self.cell}: not all acceptance tests pass on {self.system}."]
        for one in failed:
            lines.append(f"  {one.name}: {one.reason}")
            lines += [f"    {difference}" for difference in one.differences if not difference.why]
            if not one.differences:
                lines += [f"    {line}" for line in one.tail]
        if differ:
            lines += self._between()
        logs = " ".join(one.log for one in failed if one.log)
        accept = (
            f"If the new numbers are right, say so with [[accepted]] in {differ[0].name}/{FILE}."
            if differ
            else ""
        )
        raise SmokeFailed("\n".join(lines), f"{accept} Whole logs: {logs}".strip())

    def _between(self) -> list[str]:
        """Say which packages changed since the release."""
        if self.changed:
            head = f"  Packages that changed since {self.before}:"
            return [head, *(f"    {one}" for one in self.changed)]
        return [
            f"  All packages are those of {self.before}. The test's own files changed, "
            "or its numbers depend on the machine."
        ]


def with_what(release: int, cell: str, compared: str) -> str:
    """Name the release that a cell is compared with, and the release's cell if it is another."""
    return (
        f"{compared} of release {release}" if compared not in ("", cell) else f"release {release}"
    )
