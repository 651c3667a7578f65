"""A web server for one channel: it reads, and does nothing else.

HTTP/1.1 of RFC 9110: GET and HEAD, connections that stay open, conditional requests, one range
of bytes at a time (several are answered with the whole, which the RFC allows). It is for a
channel in a group's network, for trying one out, and for tests; in front of the world belongs a
server that was made for it, and docs/serving.md shows how.
"""

import re
import socket
import socketserver
import sys
import threading
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from rootstock.errors import UsageError
from rootstock.serve.files import Content, Folder

_MOST = 256  # connections at a time; others wait
_IDLE = 60  # seconds without a byte after which a connection is closed
_METHODS = "GET, HEAD"
# The page needs its own style and nothing else, whatever is written into it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


class Server(ThreadingHTTPServer):
    """A server of a channel's folder; `serve_forever` runs it. Port 0 is any that is free.

    `url` is the channel's address, where readers reach it at another one than they ask for.
    Raises `UsageError` when the address cannot be had.
    """

    daemon_threads = True
    request_queue_size = 128
    # Two servers on one port would each get some of the readers.
    allow_reuse_port = False

    def __init__(
        self, folder: Folder, host: str, port: int, *, url: str = "", log: bool = False
    ) -> None:
        self.folder, self.public, self.log = folder, url, log
        self._free = threading.BoundedSemaphore(_MOST)
        try:
            [(self.address_family, _, _, _, address), *_] = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            super().__init__((str(address[0]), port), _Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"Cannot listen on {host}, port {port}: {error}",
                "Choose another with --host and --port; --port 0 takes one that is free.",
            ) from error

    @property
    def host(self) -> str:
        """The address it listens on."""
        return str(self.server_address[0])

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The channel's address, as far as it can be known without being asked."""
        if self.public:
            return self.public
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def server_bind(self) -> None:
        """Take the address, and do not ask for its name: that may take a minute."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.port

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, once there is one to spare."""
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection's requests."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong; that a reader went away is nothing wrong."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"{client_address[0]}: {error!r}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    # Headers and body are two packets, and the second must not wait for an answer to the first.
    disable_nagle_algorithm = True
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain"

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer()

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Refuse what would write."""
        # What it sends along is not read, so nothing can follow it.
        self.close_connection = True
        self._say(HTTPStatus.METHOD_NOT_ALLOWED, Allow=_METHODS)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_POST  # noqa: N815

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def _answer(self) -> None:
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version == "HTTP/1.1"):
            return self._say(HTTPStatus.BAD_REQUEST)
        if hosts and not _HOST.fullmatch(hosts[0]):
            return self._say(HTTPStatus.BAD_REQUEST)
        url = self._server.public or (f"http://{hosts[0]}" if hosts else self._server.url)
        try:
            content = self._server.folder.open(self.path, url)
        except Exception as error:
            print(f"{self.path!r}: {error}", file=sys.stderr, flush=True)
            return self._say(HTTPStatus.INTERNAL_SERVER_ERROR)
        if content is None:
            return self._say(HTTPStatus.NOT_FOUND)
        with content.file:
            return self._give(content)

    def _give(self, content: Content) -> None:
        if self._is_known(content):
            return self._head(HTTPStatus.NOT_MODIFIED, content, {})
        part = None
        if (
            self.command == "GET"
            and (asked := self.headers.get("Range"))
            and self._is_still(content)
        ):
            part = range_of(asked, content.size)
        if part is not None and not part:
            return self._say(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                **{"Content-Range": f"bytes */{content.size}"},
            )
        status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
        headers = {"Content-Type": content.type}
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.size}"
        else:
            part = range(content.size)
        self._head(status, content, {**headers, "Content-Length": str(len(part))})
        if self.command == "GET" and part:
            sent = self.connection.sendfile(content.file, part.start, len(part))
            if sent < len(part):  # somebody cut the file; only the end of the connection tells
                self.close_connection = True
        return None

    def _is_known(self, content: Content) -> bool:
        """Whether the reader has the file as it is."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or content.tag in re.findall(r'"[^"]*"', tags)
        return self._is_date(self.headers.get("If-Modified-Since"), content)

    def _is_still(self, content: Content) -> bool:
        """Whether what the reader has a part of is what there is."""
        condition = self.headers.get("If-Range")
        if condition is None or condition.strip() == content.tag:
            return True
        return self._is_date(condition, content)

    @staticmethod
    def _is_date(text: str | None, content: Content) -> bool:
        # Just this time, not this one or later: after a rollback the file is an older one.
        if not text or content.modified is None:
            return False
        try:
            return int(parsedate_to_datetime(text).timestamp()) == content.modified
        except (ValueError, TypeError, OverflowError):
            return False

    def _head(self, status: HTTPStatus, content: Content, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("ETag", content.tag)
        self.send_header("Cache-Control", content.cache)
        self.send_header("Accept-Ranges", "bytes")
        if content.modified is not None:
            self.send_header("Last-Modified", formatdate(content.modified, usegmt=True))
        if content.type.startswith("text/html"):
            self.send_header("Content-Security-Policy", _POLICY)
            self.send_header("Vary", "Host")
        for name, value in headers.items():
            self.send_header(name, value)
        self._end()

    def _say(self, status: HTTPStatus, **headers: str) -> None:
        """Answer with nothing but a status, in a line of text."""
        text = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-cache")
        for name, value in headers.items():
            self.send_header(name, value)
        self._end()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _end(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def version_string(self) -> str:
        """What answers; not in which version, which is nobody's business."""
        return "rootstock"

    def log_message(self, format: str, *values: Any) -> None:  # noqa: A002
        """Log a request, if that is asked for; nothing in it can move a terminal's cursor."""
        if self._server.log:
            told = ascii(format % values)[1:-1]
            print(f"{self.address_string()} {told}", file=sys.stderr, flush=True)


def range_of(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for; None for all, when it says nothing one can follow.

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
