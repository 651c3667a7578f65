import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rootstock.audit.subject import Subject, fetched
from rootstock.audit.subject import opened as opened_file
from rootstock.core import process
from rootstock.core.errors import InterruptedByUser, UsageError
from rootstock.core.progress import silent


def wheel(folder: Path, name: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/__init__.py", "")
    return path


def opened(target: str, scratch: Path) -> Subject:
    return opened_file(fetched(target, scratch, silent), target, scratch)


def record(prefix: Path, name: str, **fields: Any) -> None:
    (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    (prefix / f"conda-meta/{name}.json").write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("tags", "declared"),
    [
        ("cp311-cp311-manylinux_2_28_x86_64", (2, 28)),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", (2, 17)),
        ("cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64", (2, 27)),
        ("cp311-cp311-manylinux1_x86_64", (2, 5)),
        ("cp311-cp311-linux_x86_64", ()),
        ("py3-none-any", ()),
    ],
)
def test_a_wheel_declares_its_glibc_by_its_name(
    tmp_path: Path, tags: str, declared: tuple[int, ...]
) -> None:
    found = opened(str(wheel(tmp_path, f"x-1-{tags}.whl")), tmp_path)
    assert (found.kind, found.declared, [*found.package.files]) == (
        "wheel",
        declared,
        ["x/__init__.py"],
    )


@pytest.mark.parametrize(
    ("tags", "promised"),
    [
        ("cp39-abi3-manylinux_2_28_x86_64", (3, 9)),
        ("cp310.cp312-abi3-manylinux_2_28_x86_64", (3, 10)),
        ("cp311-cp311-manylinux_2_28_x86_64", ()),
        ("py3-none-manylinux_2_28_x86_64", ()),
    ],
)
def test_a_wheel_promises_the_stable_abi_by_its_name(
    tmp_path: Path, tags: str, promised: tuple[int, ...]
) -> None:
    found = opened(str(wheel(tmp_path, f"x-1-{tags}.whl")), tmp_path)
    assert found.stable_abi == promised


def test_an_environment_has_the_files_of_its_records(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    record(prefix, "a-1-0", fn="a-1-0.conda", files=["a.txt"], depends=["__glibc >=2.17,<3.0.a0"])
    record(prefix, "b-1-0", files=["a.txt", "b.txt"], depends=["__glibc >=2.28,<3.0.a0", "a"])
    (prefix / "a.txt").write_text("a")
    found = opened(str(prefix), tmp_path)
    assert (found.kind, found.declared, [*found.package.files]) == (
        "environment",
        (2, 28),
        ["a.txt"],
    )
    assert found.owners == {"a.txt": ("a-1-0.conda", "b-1-0"), "b.txt": ("b-1-0",)}


@pytest.mark.parametrize(
    "content", ["", "[]", '{"files": "a"}', '{"depends": [1]}', '{"files": [], "depends": null}']
)
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    record(tmp_path, "a-1-0")
    (tmp_path / "conda-meta/a-1-0.json").write_text(content)
    with pytest.raises(UsageError, match=r"a-1-0\.json"):
        opened(str(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.conda", "does not exist"),
        ("folder", "is not an environment"),
        ("text.txt", "is not named as a package"),
        ("broken-1-0.conda", "cannot be unpacked"),
        ("broken-1-0.tar.bz2", "cannot be unpacked"),
        ("x.whl", "is not named as a wheel"),
    ],
)
def test_what_is_no_package_is_refused_by_name(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("text")
    for broken in ("broken-1-0.conda", "broken-1-0.tar.bz2"):
        (tmp_path / broken).write_text("text")
    wheel(tmp_path, "x.whl")
    with pytest.raises(UsageError, match=said) as caught:
        opened(str(tmp_path / name), tmp_path / "scratch")
    assert name in caught.value.message


def test_a_url_needs_the_name_of_a_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not named as a package"):
        opened("https://127.0.0.1:1/some/page?a=x.conda", tmp_path)


def test_what_unpacks_to_too_much_is_refused_with_the_option_that_allows_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/a.py", b"a" * 100)
    with pytest.raises(UsageError) as caught:
        opened_file(path, "it", tmp_path / "small", most=99)
    assert caught.value.message == "it is not unpacked: with 'x/a.py' it has more than 99 bytes"
    assert f"{path.stat().st_size} bytes" in caught.value.remedy
    assert "--size-limit" in caught.value.remedy
    assert not (tmp_path / "small/unpacked").exists()
    assert [*opened_file(path, "it", tmp_path / "large", most=100).reads] == ["x/a.py"]


def test_an_interruption_is_no_fault_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_ended", True)
    with pytest.raises(InterruptedByUser):
        opened(str(wheel(tmp_path, "one-1-py3-none-any.whl")), tmp_path / "scratch")
