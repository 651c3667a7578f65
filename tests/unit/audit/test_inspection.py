import json
import math
import zipfile
from pathlib import Path

import pytest

from rootstock.audit import inspection
from rootstock.audit.compiled import floors
from rootstock.audit.inspection import AuditLimits, audited, inspect
from rootstock.audit.needs import Need
from rootstock.audit.subject import Subject, opened
from rootstock.audit.unpacked import UnpackedPackage
from rootstock.core.elf import Elf
from rootstock.core.errors import UsageError
from rootstock.core.progress import silent


def test_a_version_without_a_number_may_be_in_an_older_glibc() -> None:
    elf = Elf(requires=(("libc.so.6", "GLIBC_ABI_GNU2_TLS", False),))
    has = Elf(provides=frozenset({"GLIBC_2.41", "GLIBC_ABI_GNU2_TLS"}))
    found = {
        (declared, bool(glibc)): [one.rule for one in floors({"lib/a.so": elf}, declared, glibc)]
        for declared in ((2, 41), (2, 43))
        for glibc in ({}, {"libc.so.6": has})
    }
    assert found == {
        ((2, 41), False): ["floor"],
        ((2, 41), True): [],
        ((2, 43), False): [],
        ((2, 43), True): [],
    }


def test_what_a_package_needs_of_others_is_neither_its_own_nor_glibcs() -> None:
    a = Elf(needed=("libc.so.6", "libz.so.1", "libown.so", "libcrypt.so.1", "libnsl.so.1"))
    own = Elf(soname="libown.so", needed=("libm.so.6", "ld-linux-x86-64.so.2"))
    found = inspection._foreign({"lib/a.so": a, "lib/libown.so.1": own})
    # libcrypt and libnsl are of other projects on most systems.
    assert found == ["libcrypt.so.1", "libnsl.so.1", "libz.so.1"]


def test_the_first_file_that_needs_the_newest_glibc_is_named() -> None:
    each = {
        "lib/b.so": Need(glibc=(2, 27), symbol="memfd_create@GLIBC_2.27"),
        "lib/c.so": Need(glibc=(2, 29), symbol="exp@GLIBC_2.29"),
        "lib/d.so": Need(glibc=(2, 29), symbol="log@GLIBC_2.29"),
    }
    assert inspection._proven(each) == ((2, 29), "lib/c.so: exp@GLIBC_2.29")
    assert inspection._proven({"lib/a.so": Need()}) == inspection._proven({}) == ((), "")


def test_a_file_of_two_packages_is_a_clash(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    subject = Subject(
        name="env",
        kind="environment",
        package=UnpackedPackage(tmp_path, {"a.txt": tmp_path / "a.txt"}, {}),
        declared=(),
        owners={"a.txt": ("a-1-0.conda", "b-1-0.conda"), "b.txt": ("b-1-0.conda",)},
    )
    result = inspect(subject)
    assert [(one.rule, one.file) for one in result.findings] == [("clash", "a.txt")]
    assert (result.passed, result.proven, result.needs) == (False, "", ())
    assert result.as_json()["passed"] is False


def environment(prefix: Path, files: dict[str, bytes], license_: str = "MIT") -> Subject:
    """An environment with a package that has the files; those named `own` belong to nobody."""
    (prefix / "conda-meta").mkdir(parents=True)
    for name, content in files.items():
        (prefix / name).write_bytes(content)
    owned = [name for name in files if name != "own"]
    record = {"files": owned, "license": license_, "name": "a"}
    (prefix / "conda-meta/a-1-0.json").write_text(json.dumps(record))
    return opened(prefix, str(prefix), prefix.parent)


@pytest.mark.parametrize(
    ("content", "leaks"),
    [
        (b"", False),
        (b"x=/rootstock/build/out/work", True),
        (b"x=/home/me/placehold_placehold_placehold/lib", True),
        (b"x={prefix}/lib", False),
        (b"x={prefix}/lib:/rootstock/build/lib", True),
    ],
)
def test_a_path_of_a_build_in_an_environment(tmp_path: Path, content: bytes, leaks: bool) -> None:
    # A path as padded placeholders have it, so that only the whole of it is no leak.
    prefix = tmp_path / "placehold_placehold_x"
    text = content.replace(b"{prefix}", str(prefix).encode())
    subject = environment(prefix, {"a.txt": text, "own": b"/rootstock/build/mine"})
    found = [(one.rule, one.file) for one in inspect(subject).findings]
    assert found == ([("leak", "a.txt")] if leaks else [])


def test_links_of_an_environment(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    environment(prefix, {"a.txt": b"a"})
    record = {"name": "b", "license": "MIT", "files": ["good", "bad", "out"]}
    (prefix / "conda-meta/b-1-0.json").write_text(json.dumps(record))
    for name, target in {"good": "a.txt", "bad": "b", "out": "/etc", "of_nobody": "b"}.items():
        (prefix / name).symlink_to(target)
    found = inspect(opened(prefix, "env", tmp_path)).findings
    assert {(one.rule, one.file) for one in found} == {("links", "bad"), ("leak", "out")}


@pytest.mark.parametrize(
    ("license_", "said"),
    [
        ("MIT AND (Apache-2.0 OR BSL-1.0)", ""),
        ("LicenseRef-Own", ""),
        ("", "names no license"),
        ("free", "names the license free, which is none of SPDX"),
    ],
)
def test_the_license_that_a_record_names(tmp_path: Path, license_: str, said: str) -> None:
    found = inspect(environment(tmp_path / "env", {"a.txt": b"a"}, license_)).findings
    assert [(one.rule, one.file) for one in found] == (
        [("licence", "conda-meta/a-1-0.json")] if said else []
    )
    assert all(said in one.message for one in found)


def test_a_wheel_is_not_asked_for_what_only_conda_packages_have(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    package = UnpackedPackage(tmp_path, {"a.py": tmp_path / "a.py"}, {})
    for kind, rules in (("wheel", {"licence"}), ("conda", {"paths", "licence"})):
        subject = Subject(name="x", kind=kind, package=package, declared=(), owners={})  # type: ignore[arg-type]
        assert {one.rule for one in inspect(subject).findings} == rules


def test_a_package_has_a_limit_of_time_and_an_environment_has_none(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/__init__.py", "")
    at_once = AuditLimits(seconds=1e-6)
    with pytest.raises(UsageError, match=f"{path} was not audited: .* more than 1e-06 s") as caught:
        audited(str(path), tmp_path / "a", silent, at_once)
    assert "--time-limit" in caught.value.remedy
    assert not (tmp_path / "a/unpacked").exists()
    assert audited(str(path), tmp_path / "b", silent, AuditLimits(seconds=math.inf)).kind == "wheel"
    (tmp_path / "env/conda-meta").mkdir(parents=True)
    (tmp_path / "env/conda-meta/a-1-0.json").write_text('{"license": "MIT"}')
    assert audited(str(tmp_path / "env"), tmp_path / "c", silent, at_once).passed
