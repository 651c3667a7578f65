"""The audit of packages that lie unpacked in the store, without compiled files."""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from rootstock.audit import unpacked
from rootstock.audit.report import AuditReport
from rootstock.audit.rules import audit
from rootstock.building.artifact import Artifact
from rootstock.core import process, seal
from rootstock.core.errors import AuditFailed, InterruptedByUser
from rootstock.core.store import Store

TEXT = b"hello\n"
PLACEHOLDER = "/rootstock/build/host_env_placehold_placehold"


class Case:
    """A package in a store, right in all but what a test changes."""

    def __init__(self, folder: Path, store: Store | None = None, sha256: str = "0" * 64) -> None:
        self.store = store or Store(folder)
        self.store.prepare()
        self.sha256 = sha256
        self.root = self.store.unpacked(sha256) / "package"
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

    def artifact(self, scope: str = "channel") -> Artifact:
        return Artifact(
            path=Path("x-1-0.conda"), key="", name="x", version="1", build="0",
            subdir="linux-64", sha256=self.sha256, size=0, seconds=0, scope=scope,
        )  # fmt: skip

    def audit(self, scope: str = "channel", closure: Sequence[Artifact] = ()) -> AuditReport:
        self.write("info/index.json", json.dumps(self.index).encode())
        self.write("info/about.json", json.dumps(self.about).encode())
        self.write("info/paths.json", json.dumps({"paths": self.paths}).encode())
        seal.put(self.root)
        unpacked._listed.clear()  # as in another process
        return audit(self.artifact(scope), closure=closure, sysroots=(), store=self.store)

    def found(self, scope: str = "channel") -> list[tuple[str, str]]:
        return [(finding.rule, finding.file) for finding in self.audit(scope).findings]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_a_right_package_passes(case: Case) -> None:
    report = case.audit()
    assert report.findings == ()
    assert (report.passed, report.elf_files, report.declared) == (True, 0, "")
    report.raise_for_failure()


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


def test_a_package_without_a_license(case: Case) -> None:
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
        report.raise_for_failure()


def waivers(*entries: object) -> dict[str, Any]:
    return {"extra": {"rootstock": {"audit": list(entries)}}}


# ---- names, links, scripts


def link(case: Case, name: str, target: str) -> None:
    path = case.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    case.paths.append({"_path": name, "path_type": "softlink"})


@pytest.mark.parametrize("target", ["/etc/hostname", "../../etc/hostname", "../..", "../x/../../y"])
def test_a_link_out_of_the_prefix(case: Case, target: str) -> None:
    link(case, "share/out", target)
    assert case.found() == [("leak", "share/out")]
    assert case.found("image") == []


@pytest.mark.parametrize("target", ["gone", "../lib/gone.so", "around"])
def test_a_link_to_nothing(case: Case, target: str) -> None:
    link(case, "share/around", target)
    assert case.found() == [("links", "share/around")]


@pytest.mark.parametrize("target", ["a.txt", "../share/a.txt", "../share", ".", "../share/./a.txt"])
def test_a_link_to_what_is_there(case: Case, target: str) -> None:
    link(case, "share/there", target)
    assert case.found() == []


def test_a_link_to_a_file_of_a_dependency(case: Case, tmp_path: Path) -> None:
    link(case, "share/other", "../lib/other.so")
    other = Case(tmp_path / "other", case.store, "1" * 64)
    other.add("lib/other.so", b"text")
    other.audit()
    assert case.audit(closure=(other.artifact(),)).findings == ()


@pytest.mark.parametrize(
    "name", ["share/a\nb", "share/\x1b[2Jb", "share/a\\b", "share/\udcff", "share/a\u2028b"]
)
def test_a_name_that_not_every_client_can_hold(case: Case, name: str) -> None:
    case.add(name, TEXT)
    [(rule, file)] = case.found()
    assert rule == "names"
    assert file.isprintable() and file.isascii()


def test_names_that_are_one_where_case_does_not_count(case: Case) -> None:
    case.add("share/A.txt", TEXT)
    case.add("doc/x/one", TEXT)
    case.add("doc/X/two", TEXT)
    assert sorted(case.found()) == [("names", "doc/X"), ("names", "share/A.txt")]


