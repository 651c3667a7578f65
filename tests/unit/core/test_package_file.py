import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import package_file
from rootstock.core.package_file import members

INDEX = "info/index.json"


def test_files_of_the_metadata_are_read(package: Any) -> None:
    found = members(package("one", depends=["two >=1"]).path, (INDEX, "info/none.json"))
    assert found.keys() == {INDEX}
    assert json.loads(found[INDEX])["depends"] == ["two >=1"]


def test_what_is_no_package_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "one.conda").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"one\.conda cannot be read: File is not a zip file"):
        members(tmp_path / "one.conda", (INDEX,))


def test_metadata_has_a_largest_size(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = package("one").path
    monkeypatch.setattr(package_file, "_MOST", 100)
    with pytest.raises(ValueError, match="its metadata has more than 100 bytes"):
        members(path, ("info/none.json",))


def test_a_file_that_cannot_be_opened_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        members(tmp_path / "one.conda", (INDEX,))
