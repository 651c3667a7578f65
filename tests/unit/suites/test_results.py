"""What a suite came to, from the lines that the program in the sandbox writes."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from rootstock.core.errors import SmokeFailed
from rootstock.suites.results import Reading, SuiteResult, SuitesReport, entry_of, judge
from rootstock.suites.suite import Suite

FILE = "oak/tests/test_leaf.py"
SUITE = Suite(package="oak", version="1.2", words=("--pyargs", "oak"))


def lines(*values: list[Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def end(test: str, outcome: str = "passed", reason: str = "") -> list[Any]:
    return ["end", f"{FILE}::{test}", outcome, reason]


def judged(*values: list[Any], suite: Suite = SUITE, **said: Any) -> SuiteResult:
    reading = Reading()
    reading.take(lines(*values))
    return judge(suite, reading, **{"seconds": 1, "limit": 60, **said})


def test_every_test_is_counted_once_by_the_worst_of_its_parts() -> None:
    found = judged(
        ["found", 6, 3],
        ["begin", f"{FILE}::a"],
        end("a"),
        end("b"),
        end("b", "error", "teardown failed"),
        end("c", "skipped", "no network"),
        end("d", "failed", "assert 1 == 2"),
        end("d"),  # of another part of it
        end("e", "expected", "upstream knows"),
        end("f", "unexpected"),
        ["over", 1],
        code=1,
    )
    assert (found.found, found.left_out) == (6, 3)
    counted = (found.passed, found.failed, found.expected, found.skipped, found.errors)
    assert counted == (2, 1, 1, 1, 1)
    assert found.state == "failed" and found.reason == "tests failed"
    assert [(one.test, one.reason) for one in found.failures] == [
        (f"{FILE}::b", "teardown failed"),
        (f"{FILE}::d", "assert 1 == 2"),
    ]
    assert found.figures == "2 passed, 1 failed, 1 failed as expected, 1 skipped, 1 errors"


def test_lines_may_come_in_pieces() -> None:
    data = lines(["found", 1, 0], end("a"), ["over", 0])
    reading = Reading()
    for place in range(len(data)):
        reading.take(data[place : place + 1])
    assert judge(SUITE, reading, seconds=1).state == "passed"


@pytest.mark.parametrize(
    "line",
    [
        b"Segmentation fault",
        b"{}",
        b"[]",
        b'["end", "a", "passed"]',
        b'["end", "a", "fine", ""]',
        b'["found", "many", 0]',
        b'["found", true, 0]',
        b'["begin", 3]',
        b"[[]]",
        b'["over", 0, 0]',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_line_of_another_form_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="its results have the"):
        Reading().take(line + b"\n")


def test_a_line_without_end_is_refused() -> None:
    reading = Reading()
    for _ in range(2):
        reading.take(b"x" * (1 << 19))
    with pytest.raises(ValueError, match="too long"):
        reading.take(b"x")


def test_a_known_failure_is_foreseen_and_with_others_still_reported() -> None:
    suite = Suite(
        package="oak", version="1", words=("oak",), fails={f"{FILE}::a": "the sandbox is read-only"}
    )
    found = judged(
        ["found", 2, 0],
        end("a[1]", "failed", "OSError"),
        end("ab"),
        ["over", 1],
        code=1,
        suite=suite,
    )
    assert found.state == "passed", "pytest's exit code is that of the failure that is known"
    assert [one.test for one in found.foreseen] == [f"{FILE}::a[1]"]
    assert found.foreseen[0].reason == "the sandbox is read-only"
    assert (found.passed, found.failed, found.expected) == (1, 0, 1)
    worse = judged(
        end("a[1]", "failed", "OSError"),
        end("ab", "failed", "no"),
        ["over", 1],
        code=1,
        suite=suite,
    )
    assert worse.state == "failed"
    assert [one.test for one in worse.failures] == [f"{FILE}::ab"]


def test_what_should_fail_and_does_not_is_reported_and_fails_nothing() -> None:
    fails = {f"{FILE}::a": "x", f"{FILE}::b": "y", f"{FILE}::c": "z", f"{FILE}::gone": "w"}
    suite = Suite(package="oak", version="1", words=("oak",), fails=fails)
    found = judged(
        end("a"),
        end("b[1]"),
        end("b[2]", "failed"),
        end("c", "skipped"),
        ["over", 1],
        code=1,
        suite=suite,
    )
    assert found.state == "passed"
    assert [one.test for one in found.mended] == [f"{FILE}::a"], "one of b's still fails"
    assert [one.test for one in found.unseen] == [f"{FILE}::gone"]


@pytest.mark.parametrize(
    ("values", "said", "state", "reason"),
    [
        ([end("a"), ["over", 0]], {}, "passed", ""),
        ([["over", 5]], {"code": 5}, "failed", "it has no tests"),
        ([["found", 0, 9], ["over", 5]], {"code": 5}, "failed", "it has no tests"),
        ([["over", 4]], {"code": 4}, "failed", "pytest ended with exit code 4"),
        ([end("a"), ["over", 3]], {"code": 3}, "failed", "pytest ended with exit code 3"),
        ([end("a"), ["over", 1]], {"code": 1}, "failed", "pytest ended with exit code 1"),
        (
            [end("a"), ["over", 0]],
            {"code": 139},
            "failed",
            "its process ended with exit code 139, after its tests",
        ),
        (
            [end("a"), ["begin", "b.py::b"]],
            {"code": -11},
            "failed",
            "it ended by signal 11, in b.py::b, before all of its tests ended",
        ),
        ([], {"code": 1}, "failed", "it ended with exit code 1, before all of its tests ended"),
        (
            [end("a"), ["begin", "b.py::b"]],
            {"code": -15, "over": "time"},
            "stopped",
            "it was stopped: it exceeded 1 min 00 s, in b.py::b",
        ),
        (
            [end("a")],
            {"code": -9, "over": "memory"},
            "stopped",
            "it was stopped: it held too much memory",
        ),
        ([end("a"), ["over", 0]], {"fault": "a line is odd"}, "failed", "a line is odd"),
    ],
)
def test_how_a_suite_ends(
    values: list[list[Any]], said: dict[str, Any], state: str, reason: str
) -> None:
    found = judged(*values, **said)
    assert (found.state, found.reason) == (state, reason)


def test_what_passed_until_it_was_stopped_is_kept_and_nothing_is_missed() -> None:
    suite = Suite(package="oak", version="1", words=("oak",), fails={f"{FILE}::late": "x"})
    found = judged(["found", 3, 0], end("a"), code=-9, over="time", suite=suite)
    assert (found.found, found.passed) == (3, 1)
    assert not found.unseen, "it may not have come to it"


@pytest.mark.parametrize(
    ("test", "entry"),
    [
        ("a/t.py::C::m", "a/t.py::C"),
        ("a/t.py::C", "a/t.py::C"),
        ("a/t.py::Cm", ""),
        ("a/u/t.py::m", "a/u"),
        ("a/ub/t.py::m", ""),
    ],
)
def test_an_entry_is_of_all_below_it(test: str, entry: str) -> None:
    assert entry_of(test, ["a/t.py::C", "a/u"]) == entry


def test_a_report_is_written_and_read_as_it_is() -> None:
    suite = Suite(package="oak", version="1", words=("oak",), fails={f"{FILE}::b": "x"})
    found = judged(end("a", "failed", "no"), end("b", "error"), ["over", 1], code=1, suite=suite)
    assert SuiteResult.from_json(json.loads(json.dumps(asdict(found)))) == found


def test_a_report_fails_with_the_tests_and_passes_with_suites_only() -> None:
    good = judged(end("a"), ["over", 0])
    tests = [end(f"t{number}", "failed", "no") for number in range(30)]
    bad = judged(*tests, ["over", 1], code=1, log="/logs/oak.log")
    report = SuitesReport(cell="root6.40.00-cp311", system="Debian 11", suites=(good, bad))
    with pytest.raises(SmokeFailed) as caught:
        report.raise_for_failure()
    assert f"{FILE}::t0: no" in caught.value.message
    assert "and 10 more" in caught.value.message
    assert "/logs/oak.log" in caught.value.remedy
    assert caught.value.code == 1
    assert not SuitesReport(cell="c", system="s", suites=()).passed
    SuitesReport(cell="c", system="s", suites=(good,)).raise_for_failure()
