import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.audit.report import Finding
from rootstock.channel import release_model
from rootstock.core.errors import RefusedError
from rootstock.release.build import ReleaseInputs, build, ordered
from rootstock.suites.results import State, SuiteResult, SuitesReport

from ..conftest import CELL, Released, records_of, smoked


def test_record_says_what_was_promoted_and_proven(released: Released, artifacts: Any) -> None:
    record = json.loads((released.folder / "release.json").read_text())
    assert record["release"] == 1
    assert record["channel"] == released.channel.as_uri()
    assert record["cells"][CELL.id]["packages"] == [
        "low-1.0-h0_0.conda",
        "pure-1.0-h0_0.conda",
        "top-1.0-h0_0.conda",
    ]
    assert record["cells"][CELL.id]["specs"] == ["top 1.*", "low"]
    assert record["cells"][CELL.id]["smoke"] == {
        "system": "Debian 11",
        "glibc": "2.31",
        "checks": [{"name": "import", "seconds": 1.5, "passed": True}],
        "not_run": {"tls": "no openssl"},
    }
    low = artifacts[1]
    content = low.path.read_bytes()
    assert record["packages"]["low-1.0-h0_0.conda"] == {
        "name": "low",
        "version": "1.0",
        "build": "h0_0",
        "subdir": "linux-64",
        "url": "linux-64/low-1.0-h0_0.conda",
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content).hexdigest(),
        "size": len(content),
        "key": "k2",
        "license": "",
        "floor": {"declared": "2.17", "proven": "2.14"},
        "audit": "passed",
    }
    assert "aside-1.0-h0_0.conda" in record["packages"]


def test_record_has_the_hash_of_every_file_but_its_own(released: Released) -> None:
    there = {str(p.relative_to(released.folder)) for p in released.folder.rglob("*.*")}
    own = {"release.json", "attestations/release.json.json"}
    assert set(released.release.files) == there - own
    for name, sha256 in released.release.files.items():
        assert hashlib.sha256((released.folder / name).read_bytes()).hexdigest() == sha256


def test_the_private_key_is_nowhere_in_the_channel(released: Released) -> None:
    for path in released.channel.rglob("*"):
        if path.is_file():
            assert b"PRIVATE KEY" not in path.read_bytes()


def test_without_a_key_nothing_is_signed(publish: Callable[..., Released]) -> None:
    made = publish()
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "release.json",
        f"{CELL.id}.cdx.json",
        f"{CELL.id}.conda-lock.yml",
        f"{CELL.id}.lock",
        f"{CELL.id}.txt",
    ]


def test_the_same_facts_make_the_same_files(
    inputs: ReleaseInputs, key: Any, tmp_path: Path
) -> None:
    made = []
    for _ in range(2):
        made.append(build(replace(inputs, key=key), records_of(inputs)).files)
    assert made[0] == made[1]


def test_what_was_not_tested_is_refused(
    inputs: ReleaseInputs, artifacts: Any, tmp_path: Path
) -> None:
    [proven] = inputs.cells
    other = smoked([*artifacts[:2], replace(artifacts[2], sha256="0" * 64)])
    with pytest.raises(RefusedError, match="tested on Debian 11 are not those that are promoted"):
        build(replace(inputs, cells=[replace(proven, smoke=other)]), records_of(inputs))


def test_what_did_not_pass_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    [proven] = inputs.cells
    checks = (replace(proven.smoke.checks[0], outcome="failed"),)
    failed = replace(proven, smoke=replace(proven.smoke, checks=checks))
    with pytest.raises(RefusedError):
        build(replace(inputs, cells=[failed]), records_of(inputs))


def test_what_did_not_pass_the_audit_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    finding = Finding(rule="leak", file="bin/x", message="has a path of the build")
    audits = {name: replace(one, findings=(finding,)) for name, one in inputs.audits.items()}
    with pytest.raises(RefusedError, match="did not pass the audit"):
        build(replace(inputs, audits=audits), records_of(inputs))


def test_dependencies_come_first_and_circles_end() -> None:
    records: dict[str, dict[str, Any]] = {
        "a.conda": {"name": "a", "depends": ["z", "__glibc"]},
        "z.conda": {"name": "z", "depends": ["m >=1"]},
        "m.conda": {"name": "m", "depends": ["z"]},
        "b.conda": {"name": "b"},
    }
    found = ordered(records)
    assert sorted(found) == sorted(records)
    assert found.index("z.conda") < found.index("a.conda")
    assert found == ordered(dict(reversed(records.items())))


def suites(state: State) -> SuitesReport:
    oak = SuiteResult(
        package="oak",
        version="1.2",
        words=("--pyargs", "oak"),
        state=state,
        seconds=61.5,
        passed=900,
        expected=2,
        skipped=11,
    )
    return SuitesReport(cell=CELL.id, system="Debian 11", suites=(oak,))


def test_packages_own_tests_are_named_with_what_came_of_them(
    inputs: ReleaseInputs, tmp_path: Path
) -> None:
    proven = replace(inputs.cells[0], suites=suites("passed"))
    made = build(replace(inputs, cells=[proven]), records_of(inputs)).release
    *_, check = made.cells[CELL.id].smoke.checks
    said = "own tests of oak 1.2: 900 passed, 2 failed as expected, 11 skipped"
    assert check == release_model.ReleasedCheck(name=said, seconds=61.5, passed=True)
    assert release_model.parse(made.text()) == made


def test_further_systems_are_named_and_have_to_pass(inputs: ReleaseInputs, artifacts: Any) -> None:
    proven = inputs.cells[0]
    other = replace(proven.smoke, system="Debian 12", glibc="2.36", seconds=42.5)
    cells = [replace(proven, elsewhere=(other,))]
    made = build(replace(inputs, cells=cells), records_of(inputs)).release
    *own, check = made.cells[CELL.id].smoke.checks
    said = "smoke tests on Debian 12, glibc 2.36"
    assert check == release_model.ReleasedCheck(name=said, seconds=42.5, passed=True)
    assert len(own) == sum(one.outcome == "passed" for one in proven.smoke.checks)
    assert release_model.parse(made.text()) == made
    strange = smoked([*artifacts[:2], replace(artifacts[2], sha256="0" * 64)])
    failed = replace(other, checks=(replace(other.checks[0], outcome="failed"),))
    for wrong in (failed, replace(strange, system="Debian 12")):
        cells = [replace(proven, elsewhere=(wrong,))]
        with pytest.raises(RefusedError, match="tested on Debian 12"):
            build(replace(inputs, cells=cells), records_of(inputs))


def test_a_cell_whose_packages_own_tests_failed_is_not_released(
    inputs: ReleaseInputs, tmp_path: Path
) -> None:
    proven = replace(inputs.cells[0], suites=suites("failed"))
    with pytest.raises(RefusedError, match="own tests did not pass"):
        build(replace(inputs, cells=[proven]), records_of(inputs))
