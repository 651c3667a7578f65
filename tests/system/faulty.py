"""A server of the tests that fails as a test asks: any status, a cut connection, a hang."""

import contextlib
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

# `half` cuts the connection in the midst of the request's body, `after` when all was done.
How = Literal["half", "after", "hang"] | int


@dataclass
class Fault:
    """What goes wrong at a step, how often from which time on."""

    step: str
    how: How
    times: int = 1_000_000
    spare: int = 0

    def strikes(self) -> bool:
        """Whether it is this time, which is counted."""
        self.spare -= 1
        self.times -= self.spare < 0
        return self.spare < 0 <= self.times


@dataclass
class State:
    """What all requests share: the lock, the faults, what was asked."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    faults: list[Fault] = field(default_factory=list)
    met: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)


class Answer(Exception):
    """Ends a request with a status and a body."""

    def __init__(self, status: int, body: object = None) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body or {}).encode()


class Faulty(BaseHTTPRequestHandler):
    """Requests to a server that has a `State`, as `server.state`."""

    protocol_version = "HTTP/1.1"

    @property
    def state(self) -> State:
        found: State = self.server.state  # type: ignore[attr-defined]
        return found

    def log_message(self, *args: Any) -> None:
        pass

    def step(self) -> str:
        """What the request is in the protocol."""
        raise NotImplementedError

    def act(self, body: bytes) -> None:
        """Do what is asked, under the lock; ends with an `Answer`."""
        raise NotImplementedError

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        step, state = self.step(), self.state
        with state.lock:
            state.asked.append((step, self.path, self.headers.get("Authorization", "")))
            how = next((f.how for f in state.faults if f.step == step and f.strikes()), None)
            state.met += how is not None
        if how == "half":
            self.rfile.read(length // 2)
            self.cut()
            return
        body = self.rfile.read(length)
        if how == "hang":
            state.end.wait(60)
            self.cut()
            return
        try:
            if isinstance(how, int):
                raise Answer(how, {"error": f"made to fail with {how}"})
            with state.lock:
                self.act(body)
            raise AssertionError("no answer")
        except Answer as answer:
            if how == "after":
                self.cut()
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any  # noqa: N815

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True


@contextlib.contextmanager
def serving(handler: type[Faulty], state: State) -> Iterator[str]:
    """A server on loopback in a thread, until the end of the block; gives its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.state = state  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        state.end.set()
        server.shutdown()
        thread.join()
        server.server_close()


def form(body: bytes, content_type: str) -> dict[str, bytes]:
    """The fields of a multipart form."""
    found = re.search("boundary=(.+)", content_type)
    assert found, content_type
    fields = {}
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        assert name, head
        fields[name[1].decode()] = content.removesuffix(b"\r\n")
    return fields


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
