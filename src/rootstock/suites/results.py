"""What came of a suite, read from what the program within the sandbox writes, and judged.

inside/run_suite.py says what each line is. It comes from a sandbox: whatever it holds, reading it
raises nothing but `ValueError`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rootstock.core.errors import SmokeFailed
from rootstock.core.formatting import duration
from rootstock.suites.suite import Suite

State = Literal["passed", "failed", "stopped"]
# The worst first: a test has the worst outcome of its parts.
_OUTCOMES = ("error", "failed", "expected", "skipped", "unexpected", "passed")
_BAD = ("error", "failed")
_LONGEST = 1 << 20  # characters of a line
_TOLD = 20  # failures of a suite in a message


@dataclass(frozen=True, kw_only=True)
class Told:
    """A test by its id, and a line about it."""

    test: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """What came of the suite of a package.

    It is `stopped` when it took too long or too much memory; its numbers are those until then.
    `found` tests were to be run. `passed`, `failed`, `expected`, `skipped` and `errors` are of
    those that ended: each is counted once. `expected` are those that are known to fail: by the
    suite itself, and in ci/stack.toml, which are also in `foreseen`, with the reason from there.
    `failures` are the others that failed or could not be run. `mended` are known to fail, and
    passed; `unseen` are known to fail, and were not among the tests. `log` is the file with all
    that pytest wrote.
    """

    package: str
    version: str
    words: tuple[str, ...]
    state: State
    seconds: float
    reason: str = ""
    found: int = 0
    left_out: int = 0
    passed: int = 0
    failed: int = 0
    expected: int = 0
    skipped: int = 0
    errors: int = 0
    failures: tuple[Told, ...] = ()
    foreseen: tuple[Told, ...] = ()
    mended: tuple[Told, ...] = ()
    unseen: tuple[Told, ...] = ()
    log: str = ""

    @property
    def figures(self) -> str:
        """Its numbers in a line."""
        counts = {
            "passed": self.passed,
            "failed": self.failed,
            "failed as expected": self.expected,
            "skipped": self.skipped,
            "errors": self.errors,
        }
        return ", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "passed")

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "SuiteResult":
        """The result that `dataclasses.asdict` gave."""
        lists = ("failures", "foreseen", "mended", "unseen")
        told = {key: tuple(Told(**one) for one in value[key]) for key in lists}
        return SuiteResult(**{**value, **told, "words": tuple(value["words"])})


@dataclass(frozen=True, kw_only=True)
class SuitesReport:
    """The suites of a cell, and the system they ran on."""

    cell: str
    system: str
    suites: tuple[SuiteResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every suite passed, and there was any."""
        return bool(self.suites) and all(one.state == "passed" for one in self.suites)

    def as_json(self) -> dict[str, Any]:
        """The report as `json.dumps` takes it."""
        return {**asdict(self), "passed": self.passed}

    def raise_for_failure(self) -> None:
        """Raise `SmokeFailed`, with the tests that failed, unless all suites passed."""
        if self.passed:
            return
        lines = [f"{self.cell}: not all of its packages' own tests pass on {self.system}."]
        bad = [one for one in self.suites if one.state != "passed"]
        for one in bad:
            lines.append(f"  {one.package} {one.version}: {one.reason} ({one.figures})")
            lines += [f"    {told.test}: {told.reason}" for told in one.failures[:_TOLD]]
            if (more := len(one.failures) - _TOLD) > 0:
                lines.append(f"    and {more} more, all in the report")
        raise SmokeFailed("\n".join(lines), f"Whole logs: {' '.join(one.log for one in bad)}")


class Reading:
    """The lines of a suite, taken one after the other."""

    def __init__(self) -> None:
        self.found = self.left_out = 0
        self.outcomes: dict[str, tuple[str, str]] = {}
        self.running = ""
        self.code: int | None = None
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Take what was written next; raises `ValueError` for a line that it never writes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST:
            raise ValueError("a line of its results is too long")
        for line in lines:
            self._line(line)

    def _line(self, line: bytes) -> None:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list) or not value:
            raise ValueError(f"its results have the line {line[:80]!r}")
        kind, *rest = value
        shape: Mapping[object, tuple[type, ...]] = {
            "found": (int, int),
            "begin": (str,),
            "end": (str, str, str),
            "over": (int,),
        }
        wanted = shape.get(kind) if isinstance(kind, str) else None
        if wanted is None or [type(one) for one in rest] != [*wanted]:
            raise ValueError(f"its results have the line {line[:80]!r}")
        if kind == "found":
            self.found, self.left_out = rest
        elif kind == "begin":
            self.running = rest[0]
        elif kind == "over":
            self.code, self.running = rest[0], ""
        else:
            self._end(*rest)

    def _end(self, test: str, outcome: str, reason: str) -> None:
        if outcome not in _OUTCOMES:
            raise ValueError(f"its results have the outcome {outcome[:80]!r}")
        known = self.outcomes.get(test)
        if known is None or _OUTCOMES.index(outcome) < _OUTCOMES.index(known[0]):
            self.outcomes[test] = outcome, reason


