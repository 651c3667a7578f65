"""The audit of packages that lie unpacked in the store, without compiled files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from rootstock import seal
from rootstock.audit.package import audit
from rootstock.audit.report import AuditReport
from rootstock.build.artifact import Artifact
from rootstock.errors import AuditFailed
from rootstock.store import Store

TEXT = b"hello\n"
PLACEHOLDER = "/rootstock/build/host_env_placehold_placehold"


class Case:
    """A package in a store, right in all but what a test changes."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.store.prepare()
        self.root = self.store.unpacked("0" * 64) / "package"
        self.index: dict[str, Any] = {"name": "x", "license": "MIT", "depends": []}
        self.about: dict[str, Any] = {}
        self.paths: list[dict[str, Any]] = []
        self.write("info/licenses/LICENSE", b"free")
        self.add("share/a.txt", TEXT)

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def add(self, name: str, content: bytes, **entry: str) -> None:
        self.write(name, content)
        digest = hashlib.sha256(content).hexdigest()
        self.paths.append(
            {
                "_path": name,
                "path_type": "hardlink",
                "sha256": digest,
                "size_in_bytes": len(content),
                **entry,
            }
        )

    def audit(self, scope: str = "channel") -> AuditReport:
        self.write("info/index.json", json.dumps(self.index).encode())
        self.write("info/about.json", json.dumps(self.about).encode())
        self.write("info/paths.json", json.dumps({"paths": self.paths}).encode())
        seal.put(self.root)
        artifact = Artifact(
            path=Path("x-1-0.conda"), key="", name="x", version="1", build="0",
            subdir="linux-64", sha256="0" * 64, size=0, seconds=0, scope=scope,
        )  # fmt: skip
        return audit(artifact, closure=(), sysroots=(), store=self.store)

    def found(self, scope: str = "channel") -> list[tuple[str, str]]:
        return [(finding.rule, finding.file) for finding in self.audit(scope).findings]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_a_right_package_passes(case: Case) -> None:
    report = case.audit()
    assert report.findings == ()
    assert (report.passed, report.elf_files, report.declared) == (True, 0, "")
    report.insist()


def test_a_file_that_is_not_listed(case: Case) -> None:
    case.write("share/b.txt", TEXT)
    assert case.found() == [("paths", "share/b.txt")]


def test_a_listed_file_that_is_not_there(case: Case) -> None:
    case.paths.append({"_path": "share/b.txt", "path_type": "hardlink"})
    assert case.found() == [("paths", "share/b.txt")]


@pytest.mark.parametrize("content", [b"hellO\n", b"hello"])
def test_a_file_with_other_content(case: Case, content: bytes) -> None:
    case.write("share/a.txt", content)
    assert case.found() == [("paths", "share/a.txt")]


def test_a_link_that_is_listed_as_a_file(case: Case) -> None:
    case.add("share/b.txt", TEXT)
    (case.root / "share/b.txt").unlink()
    (case.root / "share/b.txt").symlink_to("a.txt")
    assert case.found() == [("paths", "share/b.txt")]
    case.paths[-1]["path_type"] = "softlink"
    assert case.found() == []


def test_an_absolute_link_is_only_right_in_the_image(case: Case) -> None:
    (case.root / "bin").mkdir()
    (case.root / "bin/gcc").symlink_to("/usr/bin/gcc")
    case.paths.append({"_path": "bin/gcc", "path_type": "softlink"})
    assert case.found() == [("leak", "bin/gcc")]
    assert case.found("image") == []


def test_build_paths(case: Case) -> None:
    case.add("share/b.txt", PLACEHOLDER.encode(), prefix_placeholder=PLACEHOLDER)
    assert case.found() == []
    del case.paths[-1]["prefix_placeholder"]
    assert case.found() == [("leak", "share/b.txt")]
    assert case.found("image") == [("leak", "share/b.txt")]


def test_a_package_without_a_licence(case: Case) -> None:
    case.index["license"] = ""
    (case.root / "info/licenses/LICENSE").unlink()
    assert case.found() == [("licence", "info/index.json"), ("licence", "info/licenses")]


def test_a_damaged_elf_file(case: Case) -> None:
    case.add("lib/liba.so", b"\x7fELF\x02\x01\x01")
    assert case.found() == [("elf", "lib/liba.so")]


def test_a_waived_finding_does_not_fail_the_package(case: Case) -> None:
    case.write("share/b.txt", TEXT)
    case.about = waivers({"rule": "paths", "file": "share/*", "why": "a test"})
    report = case.audit()
    assert report.passed
    assert [finding.waived for finding in report.findings] == ["a test"]


def test_a_waiver_that_matches_nothing(case: Case) -> None:
    case.about = waivers({"rule": "paths", "file": "lib/*", "why": "a test"})
    assert case.found() == [("waiver", "lib/*")]


@pytest.mark.parametrize(
    "waiver",
    [
        {"rule": "nothing", "file": "*", "why": "x"},
        {"rule": "waiver", "file": "*", "why": "x"},
        {"rule": "paths", "file": "*", "why": " "},
        {"rule": "paths", "file": "*"},
        {"rule": "paths", "file": "*", "why": "x", "more": "y"},
        "paths",
    ],
)
def test_malformed_waivers(case: Case, waiver: object) -> None:
    case.about = waivers(waiver)
    assert case.found() == [("waiver", "info/about.json")]


def test_the_report_is_json_and_back(case: Case) -> None:
    case.write("share/b.txt", TEXT)
    report = case.audit()
    assert AuditReport.from_json(json.loads(json.dumps(report.as_json()))) == report
    with pytest.raises(AuditFailed, match=r"share/b\.txt"):
        report.insist()


def waivers(*entries: object) -> dict[str, Any]:
    return {"extra": {"rootstock": {"audit": list(entries)}}}
