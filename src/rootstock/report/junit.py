"""Writes a run as JUnit XML, the format of test results that every CI server reads.

One suite per cell: the builds of its packages, their audits and the cell's smoke tests are the
cases. Packages for builds only belong to no cell and have a suite of their own. The elements and
attributes are those that Jenkins' and GitLab's readers have in common.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from rootstock.acceptance.compare import ChangedNumber
from rootstock.run.record import CellRecord, NodeRecord, RunRecord

TOOLS = "only for builds"
RUN = "run"
# Characters that XML 1.0 cannot hold, but that programs write: control characters.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

CaseOutcome = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case; `text` is why it did not pass, with a short first line."""

    stage: str
    name: str
    verdict: CaseOutcome = "passed"
    text: str = ""
    seconds: float = 0.0


def write(record: RunRecord, path: Path) -> None:
    """Write a run's JUnit XML, and make its folders.

    Raises `OSError` when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_xml(record), encoding="ascii")


def as_xml(record: RunRecord) -> str:
    """Format a run's record as JUnit XML, with one `testsuite` per cell."""
    suites = suites_of(record)
    root = ElementTree.Element("testsuites", {"name": "rootstock", **_sums(suites.values())})
    for name, cases in suites.items():
        attributes = {"name": name, **_sums([cases]), "timestamp": record.started[:19]}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        for case in cases:
            _add(suite, name, case)
    ElementTree.indent(root)
    # ASCII, with references for all other characters: the same in every locale.
    text: bytes = ElementTree.tostring(root, "us-ascii", xml_declaration=True)
    return text.decode() + "\n"


def suites_of(record: RunRecord) -> dict[str, tuple[Case, ...]]:
    """Return the test cases of a run by suite, in the order of the record.

    A failure that belongs to no case, such as a source that could not be fetched, gets a case of
    its own.
    """
    of_cells = {file for cell in record.cells for file in cell.files}
    suites = {cell.id: tuple(_of_cell(record, cell)) for cell in record.cells}
    suites[TOOLS] = tuple(_of_packages(record, lambda file: file not in of_cells))
    failed = any(case.verdict == "failure" for cases in suites.values() for case in cases)
    if record.code and not failed:
        text = "\n".join(filter(None, (record.error, record.remedy)))
        case = Case(stage=RUN, name=f"exit code {record.code}", verdict="error", text=text)
        suites[RUN] = (case,)
    return {name: cases for name, cases in suites.items() if cases or name != TOOLS}


def _of_cell(record: RunRecord, cell: CellRecord) -> Iterator[Case]:
    yield from _of_packages(record, lambda file: file in cell.files)
    for report in record.smoke:
        if report["cell"] == cell.id:
            yield from (_of_check(check, report["system"]) for check in report["checks"])
    for report in record.acceptance:
        if report["cell"] == cell.id:
            yield from (_of_acceptance(test, report) for test in report["tests"])
    for report in record.suites:
        if report["cell"] == cell.id:
            yield from (_of_suite(suite, report["system"]) for suite in report["suites"])


def _of_packages(record: RunRecord, belongs: Callable[[str], bool]) -> Iterator[Case]:
    yield from (_of_build(node) for node in record.nodes if belongs(node.filename))
    yield from (_of_audit(report) for report in record.audit if belongs(report["filename"]))


def _of_build(node: NodeRecord) -> Case:
    verdicts: dict[str, CaseOutcome] = {"failed": "failure", "skipped": "skipped"}
    return Case(
        stage="build",
        name=node.filename,
        verdict=verdicts.get(node.state, "passed"),
        text=node.reason,
        # Existing packages took no time in this run.
        seconds=node.seconds if node.state == "built" else 0.0,
    )


def _of_audit(report: Mapping[str, Any]) -> Case:
    broken = [finding for finding in report["findings"] if not finding["waived"]]
    return Case(
        stage="audit",
        name=report["filename"],
        verdict="passed" if report["passed"] else "failure",
        text="\n".join(f"{f['rule']}: {f['file']} {f['message']}" for f in broken),
        seconds=report["seconds"],
    )


def _of_check(check: Mapping[str, Any], system: str) -> Case:
    verdicts: dict[str, CaseOutcome] = {"failed": "failure", "not run": "skipped"}
    return Case(
        stage="smoke",
        name=f"{check['name']} on {system}",
        verdict=verdicts.get(check["outcome"], "passed"),
        text="\n".join([check["reason"], *check["tail"]]),
        seconds=check["seconds"],
    )


def _of_acceptance(test: Mapping[str, Any], report: Mapping[str, Any]) -> Case:
    """Make a case of an acceptance test: what differs and what changed are lines of the text."""
    verdicts: dict[str, CaseOutcome] = {"failed": "failure", "not run": "skipped"}
    differences = [str(ChangedNumber(**one)) for one in test["differences"]]
    more = [*differences, *report["changed"]] if differences else test["tail"]
    return Case(
        stage="acceptance",
        name=f"{test['name']} on {report['system']}",
        verdict=verdicts.get(test["outcome"], "passed"),
        text="\n".join([test["reason"], *more]),
        seconds=test["seconds"],
    )


def _of_suite(suite: Mapping[str, Any], system: str) -> Case:
    """Make one case of a package's own tests: its failures are lines of the text."""
    failures = [f"{one['test']}: {one['reason']}" for one in suite["failures"]]
    return Case(
        stage="suites",
        name=f"{suite['package']} {suite['version']} on {system}",
        verdict="passed" if suite["state"] == "passed" else "failure",
        text="\n".join([suite["reason"], *failures]),
        seconds=suite["seconds"],
    )


def _sums(suites: Iterable[Sequence[Case]]) -> dict[str, str]:
    cases = [case for suite in suites for case in suite]
    verdicts = Counter(case.verdict for case in cases)
    return {
        "tests": str(len(cases)),
        "failures": str(verdicts["failure"]),
        "errors": str(verdicts["error"]),
        "skipped": str(verdicts["skipped"]),
        "time": f"{sum(case.seconds for case in cases):.2f}",
    }


def _add(suite: ElementTree.Element, name: str, case: Case) -> None:
    # Jenkins takes the part before the last dot as a package, but cell names contain dots.
    classname = f"{name.replace('.', '_')}.{case.stage}"
    attributes = {"classname": classname, "name": case.name, "time": f"{case.seconds:.2f}"}
    element = ElementTree.SubElement(suite, "testcase", attributes)
    if case.verdict != "passed":
        text = _NOT_XML.sub("\ufffd", case.text)
        message = text.partition("\n")[0]
        reason = ElementTree.SubElement(element, case.verdict, {"message": message})
        if case.verdict != "skipped":
            reason.set("type", case.stage)
            reason.text = text
