"""Works out HTTP answers to requests, without a connection.

RFC 9110: GET and HEAD, conditional requests, one range of bytes at a time. A request for several
ranges gets the whole file, which the RFC allows.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple

from rootstock.serve.files import Body, Content

METHODS = ("GET", "HEAD")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
_NOTHING = range(0)
_CONDITIONS = {"range", "if-none-match", "if-modified-since"}


class HttpRequest(NamedTuple):  # not a dataclass, which takes three times as long to make
    """The head of a request.

    `version` is `1.0` or `1.1`, or another requested one. `headers` are by name in lower case;
    repeated ones are joined with commas. `stays` is true when the reader wants, and may, send
    another request over the same connection.
    """

    method: str
    target: str
    version: str
    headers: Mapping[str, str]
    stays: bool


class Answer(NamedTuple):
    """An answer: its status, its own lines of the head, and the part of a body to send.

    Whoever sends it, or does not, calls `close` in the end.
    """

    status: HTTPStatus
    lines: str
    body: bytes | Body = b""
    part: range = _NOTHING

    def close(self) -> None:
        """Close the body if it is open."""
        if not isinstance(self.body, bytes):
            self.body.close()


def refusal(request: HttpRequest) -> Answer | None:
    """Return the answer to a request that no channel can serve; None for other requests."""
    if request.version not in ("1.0", "1.1"):
        return say(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, request.method)
    if request.method not in METHODS:
        return say(
            HTTPStatus.METHOD_NOT_ALLOWED, request.method, f"Allow: {', '.join(METHODS)}\r\n"
        )
    host = request.headers.get("host")
    if host is None and request.version == "1.0":
        return None
    if host is None or not _HOST.fullmatch(host):
        return say(HTTPStatus.BAD_REQUEST, request.method)
    return None


def say(status: HTTPStatus, method: str = "", lines: str = "", reason: str = "") -> Answer:
    """Make an answer of a status and a line of text; `lines` are further ones of its head."""
    text = f"{status.value} {reason or status.phrase}\n".encode()
    head = (
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(text)}\r\nCache-Control: no-cache\r\n{lines}"
    )
    part = _NOTHING if method == "HEAD" else range(len(text))
    return Answer(status=status, lines=head, body=text, part=part)


def give(request: HttpRequest, content: Content) -> Answer:
    """Answer a request for existing content: all of it, a part, or that it did not change."""
    headers = request.headers
    if _CONDITIONS.isdisjoint(headers):
        return _whole(request, content)
    if _is_known(headers, content):
        content.close()
        return Answer(HTTPStatus.NOT_MODIFIED, content.about)
    part, asked = None, headers.get("range")
    if asked and request.method == "GET" and _is_still(headers, content):
        part = range_of(asked, content.size)
    if part is not None and not part:
        content.close()
        where = f"Content-Range: bytes */{content.size}\r\n"
        return say(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, request.method, where)
    if part is None:
        return _whole(request, content)
    lines = (
        f"{content.about}Content-Type: {content.type}\r\nContent-Length: {len(part)}\r\n"
        f"Content-Range: bytes {part.start}-{part.stop - 1}/{content.size}\r\n"
    )
    return Answer(status=HTTPStatus.PARTIAL_CONTENT, lines=lines, body=content.body, part=part)


def _whole(request: HttpRequest, content: Content) -> Answer:
    lines = f"{content.about}Content-Type: {content.type}\r\nContent-Length: {content.size}\r\n"
    part = range(content.size) if request.method == "GET" else _NOTHING
    return Answer(HTTPStatus.OK, lines, content.body, part)


def _is_known(headers: Mapping[str, str], content: Content) -> bool:
    """Whether the reader has the file in its present state."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or content.tag in re.findall(r'"[^"]*"', tags)
    return _is_date(headers.get("if-modified-since"), content)


def _is_still(headers: Mapping[str, str], content: Content) -> bool:
    """Whether the reader's part belongs to the present file."""
    condition = headers.get("if-range")
    if condition is None or condition.strip() == content.tag:
        return True
    return _is_date(condition, content)


def _is_date(text: str | None, content: Content) -> bool:
    # Exactly this time, not this or a later one: after a rollback the file is older.
    if not text or content.modified is None:
        return False
    try:
        return int(parsedate_to_datetime(text).timestamp()) == content.modified
    except (ValueError, TypeError, OverflowError, IndexError):
        return False


def range_of(header: str, size: int) -> range | None:
    """Return the bytes of a Range header; None for all, when it is not a valid single range.

    The range is empty when the file has none of them.

    >>> range_of("bytes=2-", 5), range_of("bytes=-2", 5), range_of("bytes=1-9", 5)
    (range(2, 5), range(3, 5), range(1, 5))
    >>> range_of("bytes=7-", 5), range_of("bytes=0-1,3-4", 5)
    (range(0, 0), None)
    """
    found = _RANGE.fullmatch(header.strip())
    if not found:
        return None
    first, last, suffix = found.groups()
    if suffix:
        return range(max(0, size - int(suffix)), size)
    start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return range(start, stop) if start < size else range(0)
