"""Headers of tar archives, as tarfile reads them: just allowed ones, and those above a limit."""

import io
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rootstock.audit import headers
from rootstock.audit.headers import Headers

BLOCK = tarfile.BLOCKSIZE


def packed(names: Sequence[str], pax: str = "") -> bytes:
    """Files of 700 bytes, the last of them with a comment; GNU's format without one."""
    made = io.BytesIO()
    kind = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=made, mode="w", format=kind) as file:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 700
            info.pax_headers = {"comment": pax} if pax and name == names[-1] else {}
            file.addfile(info, io.BytesIO(b"1" * 700))
    return made.getvalue()


def read(content: bytes) -> list[str]:
    """The names in an archive, read to its end."""
    found = []
    with (
        ThreadPoolExecutor(1) as pool,
        Headers(io.BytesIO(content).read, pool) as stream,
        tarfile.open(fileobj=stream, mode="r:") as tar,
    ):
        for member in tar:
            stream.follow(member.name)
            found.append(member.name)
        stream.require_end()
    return found


@pytest.mark.parametrize("pax", ["", "c"])
def test_headers_of_usual_size_are_read(pax: str) -> None:
    names = ["a", "b" * 300, "c/" * 1000 + "c"]
    assert read(packed(names, pax)) == names


@pytest.mark.parametrize(
    ("names", "place"), [(["a"], "at its beginning"), (["b", "a"], "after 'b'")]
)
def test_the_headers_of_one_file_have_a_limit(names: Sequence[str], place: str) -> None:
    fits = "c" * (headers.MOST_OF_ONE - 6 * BLOCK)
    assert read(packed(names, fits)) == names
    with pytest.raises(ValueError, match=f"headers .*{place} have more than 65,536 bytes"):
        read(packed(names, "c" * headers.MOST_OF_ONE))


def test_a_long_name_counts_as_a_header() -> None:
    with pytest.raises(ValueError, match="have more than 65,536 bytes"):
        read(packed(["a" * headers.MOST_OF_ONE]))


def test_a_long_header_is_not_read() -> None:
    with ThreadPoolExecutor(1) as pool, Headers(io.BytesIO(b"1" * BLOCK).read, pool) as stream:
        with pytest.raises(ValueError, match="more than"):
            stream.read(headers.MOST_OF_ONE + 1)
        assert stream.tell() == 0


@pytest.mark.parametrize("size", [-1, None])
def test_a_header_has_a_size(size: int | None) -> None:
    with ThreadPoolExecutor(1) as pool, Headers(io.BytesIO(b"1" * BLOCK).read, pool) as stream:
        stream.follow("a")
        with pytest.raises(ValueError, match="a header after 'a' has no valid size"):
            stream.read(size)


def test_a_header_is_not_asked_for_without_end() -> None:
    with ThreadPoolExecutor(1) as pool, Headers(io.BytesIO().read, pool) as stream:
        for _ in range(headers.MOST_OF_ONE // BLOCK):
            assert stream.read(BLOCK) == b""
        with pytest.raises(ValueError, match="more than"):
            stream.read(BLOCK)


def test_all_headers_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MOST_OF_ALL", 5 * BLOCK)
    assert read(packed(["a", "b"])) == ["a", "b"]
    with pytest.raises(ValueError, match="its headers have more than 2,560 bytes"):
        read(packed([*"abcdef"]))


@pytest.mark.parametrize("zeros", [0, 1, BLOCK, headers.MOST_ZEROS - tarfile.RECORDSIZE])
def test_an_archive_ends_with_zeros(zeros: int) -> None:
    assert read(packed(["a"]) + bytes(zeros)) == ["a"]


def test_an_archive_may_end_with_its_last_file() -> None:
    assert read(packed(["a"])[: 3 * BLOCK]) == ["a"]


@pytest.mark.parametrize(
    "more", [packed(["b"]), b"1", bytes(100) + b"1", bytes(headers.MOST_ZEROS)]
)
def test_data_after_the_end_are_refused(more: bytes) -> None:
    with pytest.raises(ValueError, match="data after the end of its files"):
        read(packed(["a"]) + more)


def test_a_damaged_header_is_not_the_end() -> None:
    content = bytearray(packed(["a", "b"]))
    content[content.index(b"b" + bytes(99))] ^= 1
    with pytest.raises(ValueError, match="the header after 'a' is damaged"):
        read(bytes(content))
