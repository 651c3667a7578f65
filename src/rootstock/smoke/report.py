"""What came of the smoke tests of one cell on one system, as values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rootstock.core.errors import SmokeFailed
from rootstock.environment.creation import Installed

Outcome = Literal["passed", "failed", "not run"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one check.

    `reason` is empty when it passed. `tail` is the end of what it wrote, `log` the file with
    all of it; both are empty when it was not run.
    """

    name: str
    outcome: Outcome
    seconds: float = 0
    reason: str = ""
    tail: tuple[str, ...] = ()
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class SmokeReport:
    """The smoke tests of a cell. `glibc` is the version the system itself gave."""

    cell: str
    system: str
    glibc: str
    seconds: float
    checks: tuple[Result, ...]
    packages: tuple[Installed, ...]

    @property
    def failed(self) -> tuple[Result, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether anything was checked, and all that was checked is well."""
        ran = [check for check in self.checks if check.outcome != "not run"]
        return bool(ran) and not self.failed

    def as_json(self) -> dict[str, Any]:
        """The report as `json.dumps` takes it."""
        checks, packages = [*map(vars, self.checks)], [*map(vars, self.packages)]
        return {**vars(self), "checks": checks, "packages": packages, "passed": self.passed}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "SmokeReport":
        """The report that `as_json` gave."""
        fields = {key: value[key] for key in ("cell", "system", "glibc", "seconds")}
        checks = tuple(Result(**{**c, "tail": tuple(c["tail"])}) for c in value["checks"])
        packages = tuple(Installed(**package) for package in value["packages"])
        return SmokeReport(**fields, checks=checks, packages=packages)

    def raise_for_failure(self) -> None:
        """Raise `SmokeFailed`, with each failed check's last lines, unless the cell passed."""
        if self.passed:
            return
        lines = [f"{self.cell} does not work on {self.system} (glibc {self.glibc})."]
        # When what runs the checks fails, all of them have one reason, one tail and one log.
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
    """The outcome of a check that was run, and the reason when it failed.

    A check that ends well and yet has written something has failed: silence is promised.
    """
    if timed_out:
        return "failed", "it took too long and was ended"
    if code:
        return "failed", f"it was ended by signal {-code}" if code < 0 else f"exit code {code}"
    if tail:
        return "failed", "it wrote something, and should be silent"
    return "passed", ""
