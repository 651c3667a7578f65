"""Which packages bring tests that nothing is said of."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import zstandard

from rootstock.suites import undescribed


def package(folder: Path, name: str, *files: str) -> Any:
    """A package of no substance that says of itself that it has some files."""
    text = json.dumps({"paths": [{"_path": file} for file in files]}).encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("info/paths.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    path = folder / f"{name}-1-0.conda"
    with zipfile.ZipFile(path, "w") as whole:
        packed = zstandard.ZstdCompressor().compress(tar.getvalue())
        whole.writestr(f"info-{name}-1-0.tar.zst", packed)
    return SimpleNamespace(name=name, path=path)


def test_those_with_tests_and_no_suite_are_named_the_most_first(tmp_path: Path) -> None:
    site = "lib/python3.11/site-packages"
    elm = [f"site-packages/elm/tests/test_{number}.py" for number in range(3)]
    damaged = SimpleNamespace(name="ash", path=tmp_path / "ash-1-0.conda")
    damaged.path.write_bytes(b"no package")
    have: dict[str, Any] = {
        "oak": package(tmp_path, "oak", f"{site}/oak/tests/test_a.py"),
        "elm": package(tmp_path, "elm", *elm),
        "yew": package(tmp_path, "yew", f"{site}/yew/test/test_a.py"),
        "fir": package(tmp_path, "fir", f"{site}/fir/__init__.py"),
        "ash": damaged,
    }
    assert list(undescribed.find(have.values(), {"oak"}).items()) == [("elm", 3), ("yew", 1)]
