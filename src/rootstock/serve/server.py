"""A web server for one channel: it reads, and does nothing else.

HTTP/1.1 and 1.0, on one thread: connections cost little, so that those who are slow are no
trouble for the others. It is for a channel in a group's network, for trying one out, and for
tests; in front of the world belongs a server that was made for it, and docs/serving.md shows how.
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

from rootstock.core.errors import UsageError
from rootstock.serve import answers
from rootstock.serve.answers import Answer, Request
from rootstock.serve.connection import Connection, Limits
from rootstock.serve.files import PAGE, Folder, path_of
from rootstock.serve.lines import Lines
from rootstock.serve.live import LivePage

_MOST = 1024  # connections at a time
_FILES = 64  # open files that are none of connections
_REFUSED = 32  # connections without a place that are told so at a time
_BACKLOG = 128  # connections that wait to be accepted
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Server:
    """A server of a channel's folder. Port 0 is any that is free.

    It listens from the beginning; `run` answers. `url` is the channel's address, where readers
    reach it at another one than they ask for. `most` is how many connections there may be; one
    address has at most half of them. Raises `UsageError` when the address cannot be had.
    """

    def __init__(
        self,
        folder: Folder,
        page: LivePage,
        host: str,
        port: int,
        *,
        url: str = "",
        log: bool = False,
        limits: Limits | None = None,
        most: int = 0,
    ) -> None:
        self.limits = limits or Limits()
        self.date = formatdate(usegmt=True)
        self._folder, self._page, self._public, self._log = folder, page, url, log
        self._most = most or _places()
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._refused: set[Connection] = set()  # which are told so, and then closed
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._lines = Lines()
        self._told = ""
        self._ended: asyncio.Event | None = None
        self._socket = _listen(host, port)
        self.host, self.port = (self._socket.getsockname()[:2])[0], self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The channel's address, as far as it can be known without being asked."""
        if self._public:
            return self._public
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    async def run(self) -> None:
        """Answer until `stop`, or until the process is told to end; call it once."""
        loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        loop.set_exception_handler(self._unexpected)
        with _told_to_end(loop, self.stop):
            server = await loop.create_server(
                lambda: Connection(self), sock=self._socket, backlog=_BACKLOG
            )
            with contextlib.suppress(Exception):  # whoever asks for it hears of it
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
            await asyncio.sleep(0)  # in which connections hear that they ended
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

    # What connections ask for.

    def answer(self, request: Request) -> Answer | Awaitable[Answer]:
        """The answer to a request."""
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

    def _give(self, request: Request, path: str) -> Answer:
        content = self._folder.open(path)
        if content is None:
            return answers.say(HTTPStatus.NOT_FOUND, request.method)
        return answers.give(request, content)

    async def _learn(self, request: Request, path: str) -> Answer:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._folder.learn)
        return self._give(request, path)

    async def _show(self, request: Request) -> Answer:
        host = request.headers.get("host")
        content = await self._page.at(self._public or (f"http://{host}" if host else self.url))
        if content is None:
            return answers.say(
                HTTPStatus.SERVICE_UNAVAILABLE,
                request.method,
                "Retry-After: 5\r\nRefresh: 5\r\n",
                "The page is being made. The channel can be installed from.",
            )
        return answers.give(request, content)

    def answered(self, address: str, request: Request | None, status: HTTPStatus) -> None:
        """Log a request, if that is asked for."""
        if self._log:
            asked = f"{request.method} {request.target} HTTP/{request.version}" if request else "-"
            self._lines.tell(f'{address} "{asked}" {status.value} -')

    def failed(self, address: str, error: BaseException) -> Answer:
        """Say what went wrong, to who runs the server and not to who reads; once in a row."""
        told = " ".join(str(error).split()) or repr(error)
        if told != self._told:
            self._told = told
            self._lines.tell(f"{address}: {told}")
        return answers.say(HTTPStatus.INTERNAL_SERVER_ERROR)

    def enter(self, connection: Connection) -> bool:
        """Take a connection. Who waits longest for its reader makes room, if any does."""
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
        """Let a connection go."""
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
            # A port of a server that just ended; two servers on one port are not possible.
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
    """How many connections the limit of open files allows: each may have a file open."""
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
def _told_to_end(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Any:
    """Call `stop` for the signals that end a process, but not for those that it was to ignore."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number in _SIGNALS if before[number] != signal.SIG_IGN]
    try:
        for number in heard:
            # Not in the main thread, as in tests, no signal can be heard.
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, stop)
        yield
    finally:
        for number in heard:
            with contextlib.suppress(RuntimeError, ValueError):
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
