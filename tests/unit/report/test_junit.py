"""JUnit XML: the shape that readers of it have in common, and nothing left out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.report import AcceptanceReport, AcceptanceResult
from rootstock.report import junit
from rootstock.run.record import CellRecord, NodeRecord, RunRecord

# What an element may hold and must have: what Jenkins' plug-in and GitLab both document.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped"},
    "failure": set(),
    "error": set(),
    "skipped": set(),
}
SUMS = {"name", "tests", "failures", "errors", "skipped", "time"}
ATTRIBUTES = {
    "testsuites": SUMS,
    "testsuite": SUMS | {"timestamp"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}


def shaped(text: str) -> ElementTree.Element:
    """The parsed XML, after a look at every element, attribute and sum in it."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        if "tests" in element.attrib:
            counted = {
                "tests": len(element.findall(".//testcase")),
                "failures": len(element.findall(".//failure")),
                "errors": len(element.findall(".//error")),
                "skipped": len(element.findall(".//skipped")),
            }
            assert {name: int(element.attrib[name]) for name in counted} == counted
        if element.tag == "testcase":
            assert len(element) <= 1
    return root


def node(filename: str, state: Any = "built", **more: Any) -> NodeRecord:
    return NodeRecord(
        package="p", version="1", state=state, key="k", filename=filename, seconds=3.0, **more
    )


def audit(filename: str, *findings: Mapping[str, str]) -> dict[str, Any]:
    passed = all(finding["waived"] for finding in findings)
    return {"filename": filename, "findings": findings, "passed": passed, "seconds": 0.5}


def smoke(cell: str, *checks: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "cell": cell,
        "system": "Old",
        "checks": [
            {"name": name, "outcome": outcome, "reason": reason, "tail": ["last"], "seconds": 1.0}
            for name, outcome, reason in checks
        ],
    }


def finding(rule: str, waived: str = "") -> dict[str, str]:
    return {"rule": rule, "file": "lib/a.so", "message": "is wrong", "waived": waived}


def record(**more: Any) -> RunRecord:
    empty: dict[str, Any] = {
        "cells": (
            CellRecord(
                id="r1.0-cp1", axes={"root": "1.0", "python": "1"}, state="failed", files=("a", "b")
            ),
            CellRecord(
                id="r1.0-cp2", axes={"root": "1.0", "python": "2"}, state="failed", files=("a", "c")
            ),
        ),
        "code": 0,
    }
    return RunRecord(
        run="id",
        rootstock="0",
        command=("build",),
        started="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        channel="/c",
        **{**empty, **more},
    )


def verdicts(suite: tuple[junit.Case, ...]) -> dict[str, str]:
    return {f"{case.stage} {case.name}": case.verdict for case in suite}


def test_each_cell_has_the_builds_audits_and_checks_of_its_own() -> None:
    full = record(
        nodes=(node("a", "kept"), node("b"), node("c"), node("tool")),
        audit=(audit("a"), audit("c"), audit("tool")),
        smoke=(smoke("r1.0-cp1", ("one", "passed", "")), smoke("r1.0-cp2", ("two", "passed", ""))),
    )
    suites = junit.suites_of(full)
    assert {name: set(verdicts(cases)) for name, cases in suites.items()} == {
        "r1.0-cp1": {"build a", "build b", "audit a", "smoke one on Old"},
        "r1.0-cp2": {"build a", "build c", "audit a", "audit c", "smoke two on Old"},
        junit.TOOLS: {"build tool", "audit tool"},
    }
    assert {case.verdict for cases in suites.values() for case in cases} == {"passed"}
    shaped(junit.as_xml(full))


def test_what_failed_or_did_not_run_says_why() -> None:
    failed = record(
        code=1,
        error="b did not build",
        nodes=(
            node("a", "failed", reason="b did not build. Its last lines:\n    boom"),
            node("b", "skipped", reason="needs a"),
            node("c", "skipped", reason="the run ended before it"),
        ),
        audit=(audit("c", finding("leak"), finding("floor", "as upstream has it")),),
        smoke=(
            smoke("r1.0-cp2", ("one", "failed", "exit code 3"), ("two", "not run", "no numpy")),
        ),
    )
    root = shaped(junit.as_xml(failed))
    shown = {
        (case.get("classname"), case.get("name")): (child.tag, child.get("message"), child.text)
        for case in root.iter("testcase")
        for child in case
    }
    assert shown == {
        ("r1_0-cp1.build", "a"): (
            "failure",
            "b did not build. Its last lines:",
            "b did not build. Its last lines:\n    boom",
        ),
        ("r1_0-cp1.build", "b"): ("skipped", "needs a", None),
        ("r1_0-cp2.build", "a"): shown[("r1_0-cp1.build", "a")],
        ("r1_0-cp2.build", "c"): ("skipped", "the run ended before it", None),
        ("r1_0-cp2.audit", "c"): (
            "failure",
            "leak: lib/a.so is wrong",
            "leak: lib/a.so is wrong",
        ),
        ("r1_0-cp2.smoke", "one on Old"): ("failure", "exit code 3", "exit code 3\nlast"),
        ("r1_0-cp2.smoke", "two on Old"): ("skipped", "no numpy", None),
    }


