"""Reads requests, which come over a connection in pieces.

httptools (the parser of Node.js, llhttp) parses them. Bodies and other protocols, which a channel
does not need, end the connection after the answer, so that nothing can be smuggled in behind.
"""

from http import HTTPStatus

import httptools

from rootstock.serve.answers import HttpRequest

LONGEST = 32 * 1024  # bytes of a request's head
MOST = 100  # requests to accept before the first of them is answered

_BODY = {"content-length", "transfer-encoding"}


class Heads:
    """Reads the heads of requests.

    `begun` is true when there is a part of a head, `ended` when no more requests are accepted.
    """

    def __init__(self) -> None:
        self.begun = self.ended = False
        self._size = 0
        self._target = b""
        self._headers: dict[str, str] = {}
        self._found: list[HttpRequest | HTTPStatus] = []
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> list[HttpRequest | HTTPStatus]:
        """Return the requests that end in some bytes; for invalid ones, the status to answer."""
        if self.ended:
            return []
        found = self._found = []
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.ended = True  # the rest is for the other protocol
        except httptools.HttpParserInvalidMethodError:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        self._size = len(data) + (0 if found else self._size) if self.begun else 0
        if self._size > LONGEST:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return found

    def _refuse(self, status: HTTPStatus) -> None:
        if not self.ended:  # data after the last request are not read
            self._found.append(status)
            self.ended = True

    # The parser calls these.

    def on_message_begin(self) -> None:
        """Start a request."""
        self.begun = True
        self._target, self._headers = b"", {}

    def on_url(self, part: bytes) -> None:
        """Add a part of its target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Accept the request, without waiting for its body."""
        if self.ended:
            return
        self.begun = False
        parser, headers = self._parser, self._headers
        last = len(self._found) + 1 >= MOST or not _BODY.isdisjoint(headers)
        self.ended = last or not parser.should_keep_alive()
        method, target = parser.get_method().decode("latin-1"), self._target.decode("latin-1")
        version = parser.get_http_version()
        self._found.append(HttpRequest(method, target, version, headers, not self.ended))
