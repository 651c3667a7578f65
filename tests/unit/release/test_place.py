import hashlib
from pathlib import Path

import pytest

from rootstock.errors import SourceError
from rootstock.release.place import Place, place


def test_a_folder_is_named_by_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a folder").mkdir()
    monkeypatch.chdir(tmp_path)
    for named in ("a folder", Path("a folder"), (tmp_path / "a folder").as_uri()):
        assert place(named).folder == tmp_path / "a folder"
    assert place("https://example.org/c/") == Place("https://example.org/c")
    assert place("https://example.org/c").folder is None


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a+b.txt").write_bytes(b"text")
    where = place(tmp_path)
    assert where.read("sub/a+b.txt") == b"text"
    assert where.sha256("sub/a+b.txt") == (hashlib.sha256(b"text").hexdigest(), 4)
    assert where.files("") == {"sub/a+b.txt"}


@pytest.mark.parametrize("name", ["gone", "sub", "file/beneath"])
def test_what_is_no_file_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        place(tmp_path).read(name)


def test_a_server_that_does_not_answer_is_told() -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        Place("http://127.0.0.1:9").read("x")  # discard, which no one serves any more
    assert Place("http://127.0.0.1:9").files("") is None
