"""A reader's connection: requests come in, answers go out, and time limits end slow ones."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, cast

from rootstock.serve import answers
from rootstock.serve.answers import Answer, HttpRequest
from rootstock.serve.heads import Heads

_CHUNK = 256 * 1024  # bytes of a body to read at a time
_BUFFER = memoryview(bytearray(64 * 1024))  # one for all, because there is one thread
_STARTS = {one: f"HTTP/1.1 {one.value} {one.phrase}\r\nServer: rootstock\r\n" for one in HTTPStatus}


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """Limits of time for each state of a connection, in seconds.

    `head`: for the whole head of a request, and from the connection to the first of them. `idle`:
    between an answer and the next request. `progress`: for 256 kB of an answer, or for the amount
    that the system takes at once. `end`: for a reader to close what this side has closed.
    """

    head: float = 10
    idle: float = 60
    progress: float = 60
    end: float = 2


class Site(Protocol):
    """The interface that a connection asks for answers, and to which it reports."""

    limits: ConnectionLimits
    date: str

    def answer(self, request: HttpRequest) -> Answer | Awaitable[Answer]:
        """Return the answer to a request."""

    def answered(self, address: str, request: HttpRequest | None, status: HTTPStatus) -> None:
        """Record an answered request; None for one that was not a request."""

    def failed(self, address: str, error: BaseException) -> Answer:
        """Record that an answer could not be made, and return what to answer."""

    def enter(self, connection: "Connection") -> bool:
        """Record a connection; return whether there is a place for it."""

    def leave(self, connection: "Connection") -> None:
        """Record that a connection ended."""


class Connection(asyncio.BufferedProtocol):
    """A connection. `address` is the reader's, `since` the start of its present state."""

    address = ""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._heads = Heads()
        self._waiting: deque[HttpRequest | HTTPStatus] = deque()
        self._answer: Answer | None = None  # its body is being sent, from `_at` on
        self._at = 0
        self._later: asyncio.Future[Answer] | None = None  # an answer in preparation
        self._unsent = False  # whether the system has not taken everything yet
        self._reading = True  # whether it expects a head
        self._ending = self._heard_all = False
        self.since = self._loop.time()

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its reader to request something, or to go."""
        return not (self._answer or self._later or self._unsent)

    def close(self) -> None:
        """End it, whatever its state."""
        self._transport.abort()

    def look(self, now: float) -> None:
        """End it when its present state took too long."""
        limits = self._site.limits
        if self._ending:
            limit = limits.end
        elif self._later:
            return  # the reader cannot speed this up
        elif not self.is_waiting:
            limit = limits.progress
        else:
            limit = limits.head if self._reading else limits.idle
        if now - self.since <= limit:
            return
        if self.is_waiting and self._heads.begun and not self._ending:
            self._send(None, answers.say(HTTPStatus.REQUEST_TIMEOUT))
            self._end()
        else:
            self.close()

    # The event loop calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        self._transport = cast(asyncio.Transport, transport)
        # With 0, the loop reports every byte that the system did not take at once.
        self._transport.set_write_buffer_limits(high=0)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        if not self._site.enter(self) and not self._transport.is_closing():
            self._send(None, answers.say(HTTPStatus.SERVICE_UNAVAILABLE, "", "Retry-After: 10\r\n"))
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """Release everything."""
        self._site.leave(self)
        self._waiting.clear()
        if self._answer:
            self._answer.close()
        if self._later:
            self._later.cancel()

    def get_buffer(self, size: int) -> memoryview:
        """Return the buffer for the reader's data; it is emptied before more data come."""
        return _BUFFER

    def buffer_updated(self, size: int) -> None:
        """Process the reader's data."""
        if self._ending:
            return
        if found := self._heads.feed(bytes(_BUFFER[:size])):
            self._waiting.extend(found)
            self._go_on()
        elif self._heads.begun and not self._reading:
            self._reading, self.since = True, self._loop.time()

    def eof_received(self) -> bool:
        """Note that the reader sends no more; it may still want its answers."""
        self._heard_all = True
        return bool(self._waiting or not self.is_waiting)

    def pause_writing(self) -> None:
        """Note that the system did not take everything."""
        self._unsent = True

    def resume_writing(self) -> None:
        """Note that the system took everything."""
        self._unsent = False
        self._continue()

    # Answers, one after the other.

    def _go_on(self) -> None:
        self.since = self._loop.time()
        while self._waiting and self.is_waiting:
            self._take(self._waiting.popleft())
        if self._transport.is_closing():
            return
        if not self.is_waiting:
            self._transport.pause_reading()
        elif self._heads.ended or self._heard_all:
            self._end()
        else:
            self._reading = self._heads.begun
            self._transport.resume_reading()

    def _take(self, request: HttpRequest | HTTPStatus) -> None:
        if isinstance(request, HTTPStatus):
            self._send(None, answers.say(request))
            return
        try:
            found = self._site.answer(request)
        except Exception as error:
            found = self._site.failed(self.address, error)
        if isinstance(found, Answer):
            self._send(request, found)
        else:
            self._later = asyncio.ensure_future(found)
            self._later.add_done_callback(lambda made: self._made(request, made))

    def _made(self, request: HttpRequest, made: "asyncio.Future[Answer]") -> None:
        self._later = None
        if made.cancelled():
            return
        error = made.exception()
        answer = self._site.failed(self.address, error) if error else made.result()
        if self._transport.is_closing():
            answer.close()
            return
        self._send(request, answer)
        self._go_on()

    def _send(self, request: HttpRequest | None, answer: Answer) -> None:
        stays = request is not None and request.stays and not self._heard_all
        if not stays:
            kept = "Connection: close\r\n"
        elif request and request.version == "1.0":
            kept = "Connection: keep-alive\r\n"  # a reader of this version does not assume it
        else:
            kept = ""
        status = answer.status
        head = (
            f"{_STARTS[status]}Date: {self._site.date}\r\n{answer.lines}{kept}"
            "X-Content-Type-Options: nosniff\r\n\r\n"
        ).encode("latin-1")
        self._site.answered(self.address, request, status)
        part = answer.part
        if isinstance(answer.body, bytes):
            self._transport.write(head + answer.body[part.start : part.stop])
        elif part:
            self._answer, self._at = answer, part.start
            self._transport.write(head)
            if not self._unsent:
                self._more(answer)
        else:
            answer.close()
            self._transport.write(head)

    def _continue(self) -> None:
        if self._transport.is_closing():
            return
        self.since = self._loop.time()
        if self._answer and not self._unsent:
            self._more(self._answer)
        if self.is_waiting and not self._ending:
            self._go_on()

    def _more(self, answer: Answer) -> None:
        """Send the next piece of a body."""
        assert not isinstance(answer.body, bytes)
        left = answer.part.stop - self._at
        try:
            data = answer.body.piece(self._at, min(_CHUNK, left))
        except OSError as error:
            self._site.failed(self.address, error)
            data = b""
        if not data:  # somebody truncated the file; only closing the connection shows that
            self.close()
            return
        self._at += len(data)
        if len(data) == left:
            answer.close()
            self._answer = None
        self._transport.write(data)
        if self._answer and not self._unsent:
            self._loop.call_soon(self._continue)  # others first

    def _end(self) -> None:
        """Announce the end, and wait for the reader to close, who may still be reading."""
        self._ending, self.since = True, self._loop.time()
        if self._heard_all:
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the reader went away
            self.close()
            return
        with contextlib.suppress(RuntimeError):
            self._transport.resume_reading()
