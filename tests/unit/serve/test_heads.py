from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.serve.answers import HttpRequest
from rootstock.serve.heads import LONGEST, MOST, Heads

PLAIN = b"GET /a?b HTTP/1.1\r\nHost: here\r\nX-A: 1\r\nx-a: 2\r\n\r\n"


def feed(*parts: bytes) -> tuple[Heads, list[HttpRequest | HTTPStatus]]:
    heads = Heads()
    return heads, [found for part in parts for found in heads.feed(part)]


def test_a_request_in_pieces() -> None:
    headers = {"host": "here", "x-a": "1, 2"}
    wanted = HttpRequest("GET", "/a?b", "1.1", headers, stays=True)
    for size in (1, 7, len(PLAIN)):
        pieces = [PLAIN[at : at + size] for at in range(0, len(PLAIN), size)]
        heads, found = feed(*pieces)
        assert found == [wanted] and not heads.begun and not heads.ended
        _, found = feed(*pieces, *pieces)
        assert found == [wanted, wanted]


def test_a_part_of_a_request() -> None:
    heads, found = feed(b"\r\n\r\n")
    assert not found and not heads.begun
    heads, found = feed(PLAIN[:20])
    assert not found and heads.begun
    heads, found = feed(PLAIN, PLAIN[:20])
    assert len(found) == 1 and heads.begun


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        ("1.1", "", True),
        ("1.1", "close", False),
        ("1.0", "", False),
        ("1.0", "Keep-Alive", True),
        ("1.0", "close", False),
    ],
)
def test_which_connections_stay(version: str, connection: str, stays: bool) -> None:
    header = f"Connection: {connection}\r\n" if connection else ""
    text = f"GET / HTTP/{version}\r\nHost: a\r\n{header}\r\n".encode()
    heads, [found] = feed(text)
    assert isinstance(found, HttpRequest)
    assert (found.version, found.stays, heads.ended) == (version, stays, not stays)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 40",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 0",
        b"Connection: Upgrade\r\nUpgrade: h2c",
    ],
)
def test_what_follows_a_body_is_no_request(header: bytes) -> None:
    text = b"GET /one HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n"
    heads, found = feed(text + b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n", PLAIN)
    assert [one.target for one in found if isinstance(one, HttpRequest)] == ["/one"]
    assert len(found) == 1 and heads.ended


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 501),  # what begins TLS
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /\x1b[2J HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/x\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\n\r\n", 501),
        (b"GET /" + b"a" * LONGEST, 431),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * LONGEST, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * LONGEST, 431),
    ],
)
def test_what_is_no_request(text: bytes, status: int) -> None:
    for size in (1000, len(text)):
        heads, found = feed(*(text[at : at + size] for at in range(0, len(text), size)))
        assert found[-1] == status and heads.ended
        assert heads.feed(PLAIN) == []


def test_no_more_than_so_many_requests_wait() -> None:
    heads, found = feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2 * MOST)
    assert len(found) == MOST and heads.ended
    assert isinstance(found[-1], HttpRequest) and not found[-1].stays


WORDS: Any = st.sampled_from(
    [
        *(b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"\n", b"Host: a", b":", b"\0", b"\xff"),
        *(b"POST", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"0", b"\t"),
        *(b"Connection: keep-alive", b"Range: bytes=0-", PLAIN),
    ]
)


@given(st.lists(st.lists(WORDS | st.binary(max_size=20)).map(b"".join)))
def test_bytes_of_any_kind_are_requests_or_refused(parts: list[bytes]) -> None:
    heads, found = feed(*parts)
    assert all(isinstance(one, HttpRequest) and one.stays for one in found[:-1])
    assert heads.ended or not found or isinstance(found[-1], HttpRequest)
