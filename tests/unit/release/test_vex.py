import json
from collections.abc import Callable
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from rootstock.plan.security import FIXED, Analysis, Examined, Vulnerability
from rootstock.release import vex

from ..conftest import CELL, Released

TARBALL = "pkg:deb/debian/low@1.0-2+b1?arch=source&distro=trixie#low_1.0-2+b1.debian.tar.xz"
REVISION = "pkg:deb/debian/low@1.0-2%2Bb1?arch=source&distro=trixie"
HARMLESS = Analysis(state="not_affected", why="Not built.", justification="code_not_present")
UNKNOWN = Analysis(state="in_triage", why="Nobody knows.")
EXAMINED = Examined(
    debian=TARBALL,
    patched=TARBALL,
    later=("1.1-1", "1.0-3"),
    vulnerabilities=(
        Vulnerability(
            cve="CVE-2026-0001", analysis=Analysis(state=FIXED, why="Yes."), patches=("a.patch",)
        ),
        Vulnerability(
            cve="CVE-2026-0002", analysis=Analysis(state=FIXED, why="Yes."), patches=("a.patch",)
        ),
        Vulnerability(cve="CVE-2026-0003", analysis=HARMLESS),
        Vulnerability(cve="CVE-2026-0004", analysis=UNKNOWN),
    ),
)
SAME = Examined(
    debian=TARBALL,
    patched="",
    later=(),
    vulnerabilities=(Vulnerability(cve="CVE-2026-0004", analysis=UNKNOWN),),
)


@pytest.fixture
def text(publish: Callable[..., Released]) -> str:
    made = publish(examined={"low-1.0-h0_0.conda": EXAMINED, "pure-1.0-h0_0.conda": SAME})
    return (made.folder / f"{CELL.id}.cdx.json").read_text()


def test_it_is_valid_by_the_schema_of_1_6(text: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    wrong = text.replace('"code_not_present"', '"luck"')
    assert validator.validate_str(wrong) is not None


def test_a_vulnerability_has_a_state_and_those_that_it_affects(text: str) -> None:
    value = json.loads(text)
    names = {component["bom-ref"]: component["name"] for component in value["components"]}
    found: dict[str, Any] = {one["id"]: one for one in value["vulnerabilities"]}
    assert {
        cve: (one["analysis"], [names[target["ref"]] for target in one["affects"]])
        for cve, one in found.items()
    } == {
        "CVE-2026-0001": ({"state": "resolved_with_pedigree", "detail": "Yes."}, ["low"]),
        "CVE-2026-0002": ({"state": "resolved_with_pedigree", "detail": "Yes."}, ["low"]),
        "CVE-2026-0003": (
            {
                "state": "not_affected",
                "justification": "code_not_present",
                "detail": "Not built.",
            },
            ["low"],
        ),
        "CVE-2026-0004": ({"state": "in_triage", "detail": "Nobody knows."}, ["low", "pure"]),
    }


def test_the_pedigree_has_the_patches_and_what_they_resolve(text: str) -> None:
    [low] = [one for one in json.loads(text)["components"] if one["name"] == "low"]
    [patch] = low["pedigree"]["patches"]
    assert (patch["type"], patch["diff"]["url"]) == (
        "backport",
        f"{REVISION}#debian/patches/a.patch",
    )
    resolved = [(one["type"], one["id"]) for one in patch["resolves"]]
    assert resolved == [("security", "CVE-2026-0001"), ("security", "CVE-2026-0002")]
    assert {one["name"]: one["value"] for one in low["properties"]} == {
        "rootstock:debian": REVISION,
        "rootstock:debian-later": "1.1-1 1.0-3",
    }


def test_it_is_read_as_it_was_written(text: str) -> None:
    found = vex.read(text)
    assert [(one.package, one.cve, one.state, one.open) for one in found.stated] == [
        ("low", "CVE-2026-0001", FIXED, False),
        ("low", "CVE-2026-0002", FIXED, False),
        ("low", "CVE-2026-0003", "not_affected", False),
        ("low", "CVE-2026-0004", "in_triage", True),
        ("pure", "CVE-2026-0004", "in_triage", True),
    ]
    assert found.later == {"low": "1.1-1 1.0-3"}
    assert found.untracked == ("top",)


def test_an_sbom_without_statements_is_untracked(released: Released) -> None:
    text = (released.folder / f"{CELL.id}.cdx.json").read_text()
    found = vex.read(text)
    assert (found.stated, found.untracked) == ((), ("low", "pure", "top"))


@pytest.mark.parametrize("wrong", ["", "[]", '{"components": 1}'])
def test_what_is_no_sbom_is_an_error(wrong: str) -> None:
    with pytest.raises(ValueError, match="cannot be read as an SBOM"):
        vex.read(wrong)
