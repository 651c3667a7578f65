"""A read-only web server for one channel.

HTTP/1.1 and 1.0, on one thread: connections cost little, so that slow readers do not disturb
others. It is for a channel in a group's network, for trying one out, and for tests. For the public,
use a dedicated web server, as in docs/serving.md.
"""

import asyncio
import contextlib
import resource
import signal
import socket
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from rootstock.channel.layout import PAGE
from rootstock.core.errors import UsageError
from rootstock.serve import answers
from rootstock.serve.answers import Answer, HttpRequest
from rootstock.serve.connection import Connection, ConnectionLimits
from rootstock.serve.files import ServedFolder, path_of
from rootstock.serve.lines import Lines
from rootstock.serve.live import LivePage

_MOST = 1024  # parallel connections
_FILES = 64  # open files that do not belong to connections
_REFUSED = 32  # refused connections that get an answer at a time
_BACKLOG = 128  # connections that wait to be accepted
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Server:
    """A server of a channel's folder. Port 0 means any free port.

    It listens from the beginning; `run` answers. `url` is the channel's public address, if it
    differs from the requested one. `most` is the largest number of connections; one address has at
    most half of them. Raises `UsageError` when the address is not available.
    """

    def __init__(
        self,
        folder: ServedFolder,
        page: LivePage,
        host: str,
        port: int,
        *,
        url: str = "",
        log: bool = False,
        limits: ConnectionLimits | None = None,
        most: int = 0,
    ) -> None:
        self.limits = limits or ConnectionLimits()
        self.date = formatdate(usegmt=True)
        self._folder, self._page, self._public, self._log = folder, page, url, log
        self._most = most or _places()
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._refused: set[Connection] = set()  # these get an answer and are then closed
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._lines = Lines()
        self._last_error = ""
        self._ended: asyncio.Event | None = None
        self._socket = _listen(host, port)
        self.host, self.port = (self._socket.getsockname()[:2])[0], self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The channel's address, as far as the server knows it without a request."""
        if self._public:
            return self._public
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    async def run(self) -> None:
        """Answer until `stop`, or until a signal ends the process; call it once."""
        loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        loop.set_exception_handler(self._unexpected)
        with _until_signal(loop, self.stop):
            server = await loop.create_server(
                lambda: Connection(self), sock=self._socket, backlog=_BACKLOG
            )
            with contextlib.suppress(Exception):  # the reader who requests it gets the error
                self._page.begin()
            loop.run_in_executor(self._pool, self._folder.learn)
            watch = asyncio.ensure_future(self._watch())
            await self._ended.wait()
            server.close()
            watch.cancel()
            for connection in (*self._all(), *self._refused):
                connection.close()
            self._page.close()
            self._pool.shutdown(wait=False, cancel_futures=True)
            await asyncio.sleep(0)  # meanwhile connections notice that they ended
        self._lines.close()

    def stop(self) -> None:
        """End `run`."""
        if self._ended:
            self._ended.set()

    async def _watch(self) -> None:
        """End, each second, the connections that took too long."""
        while True:
            self.date = formatdate(usegmt=True)
            now = asyncio.get_running_loop().time()
            for connection in (*self._all(), *self._refused):
                connection.look(now)
            await asyncio.sleep(min(1.0, self.limits.head))

    # Connections call these.

    def answer(self, request: HttpRequest) -> Answer | Awaitable[Answer]:
        """Return the answer to a request."""
        if refused := answers.refusal(request):
            return refused
        path = path_of(request.target)
        if path in ("", PAGE):
            if not self._folder.has_page():
                return self._show(request)
            path = PAGE
        if path is None:
            return answers.say(HTTPStatus.NOT_FOUND, request.method)
        if not self._folder.knows(path):
            return self._learn(request, path)
        return self._give(request, path)

    def _give(self, request: HttpRequest, path: str) -> Answer:
        content = self._folder.open(path)
        if content is None:
            return answers.say(HTTPStatus.NOT_FOUND, request.method)
        return answers.give(request, content)

    async def _learn(self, request: HttpRequest, path: str) -> Answer:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._folder.learn)
        return self._give(request, path)

    async def _show(self, request: HttpRequest) -> Answer:
        host = request.headers.get("host")
        content = await self._page.at(self._public or (f"http://{host}" if host else self.url))
        if content is None:
            return answers.say(
                HTTPStatus.SERVICE_UNAVAILABLE,
                request.method,
                "Retry-After: 5\r\nRefresh: 5\r\n",
                "The page is not ready yet, but the channel is.",
            )
        return answers.give(request, content)

    def answered(self, address: str, request: HttpRequest | None, status: HTTPStatus) -> None:
        """Log a request, if requested."""
        if self._log:
            asked = f"{request.method} {request.target} HTTP/{request.version}" if request else "-"
            self._lines.write(f'{address} "{asked}" {status.value} -')

    def failed(self, address: str, error: BaseException) -> Answer:
        """Report an error to the server's operator, not to the reader; once in a row."""
        message = " ".join(str(error).split()) or repr(error)
        if message != self._last_error:
            self._last_error = message
            self._lines.write(f"{address}: {message}")
        return answers.say(HTTPStatus.INTERNAL_SERVER_ERROR)

    def enter(self, connection: Connection) -> bool:
        """Accept a connection. The one that waits longest for its reader makes room, if any."""
        own = self._connections[connection.address]
        if len(own) >= self._most // 2:
            there = self._make_room(own)
        elif len(every := self._all()) >= self._most:
            there = self._make_room(every)
        else:
            there = True
        if there:
            self._connections[connection.address].add(connection)
        elif len(self._refused) < _REFUSED:
            self._refused.add(connection)
        else:
            connection.close()
        return there

    def _make_room(self, many: Iterable[Connection]) -> bool:
        waiting = [one for one in many if one.is_waiting]
        if waiting:
            oldest = min(waiting, key=lambda one: one.since)
            oldest.close()
            self.leave(oldest)
        return bool(waiting)

    def leave(self, connection: Connection) -> None:
        """Remove a connection."""
        self._refused.discard(connection)
        self._connections[connection.address].discard(connection)
        if not self._connections[connection.address]:
            del self._connections[connection.address]

    def _all(self) -> list[Connection]:
        return [one for many in self._connections.values() for one in many]

    def _unexpected(self, loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
        self.failed("", about.get("exception") or RuntimeError(about["message"]))


def _listen(host: str, port: int) -> socket.socket:
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listening = socket.socket(family, kind)
        try:
            # Allow a port of a server that just ended; two servers on one port remain impossible.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
        return listening
    except (OSError, OverflowError, ValueError) as error:
        raise UsageError(
            f"Cannot listen on {host}, port {port}: {error}",
            "Choose another with --host and --port; --port 0 takes one that is free.",
        ) from error


def _places() -> int:
    """Return how many connections the limit of open files allows: each may have a file open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST + _FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return _MOST
    return max(2, min(_MOST, (soft - _FILES) // 2))


@contextlib.contextmanager
def _until_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Any:
    """Call `stop` for the signals that end a process, except for ignored ones."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = [number for number in _SIGNALS if before[number] != signal.SIG_IGN]
    try:
        for number in handled:
            # Outside the main thread, as in tests, no signal arrives.
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, stop)
        yield
    finally:
        for number in handled:
            with contextlib.suppress(RuntimeError, ValueError):
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
