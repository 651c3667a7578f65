"""What is read of a file, from its content or from the disk."""

import hashlib
from pathlib import Path

import pytest

from rootstock.audit.reading import read, read_all, read_file
from rootstock.audit.unpacked import UnpackedPackage


@pytest.mark.parametrize(
    ("data", "suspect", "damaged"),
    [
        (b"", False, False),
        (b"text", False, False),
        (b"-L/rootstock/build", True, False),
        (b"\x7fELF but no more", False, True),
    ],
)
def test_a_file_on_disk_is_read_as_its_content_is(
    tmp_path: Path, data: bytes, suspect: bool, damaged: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    found = read(data)
    assert read_file(path) == found
    assert (found.size, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (found.suspect, bool(found.damage), found.elf) == (suspect, damaged, None)


def test_all_files_of_a_package_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    package = UnpackedPackage(tmp_path, {"lib/a": tmp_path / "a"}, {"lib/b": "a"})
    assert read_all(package) == {"lib/a": read(b"1")}
