"""Reads the results of a suite that the program in the sandbox writes, and judges them.

inside/run_suite.py describes the lines. They come from a sandbox: whatever they contain, reading
them raises only `ValueError`.
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
_FAILURES_SHOWN = 20  # failures of a suite that a message shows


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A test by its id, and a line about it."""

    test: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """The result of the suite of a package.

    It is `stopped` when it took too long or too much memory; its numbers count until then. `found`
    tests were selected. `passed`, `failed`, `expected`, `skipped` and `errors` count the tests that
    ended, each once. `expected` are known failures: those of the suite itself, and those of
    ci/stack.toml, which are also in `foreseen`, with the reason from there. `failures` are the
    others that failed or could not run. `mended` are known failures that passed; `unseen` are known
    failures that were not among the tests. `log` is the file with all output of pytest.
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
    failures: tuple[Reason, ...] = ()
    foreseen: tuple[Reason, ...] = ()
    mended: tuple[Reason, ...] = ()
    unseen: tuple[Reason, ...] = ()
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
        """Read the result from that of `dataclasses.asdict`."""
        lists = ("failures", "foreseen", "mended", "unseen")
        reasons = {key: tuple(Reason(**one) for one in value[key]) for key in lists}
        return SuiteResult(**{**value, **reasons, "words": tuple(value["words"])})


@dataclass(frozen=True, kw_only=True)
class SuitesReport:
    """The suites of a cell, and the system they ran on."""

    cell: str
    system: str
    suites: tuple[SuiteResult, ...]

    @property
    def passed(self) -> bool:
        """Whether there was any suite, and all passed."""
        return bool(self.suites) and all(one.state == "passed" for one in self.suites)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {**asdict(self), "passed": self.passed}

    def raise_for_failure(self) -> None:
        """Raise `SmokeFailed`, with the tests that failed, unless all suites passed."""
        if self.passed:
            return
        lines = [f"{self.cell}: not all of its packages' own tests pass on {self.system}."]
        bad = [one for one in self.suites if one.state != "passed"]
        for one in bad:
            lines.append(f"  {one.package} {one.version}: {one.reason} ({one.figures})")
            shown = one.failures[:_FAILURES_SHOWN]
            lines += [f"    {failure.test}: {failure.reason}" for failure in shown]
            if (more := len(one.failures) - _FAILURES_SHOWN) > 0:
                lines.append(f"    and {more} more, all in the report")
        raise SmokeFailed("\n".join(lines), f"Whole logs: {' '.join(one.log for one in bad)}")


class Reading:
    """Reads the lines of a suite, one after the other."""

    def __init__(self) -> None:
        self.found = self.left_out = 0
        self.outcomes: dict[str, tuple[str, str]] = {}
        self.running = ""
        self.code: int | None = None
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Read the next data; raises `ValueError` for a line that the program never writes."""
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
    """Return the id, maybe of a class, file or folder, to which a test belongs, or an empty text.

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
    """Judge a suite that ran; `fault` is why its results could not be read.

    `over` is the limit that it exceeded, and `limit` the limit of time in seconds; `code` is the
    exit code of the process.
    """
    failures: list[Reason] = []
    foreseen: list[Reason] = []
    counts = dict.fromkeys(_OUTCOMES, 0)
    of_entries: dict[str, set[str]] = {entry: set() for entry in suite.fails}
    for test, (outcome, line) in reading.outcomes.items():
        entry = entry_of(test, suite.fails)
        if entry:
            of_entries[entry].add(outcome)
        if outcome in _BAD and entry:
            foreseen.append(Reason(test=test, reason=suite.fails[entry]))
            outcome = "expected"
        elif outcome in _BAD:
            failures.append(Reason(test=test, reason=line))
        counts[outcome] += 1
    complete = not (over or fault) and reading.code is not None
    mended, unseen = _outdated(suite, of_entries) if complete else ((), ())
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
        mended=mended,
        unseen=unseen,
        log=log,
    )


def _outdated(
    suite: Suite, of_entries: Mapping[str, set[str]]
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return the known failures whose tests passed, and those without a test."""
    reasons = {entry: Reason(test=entry, reason=why) for entry, why in suite.fails.items()}
    mended = (
        reasons[entry]
        for entry, outcomes in of_entries.items()
        if "passed" in outcomes and outcomes.isdisjoint(_BAD)
    )
    unseen = (reasons[entry] for entry, outcomes in of_entries.items() if not outcomes)
    return tuple(mended), tuple(unseen)


def _fault(
    reading: Reading,
    over: Literal["", "time", "memory"],
    limit: float,
    code: int,
    fault: str,
    failures: bool,
    foreseen: bool,
) -> str:
    """Return why a suite has not passed, or an empty text."""
    where = f", in {reading.running}" if reading.running else ""
    if over:
        limit_text = (
            f"it exceeded {duration(limit)}" if over == "time" else "it held too much memory"
        )
        return f"it was stopped: {limit_text}{where}"
    if fault:
        return fault
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    if reading.code is None:
        return f"it ended {how}{where}, before all of its tests ended"
    if code != reading.code:
        return f"its process ended {how}, after its tests"
    if failures:
        return "tests failed"
    # pytest's exit codes: 0 all passed, 1 tests failed, 2 interrupted, e.g. when modules could not
    # be collected, 3 internal error, 4 usage, 5 no tests.
    if code == 5 or (code == 0 and not reading.outcomes):
        return "it has no tests"
    if code not in ((0, 1, 2) if foreseen else (0,)):
        return f"pytest ended with exit code {code}"
    return ""
