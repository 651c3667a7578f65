"""Outcomes, and what a report says of them."""

import json

import pytest

from rootstock.core.errors import SmokeFailed
from rootstock.environment.creation import Installed
from rootstock.smoke.report import CheckResult, SmokeReport, judge

WELL = CheckResult(name="tls", outcome="passed", seconds=0.2, log="/logs/tls.log")
ILL = CheckResult(
    name="ttree",
    outcome="failed",
    seconds=2,
    reason="exit code 1",
    tail=("Traceback", "AssertionError: 3"),
    log="/logs/ttree.log",
)
UNRUN = CheckResult(name="roofit", outcome="not run", reason="not in the environment: pyroot")


def report(*checks: CheckResult) -> SmokeReport:
    zlib = Installed(name="zlib", version="1.3.1", build="h0_0", sha256="ab", size=9)
    return SmokeReport(
        cell="root6.40.00-cp311-linux_x86_64",
        system="debian-11",
        glibc="2.31",
        seconds=31.5,
        checks=checks,
        packages=(zlib,),
    )


@pytest.mark.parametrize(
    ("code", "tail", "timed_out", "outcome", "reason"),
    [
        (0, (), False, "passed", ""),
        (1, ("AssertionError",), False, "failed", "exit code 1"),
        (0, ("Warning in <TROOT>",), False, "failed", "it wrote something, but must be silent"),
        (-11, (), False, "failed", "it was killed by signal 11"),
        (139, (), False, "failed", "exit code 139"),
        (-15, (), True, "failed", "it exceeded its time limit"),
    ],
)
def test_judge(
    code: int, tail: tuple[str, ...], timed_out: bool, outcome: str, reason: str
) -> None:
    assert judge(code, tail, timed_out=timed_out) == (outcome, reason)


def test_passed_with_some_not_run() -> None:
    assert report(WELL, UNRUN).passed
    report(WELL, UNRUN).raise_for_failure()


def test_not_run_alone_is_not_passed() -> None:
    assert not report(UNRUN).passed
    assert not report().passed
    with pytest.raises(SmokeFailed, match="No check applies"):
        report(UNRUN).raise_for_failure()


def test_one_failure_fails_the_cell_and_is_reported_with_its_lines() -> None:
    failed = report(WELL, ILL)
    assert not failed.passed
    assert failed.failed == (ILL,)
    with pytest.raises(SmokeFailed) as said:
        failed.raise_for_failure()
    message = str(said.value)
    assert "root6.40.00-cp311-linux_x86_64 does not work on debian-11 (glibc 2.31)" in message
    assert "ttree: exit code 1" in message
    assert "AssertionError: 3" in message
    assert "tls" not in message
    assert said.value.remedy == "Whole logs: /logs/ttree.log"
    assert said.value.code == 1


def test_json() -> None:
    values = json.loads(json.dumps(report(WELL, ILL, UNRUN).as_json()))
    assert values["passed"] is False
    assert values["glibc"] == "2.31"
    assert [check["outcome"] for check in values["checks"]] == ["passed", "failed", "not run"]
    assert values["packages"][0]["sha256"] == "ab"


def test_what_all_checks_have_in_common_is_reported_once() -> None:
    """As when what runs the checks does not start."""
    common = {"outcome": "failed", "reason": "it did not end", "tail": ("mount: no",), "log": "/l"}
    failed = report(*(CheckResult(name=name, **common) for name in ("one", "two", "three")))  # type: ignore[arg-type]
    with pytest.raises(SmokeFailed) as said:
        failed.raise_for_failure()
    assert said.value.message.count("mount: no") == 1
    assert "one, two, three: it did not end" in said.value.message
    assert said.value.remedy == "Whole logs: /l"
