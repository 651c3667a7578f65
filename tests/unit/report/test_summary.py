from dataclasses import replace
from pathlib import Path
from typing import Any

from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.report import AcceptanceReport, AcceptanceResult
from rootstock.product.root import PRODUCT
from rootstock.report.summary import acceptance_lines, install_lines, summary_lines
from rootstock.run.record import CellRecord, NodeRecord, RunRecord


def record(*nodes: NodeRecord) -> RunRecord:
    cell = CellRecord(
        id="root6.40.00-cp311", axes={"root": "6.40.00", "python": "3.11"}, state="promoted"
    )
    return RunRecord(
        run="r",
        rootstock="0",
        command=("build",),
        started="2026-01-01T00:00:00Z",
        seconds=151.0,
        code=0,
        channel="/c",
        cells=(cell,),
        nodes=nodes,
    )


ZLIB = NodeRecord(
    package="zlib",
    version="1.3.1",
    state="built",
    key="k",
    filename="zlib-1.3.1-h1_0.conda",
    sha256="ab" * 32,
    size=87_300,
    seconds=12.0,
)


def test_summary_has_whole_hashes_where_there_is_room() -> None:
    kept = NodeRecord(package="xz", version="5", state="kept", key="k", size=2_000_000)
    lines = summary_lines(record(ZLIB, kept))
    assert lines == [
        "package                   size    time  sha256",
        f"zlib-1.3.1-h1_0.conda  87.3 kB  12.0 s  {'ab' * 32}",
        "",
        "root6.40.00-cp311  promoted",
        "2 packages (1 built, 1 kept), 2.1 MB, in 2 min 31 s",
    ]
    assert summary_lines(record(ZLIB), width=80)[1].endswith(f"  {'ab' * 8}")


def test_summary_is_short_when_nothing_was_built() -> None:
    kept = NodeRecord(package="xz", version="5", state="kept", key="k", size=2_000_000)
    assert summary_lines(record(kept)) == [
        "root6.40.00-cp311  promoted",
        "1 package (1 kept), 2.0 MB, in 2 min 31 s",
    ]


def test_install_lines_can_be_pasted() -> None:
    text = "\n".join(install_lines(Path("/data/my channel"), PRODUCT))
    assert "-c file:///data/my%20channel root\n" in text
    assert "./root-env/bin/python -c 'import ROOT; print(ROOT.gROOT.GetVersion())'" in text
    assert "--channel '/data/my channel'" in text


def suite(package: str, **more: Any) -> dict[str, Any]:
    known = ("passed", "failed", "expected", "skipped", "errors")
    lists = ("failures", "foreseen", "mended", "unseen")
    empty = {**dict.fromkeys(known, 0), **{name: [] for name in lists}}
    return {"package": package, "version": "1", "state": "passed", "seconds": 75.0, **empty, **more}


def test_own_tests_have_a_table_and_a_line_for_what_is_expected() -> None:
    said = {"test": "oak/t.py::a", "reason": "no network"}
    gone = {"test": "oak/t.py::b", "reason": "too new"}
    many = [{"test": f"elm/t.py::{number}", "reason": "x"} for number in range(23)]
    suites = [
        suite("oak", passed=1200, expected=1, foreseen=[said], unseen=[gone]),
        suite("elm", passed=3, failed=1, state="stopped", foreseen=many, seconds=1.0),
    ]
    report = {"cell": "root6.40.00-cp311", "system": "Debian 11", "suites": suites}
    lines = summary_lines(replace(record(), suites=(report,)))
    start = lines.index("Their own tests, in root6.40.00-cp311 on Debian 11:")
    assert lines[start + 1 : start + 4] == [
        "package  version  passed  failed  expected  skipped  errors        time",
        "oak      1          1200       0         1        0       0  1 min 15 s",
        "elm      1             3       1         0        0       0       1.0 s  stopped",
    ]
    text = "\n".join(lines)
    assert "  fails, as expected: oak/t.py::a: no network\n" in text
    assert "was expected to fail, but is not among the tests: oak/t.py::b: too new" in text
    assert text.count("elm/t.py") == 20 and "3 more of elm" in text


def test_acceptance_tests_have_a_table_and_a_line_for_what_is_accepted() -> None:
    accepted = ChangedNumber(number="rings", before=12, now=13, allowed=0, why="A year")
    oak = AcceptanceResult(
        name="oak",
        title="Rings",
        outcome="passed",
        numbers={"rings": 13},
        differences=(accepted, replace(accepted, number="age", why="")),
    )
    elm = AcceptanceResult(name="elm", title="Leaves", outcome="not run", reason="not there")
    report = AcceptanceReport(cell="cell", system="Debian 11", release=3, tests=(oak, elm))
    lines = acceptance_lines(report.as_json())
    assert lines == [
        "Acceptance tests, in cell on Debian 11, compared with release 3:",
        "  oak  passed   1 number",
        "  elm  not run  0 numbers  not there",
        "  oak: rings: 12 -> 13 (accepted: A year)",
    ]
    assert "\n".join(lines) in "\n".join(
        summary_lines(replace(record(), acceptance=(report.as_json(),)))
    )
    first = acceptance_lines(replace(report, release=0).as_json())
    assert first[0].endswith("on Debian 11, the first:")