def entry_of(test: str, known: Collection[str]) -> str:
    """The one of some ids, also of classes, files and folders, that a test belongs to, if any.

    >>> entry_of("a/test_b.py::test_c[1-x]", ["a/test_b.py::test_c"])
    'a/test_b.py::test_c'
    >>> entry_of("a/test_b.py::test_cd", ["a/test_b.py::test_c"])
    ''
    """
    for one in known:
        if test == one or (test.startswith(one) and test[len(one)] in "[:/"):
            return one
    return ""


def judge(
    suite: Suite,
    reading: Reading,
    *,
    seconds: float,
    over: Literal["", "time", "memory"] = "",
    limit: float = 0,
    code: int = 0,
    log: str = "",
    fault: str = "",
) -> SuiteResult:
    """What came of a suite that was run, `fault` being why its results could not be read.

    `over` is the limit that it broke, of `limit` seconds if that of time; `code` the exit code of
    the process.
    """
    failures: list[Told] = []
    foreseen: list[Told] = []
    counts = dict.fromkeys(_OUTCOMES, 0)
    of_entries: dict[str, set[str]] = {entry: set() for entry in suite.fails}
    for test, (outcome, line) in reading.outcomes.items():
        entry = entry_of(test, suite.fails)
        if entry:
            of_entries[entry].add(outcome)
        if outcome in _BAD and entry:
            foreseen.append(Told(test=test, reason=suite.fails[entry]))
            outcome = "expected"
        elif outcome in _BAD:
            failures.append(Told(test=test, reason=line))
        counts[outcome] += 1
    whole = not (over or fault) and reading.code is not None
    mended = [
        Told(test=entry, reason=suite.fails[entry])
        for entry, outcomes in of_entries.items()
        if whole and "passed" in outcomes and outcomes.isdisjoint(_BAD)
    ]
    unseen = [
        Told(test=entry, reason=suite.fails[entry])
        for entry, outcomes in of_entries.items()
        if whole and not outcomes
    ]
    state: State = "passed"
    reason = _fault(reading, over, limit, code, fault, bool(failures), bool(foreseen))
    if reason:
        state = "stopped" if over else "failed"
    return SuiteResult(
        package=suite.package,
        version=suite.version,
        words=suite.words,
        state=state,
        seconds=round(seconds, 1),
        reason=reason,
        found=reading.found,
        left_out=reading.left_out,
        passed=counts["passed"] + counts["unexpected"],
        failed=counts["failed"],
        expected=counts["expected"],
        skipped=counts["skipped"],
        errors=counts["error"],
        failures=tuple(failures),
        foreseen=tuple(foreseen),
        mended=tuple(mended),
        unseen=tuple(unseen),
        log=log,
    )


def _fault(
    reading: Reading,
    over: Literal["", "time", "memory"],
    limit: float,
    code: int,
    fault: str,
    failures: bool,
    foreseen: bool,
) -> str:
    """Why a suite has not passed; empty when it has."""
    where = f", in {reading.running}" if reading.running else ""
    if over:
        told = (
            f"its time of {duration(limit)} was up" if over == "time" else "it held too much memory"
        )
        return f"it was stopped: {told}{where}"
    if fault:
        return fault
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    if reading.code is None:
        return f"it ended {how}{where}, before all of its tests had"
    if code != reading.code:
        return f"its process ended {how}, after its tests"
    if failures:
        return "tests failed"
    # pytest's exit codes: 0 all passed, 1 tests failed, 2 interrupted, as by modules that could
    # not be collected, 3 internal error, 4 usage, 5 no tests.
    if code == 5 or (code == 0 and not reading.outcomes):
        return "it has no tests"
    if code not in ((0, 1, 2) if foreseen else (0,)):
        return f"pytest ended with exit code {code}"
    return ""