def test_a_run_that_fails_outside_of_a_case_is_an_error() -> None:
    lost = record(code=3, error="no source", remedy="Look to the network.", nodes=())
    [case] = junit.suites_of(lost)[junit.RUN]
    assert (case.verdict, case.text) == ("error", "no source\nLook to the network.")
    root = shaped(junit.as_xml(lost))
    assert root.get("errors") == "1"


def test_a_failure_that_a_case_says_is_not_counted_twice() -> None:
    failed = record(code=1, error="a did not build", nodes=(node("a", "failed", reason="why"),))
    assert junit.RUN not in junit.suites_of(failed)


def test_a_package_that_was_there_took_no_time() -> None:
    [case] = (case for case in junit.suites_of(record(nodes=(node("b", "kept"),)))["r1.0-cp1"])
    assert case.seconds == 0


@given(st.text())
def test_whatever_a_program_wrote_the_xml_can_be_read(text: str) -> None:
    said = node("a", "failed", reason=f"\x1b[31m\x00{text}\ud800")
    shaped(junit.as_xml(record(nodes=(said,))).encode().decode())


def test_the_file_is_written_with_its_folders(tmp_path: Path) -> None:
    full = record(nodes=(node("a"),))
    junit.write(replace(full, started="2026-05-05T01:02:03+00:00"), tmp_path / "x/y.xml")
    [suite, _] = shaped((tmp_path / "x/y.xml").read_text())
    assert suite.get("timestamp") == "2026-05-05T01:02:03"


def test_packages_own_tests_are_a_case_each_with_the_failures_as_text() -> None:
    failure = {"test": "elm/t.py::a", "reason": "assert 1 == 2"}
    suites: list[dict[str, Any]] = [
        {"package": "oak", "version": "1", "state": "passed", "reason": "", "failures": []},
        {
            "package": "elm",
            "version": "2",
            "state": "failed",
            "reason": "tests failed",
            "failures": [failure],
        },
    ]
    report = {
        "cell": "r1.0-cp1",
        "system": "Old",
        "suites": [{**suite, "seconds": 2.0} for suite in suites],
    }
    full = record(suites=(report,))
    shaped(junit.as_xml(full))
    cases = junit.suites_of(full)["r1.0-cp1"]
    assert verdicts(cases) == {"suites oak 1 on Old": "passed", "suites elm 2 on Old": "failure"}
    assert cases[1].text == "tests failed\nelm/t.py::a: assert 1 == 2"


def test_an_acceptance_test_is_a_case_that_says_what_differs() -> None:
    rings = ChangedNumber(number="rings", before=12, now=13, allowed=0)
    oak = AcceptanceResult(
        name="oak", title="", outcome="failed", reason="differs", differences=(rings,)
    )
    elm = AcceptanceResult(
        name="elm", title="", outcome="failed", reason="exit code 1", tail=("no elm",)
    )
    fir = AcceptanceResult(name="fir", title="", outcome="not run", reason="not there")
    report = AcceptanceReport(
        cell="c", system="Old", release=3, tests=(oak, elm, fir), changed=("root 1 -> 2",)
    )
    [cases] = junit.suites_of(
        replace(
            record(cells=(CellRecord(id="c", axes={}, state="failed"),)),
            code=1,
            acceptance=(report.as_json(),),
        )
    ).values()
    assert [(case.stage, case.name, case.verdict) for case in cases] == [
        ("acceptance", "oak on Old", "failure"),
        ("acceptance", "elm on Old", "failure"),
        ("acceptance", "fir on Old", "skipped"),
    ]
    assert cases[0].text == "differs\nrings: 12 -> 13 (it must not change)\nroot 1 -> 2"
    assert cases[1].text == "exit code 1\nno elm"
