"""The result of the smoke tests of one cell on one system, as values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rootstock.core.errors import SmokeFailed
from rootstock.environment.creation import Installed

Outcome = Literal["passed", "failed", "not run"]


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The result of one check.

    `reason` is empty when it passed. `tail` is the end of its output, `log` the file with all of
    it; both are empty when it did not run.
    """

    name: str
    outcome: Outcome
    seconds: float = 0
    reason: str = ""
    tail: tuple[str, ...] = ()
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class SmokeReport:
    """The smoke tests of a cell. `glibc` is the version that the system reports."""

    cell: str
    system: str
    glibc: str
    seconds: float
    checks: tuple[CheckResult, ...]
    packages: tuple[Installed, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether any check ran, and none failed."""
        ran = [check for check in self.checks if check.outcome != "not run"]
        return bool(ran) and not self.failed

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        checks, packages = [*map(vars, self.checks)], [*map(vars, self.packages)]
        return {**vars(self), "checks": checks, "packages": packages, "passed": self.passed}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "SmokeReport":
        """Read the report from the result of `as_json`."""
        fields = {key: value[key] for key in ("cell", "system", "glibc", "seconds")}
        checks = tuple(CheckResult(**{**c, "tail": tuple(c["tail"])}) for c in value["checks"])
        packages = tuple(Installed(**package) for package in value["packages"])
        return SmokeReport(**fields, checks=checks, packages=packages)

    def raise_for_failure(self) -> None:
        """Raise `SmokeFailed`, with each failed check's last lines, unless the cell passed."""
        if self.passed:
            return
        lines = [f"{self.cell} does not work on {self.system} (glibc {self.glibc})."]
        # When the program that runs the checks fails, all of them have one reason, tail and log.
        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for check in self.failed:
            alike.setdefault((check.reason, check.tail), []).append(check.name)
        for (reason, tail), names in alike.items():
            lines += [f"  {', '.join(names)}: {reason}", *(f"    {line}" for line in tail)]
        if not self.failed:
            lines.append("  No check applies to it.")
        logs = " ".join(dict.fromkeys(check.log for check in self.failed))
        raise SmokeFailed("\n".join(lines), f"Whole logs: {logs}" if logs else "")


def judge(code: int, tail: tuple[str, ...], *, timed_out: bool) -> tuple[Outcome, str]:
    """Return the outcome of a check that ran, and the reason when it failed.

    A check that succeeds but wrote something has failed: checks must be silent.
    """
    if timed_out:
        return "failed", "it exceeded its time limit"
    if code:
        return "failed", f"it was killed by signal {-code}" if code < 0 else f"exit code {code}"
    if tail:
        return "failed", "it wrote something, but must be silent"
    return "passed", ""
