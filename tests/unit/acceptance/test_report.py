from dataclasses import asdict, replace

import pytest

from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.report import AcceptanceReport, AcceptanceResult
from rootstock.core.errors import SmokeFailed

DIFFERENCE = ChangedNumber(number="rings", before=12, now=13, allowed=0)
OAK = AcceptanceResult(
    name="oak", title="Rings", outcome="passed", numbers={"rings": 13}, log="/oak.log"
)
ELM = replace(OAK, name="elm", outcome="failed", reason="exit code 1", tail=("no elm",))


def report(*tests: AcceptanceResult, changed: tuple[str, ...] = ()) -> AcceptanceReport:
    return AcceptanceReport(
        cell="cell", system="Debian 11", release=3, tests=tests, changed=changed
    )


def failure(said: AcceptanceReport) -> SmokeFailed:
    with pytest.raises(SmokeFailed) as error:
        said.raise_for_failure()
    assert error.value.code == 1
    return error.value


def test_every_difference_has_to_be_accepted() -> None:
    accepted = replace(DIFFERENCE, number="age", why="A year")
    assert OAK.judged((), 3) == OAK
    assert OAK.judged((accepted,), 3).outcome == "passed"
    judged = OAK.judged((accepted, DIFFERENCE), 3)
    assert judged.outcome == "failed" and "release 3" in judged.reason


def test_a_difference_is_reported_with_the_packages_that_changed() -> None:
    accepted = replace(DIFFERENCE, number="age", why="A year")
    failed = OAK.judged((accepted, DIFFERENCE), 3)
    error = failure(report(failed, changed=("root 1-0 -> 1-1",)))
    assert error.message.splitlines()[1:] == [
        "  oak: its numbers differ from those of release 3",
        "    rings: 12 -> 13 (it must not change)",
        "  Packages that changed since release 3:",
        "    root 1-0 -> 1-1",
    ]
    assert "[[accepted]] in oak/acceptance.toml" in error.remedy
    assert "/oak.log" in error.remedy


def test_where_no_package_changed_the_message_says_so() -> None:
    assert (
        "All packages are those of release 3"
        in failure(report(OAK.judged((DIFFERENCE,), 3))).message
    )


def test_a_program_that_failed_is_reported_with_its_last_lines() -> None:
    error = failure(report(OAK, ELM, changed=("root 1-0 -> 1-1",)))
    assert error.message.splitlines()[1:] == ["  elm: exit code 1", "    no elm"]
    assert "[[accepted]]" not in error.remedy


def test_what_passed_or_was_not_run_raises_nothing() -> None:
    fine = report(OAK, replace(ELM, outcome="not run"))
    fine.raise_for_failure()
    assert fine.as_json()["passed"] is True


def test_a_result_is_read_again_as_it_was() -> None:
    one = replace(ELM, differences=(DIFFERENCE,))
    assert AcceptanceResult.from_json(asdict(one)) == one