@pytest.mark.parametrize("name", ["größe", "a b", "it's", "#hash%20", "a:b", "README", "readme.md"])
def test_a_name_that_every_client_can_hold(case: Case, name: str) -> None:
    case.add(f"share/{name}", TEXT)
    assert case.found() == []


@pytest.mark.parametrize("when", ["post-link", "pre-link", "pre-unlink"])
def test_a_script_that_only_some_clients_run(case: Case, when: str) -> None:
    case.add(f"bin/.x-{when}.sh", TEXT)
    case.add(f"bin/{when}.sh", TEXT)
    assert case.found() == [("scripts", f"bin/.x-{when}.sh")]


@pytest.mark.parametrize(
    "paths",
    [7, ["share/a.txt"], [{}], [{"_path": 7}], [{"_path": "../../x"}], [{"_path": "/etc/hostname"}],
     [{"_path": "share/a.txt", "prefix_placeholder": 7}]],
)  # fmt: skip
def test_lists_of_another_form_are_refused(case: Case, paths: Any) -> None:
    case.paths = paths
    with pytest.raises(AuditFailed, match="paths"):
        case.audit()


@pytest.mark.parametrize("depends", ["python", [7], {"a": 1}])
def test_dependencies_of_another_form_are_refused(case: Case, depends: Any) -> None:
    case.index["depends"] = depends
    with pytest.raises(AuditFailed, match="depends"):
        case.audit()


def test_a_tree_deeper_than_python_can_call(case: Case) -> None:
    here, depth = os.getcwd(), 1200
    try:
        os.chdir(case.root)
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
        Path("file").write_bytes(TEXT)
        found = case.found()
        Path("file").unlink()
        for _ in range(depth):  # pytest could not remove it
            os.chdir("..")
            os.rmdir("d")
    finally:
        os.chdir(here)
    assert found == [("paths", "d/" * depth + "file")]


# ---- archives


def archive(folder: Path, *members: tarfile.TarInfo) -> Artifact:
    """A package whose archive has these members, all empty."""
    path = folder / "x-1-0.conda"
    with zipfile.ZipFile(path, "w") as whole:
        for part in ("pkg", "info"):
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as tar:
                for member in members if part == "pkg" else ():
                    tar.addfile(member)
            data = zstandard.ZstdCompressor().compress(packed.getvalue())
            whole.writestr(f"{part}-x-1-0.tar.zst", data)
    return Artifact(
        path=path, key="", name="x", version="1", build="0", subdir="linux-64",
        sha256=seal.sha256_of(path), size=path.stat().st_size, seconds=0, scope="channel",
    )  # fmt: skip


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("a/../../out")],
        [member("/out")],
        [member("a", tarfile.LNKTYPE, "../../out")],
        [member("a", tarfile.CHRTYPE)],
        [member("a", tarfile.FIFOTYPE)],
        [member("a", tarfile.SYMTYPE, ".."), member("a/out")],
        [member("a/out"), member("a", tarfile.SYMTYPE, "..")],
    ],
)
def test_an_archive_that_leaves_its_folder_is_not_unpacked(
    tmp_path: Path, store: Store, members: list[tarfile.TarInfo]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    made = archive(tmp_path, *members)
    with pytest.raises(AuditFailed, match="cannot be unpacked"):
        audit(made, closure=(), sysroots=(), store=store)
    after = {path for path in tmp_path.rglob("*") if path.name == "out"}
    assert not after - {*before}


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_reported(tmp_path: Path, store: Store, content: bytes) -> None:
    made = archive(tmp_path)
    made.path.write_bytes(content)
    with pytest.raises(AuditFailed, match="cannot be unpacked"):
        audit(made, closure=(), sysroots=(), store=store)


def test_an_interruption_is_no_fault_of_the_archive(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = archive(tmp_path, member("a"))
    monkeypatch.setattr(process, "_ended", True)
    with pytest.raises(InterruptedByUser):
        audit(made, closure=(), sysroots=(), store=store)
