"""Zip files with more, or other things, than their list at the end names."""

import io
import zipfile
from pathlib import Path

import pytest

from rootstock.audit.zipped import require_one_meaning

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
FLAGS = ((LOCAL, 6), (CENTRAL, 8))


class Forwards(io.BytesIO):
    """A file that zipfile cannot go back in, so that it writes sizes behind the content."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation


def written(into: io.BytesIO, method: int = zipfile.ZIP_STORED, *, zip64: bool = False) -> bytes:
    with zipfile.ZipFile(into, "w", method) as file:
        for name in ("a", "b"):
            with file.open(name, "w", force_zip64=zip64) as member:
                member.write(b"1" * 50)
        file.comment = b"of the whole file"
    return into.getvalue()


def check(folder: Path, content: bytes) -> None:
    path = folder / "a.zip"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        require_one_meaning(archive, path)


def test_what_zipfile_writes_has_one_meaning(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for zip64 in (False, True):
            for into in (io.BytesIO(), Forwards()):
                check(tmp_path, written(into, method, zip64=zip64))
    check(tmp_path, b"PK\x05\x06" + bytes(18))  # an empty one


@pytest.mark.parametrize("lost", ["a", "b"])
def test_a_member_that_the_list_lacks(tmp_path: Path, lost: str) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in ("a", "b"):
            file.writestr(name, b"1")
        file.filelist = [one for one in file.filelist if one.filename != lost]
    with pytest.raises(ValueError, match="it has other data than its list"):
        check(tmp_path, made.getvalue())


def test_data_before_all_members(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it has other data than its list at 'a'"):
        check(tmp_path, b"1" + written(io.BytesIO()))


def test_two_members_in_one_place(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a", b"1")
        file.filelist *= 2
    with pytest.raises(ValueError, match="it has other data than its list at 'a'"):
        check(tmp_path, made.getvalue())


def test_a_size_that_differs_from_the_list(tmp_path: Path) -> None:
    made = bytearray(written(io.BytesIO()))
    made[18] -= 1  # the packed size in the first header
    with pytest.raises(ValueError, match="'a' in it differs from its list"):
        check(tmp_path, bytes(made))


@pytest.mark.parametrize("places", [FLAGS, FLAGS[:1], FLAGS[1:]])
def test_an_encrypted_member(tmp_path: Path, places: tuple[tuple[bytes, int], ...]) -> None:
    made = bytearray(written(io.BytesIO()))
    for signature, at in places:
        made[made.index(signature) + at] |= 1
    with pytest.raises(ValueError, match="'a' in it is encrypted"):
        check(tmp_path, bytes(made))
