import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rootstock.channel.place import Place, place
from rootstock.core.errors import SourceError


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


def test_a_server_that_does_not_answer_is_reported() -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        Place("http://127.0.0.1:9").read("x")  # discard, which no one serves any more
    assert Place("http://127.0.0.1:9").files("") is None


@contextmanager
def _answering(answer: bytes) -> Iterator[Place]:
    """A server that gives one answer, whatever is asked, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Place(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


ANSWERS = {
    "a length that is too long": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
    "a chunk that is cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ncut",
    "a chunk without length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n",
    "garbage": b"SSH-2.0-OpenSSH\r\n",
    "nothing": b"",
    "a line without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    "an error": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "a redirection to a file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("how", ["read", "sha256", "save"])
def test_a_bad_answer_is_reported(tmp_path: Path, answer: bytes, how: str) -> None:
    reads: dict[str, Callable[[Place], object]] = {
        "read": lambda where: where.read("x"),
        "sha256": lambda where: where.sha256("x"),
        "save": lambda where: where.save("x", tmp_path / "x"),
    }
    with _answering(answer) as where, pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+/x"):
        reads[how](where)


@pytest.mark.parametrize(
    "url", ["http://a b", "http://x:port", "http://", "ftp://x", "x://y", "://"]
)
def test_what_is_no_address_is_reported(url: str) -> None:
    with pytest.raises(SourceError, match="is not an address"):
        place(url).read("x")


def test_no_more_is_taken_than_was_announced(tmp_path: Path) -> None:
    whole = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000
    with _answering(whole) as where:
        _, size = where.save("x", tmp_path / "x", most=10)
    assert size > 10
    assert (tmp_path / "x").stat().st_size == 0
    (tmp_path / "long").write_bytes(b"x" * 5_000_000)
    assert 10 < place(tmp_path).sha256("long", most=10)[1] < 5_000_000


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="is not a regular file"):
        place(tmp_path).read("pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="is not a regular file"):
        place(tmp_path).read("device")


@pytest.mark.parametrize("name", ["a\0b", "a" * 300])
def test_a_name_that_no_file_can_have_is_reported(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        place(tmp_path).read(name)


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    (folder / "x").write_bytes(b"x")
    assert place(folder).read("x") == b"x"
