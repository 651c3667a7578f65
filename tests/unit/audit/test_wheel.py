from pathlib import Path

import pytest

from rootstock.audit import wheel
from rootstock.audit.unpacked import UnpackedPackage, listing

INFO = "x-1.dist-info"
NAMED = "License-Expression: MIT\nLicense-File: LICENSE\n"


def package(folder: Path, metadata: str, *texts: str) -> UnpackedPackage:
    for name, text in ((f"{INFO}/METADATA", metadata), *((one, "free") for one in texts)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return listing(folder, metadata="")


@pytest.mark.parametrize(
    ("metadata", "texts"),
    [
        (NAMED, ["licenses/LICENSE"]),
        (NAMED, ["LICENSE"]),
        ("License: MIT\n", ["LICENSE.txt"]),
        ("Classifier: License :: OSI Approved :: MIT License\n", ["licenses/a/COPYING"]),
    ],
)
def test_a_license_with_its_text(tmp_path: Path, metadata: str, texts: list[str]) -> None:
    made = package(tmp_path, metadata, *(f"{INFO}/{one}" for one in texts))
    assert list(wheel.license_info(made)) == []


@pytest.mark.parametrize(
    ("metadata", "texts", "said"),
    [
        ("", [f"{INFO}/LICENSE"], "names no license"),
        ("License: UNKNOWN\n", [f"{INFO}/LICENSE"], "names no license"),
        ("Name: x\n\nLicense: MIT\n", [f"{INFO}/LICENSE"], "names no license"),
        ("License-Expression: My own\n", [f"{INFO}/LICENSE"], "none of SPDX"),
        (NAMED, [], "lacks"),
        (NAMED, ["LICENSE"], "lacks"),
        ("License: MIT\n", ["x/LICENSE"], "no license text"),
    ],
)
def test_a_license_without_name_or_text(
    tmp_path: Path, metadata: str, texts: list[str], said: str
) -> None:
    [finding] = wheel.license_info(package(tmp_path, metadata, *texts))
    assert finding.rule == "licence"
    assert finding.file.startswith(INFO)
    assert said in finding.message


def test_a_wheel_without_metadata_has_neither(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("")
    assert len(list(wheel.license_info(listing(tmp_path, metadata="")))) == 2


@pytest.mark.parametrize(
    ("requires", "alone"),
    [
        ("", True),
        ('Requires-Dist: numpy>=1; extra == "all"\n', True),
        ("Requires-Dist: numpy>=1\n", False),
        ('Requires-Dist: numpy; python_version > "3"\n', False),
    ],
)
def test_a_wheel_that_needs_others(tmp_path: Path, requires: str, alone: bool) -> None:
    assert wheel.is_alone(package(tmp_path, requires)) is alone
