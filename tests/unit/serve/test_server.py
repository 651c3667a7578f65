"""The server as its readers meet it, over loopback, in a thread of the test."""

import asyncio
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootstock.channel.reader import Channel
from rootstock.core.errors import UsageError
from rootstock.serve import server as module
from rootstock.serve.connection import ConnectionLimits
from rootstock.serve.files import ServedFolder
from rootstock.serve.live import LivePage
from rootstock.serve.server import Server

MOST = 8
QUICK = ConnectionLimits(head=0.5, idle=2, progress=1, end=0.5)
ASK = b"GET /noarch/repodata.json HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = 30_000_000  # bytes, more than the system takes for a reader who does not read


class Site:
    """A server of a small channel, which runs until `close`."""

    def __init__(self, channel: Path, limits: ConnectionLimits, most: int = MOST) -> None:
        page = LivePage(Channel.at(channel), lambda url: f"page for {url}".encode())
        self.server = Server(
            ServedFolder(Channel.at(channel)), page, "127.0.0.1", 0, limits=limits, most=most
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self.server.run()))
        self._thread.start()

    def connect(self, room: int = 0) -> socket.socket:
        connection = socket.socket()
        if room:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", self.server.port))
        return connection

    def say(self, *parts: bytes) -> bytes:
        """What the server says to some bytes until it closes the connection."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return everything(connection)

    def close(self) -> None:
        self.server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()


def everything(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(1 << 20):
            received += part
    except ConnectionResetError:
        pass
    return received


def answer(connection: socket.socket) -> bytes:
    """One answer, whole."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, body = received.split(b"\r\n\r\n", 1)
    [length] = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    while len(body) < int(length[16:]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    folder = tmp_path / "channel/noarch"
    folder.mkdir(parents=True)
    (folder / "repodata.json").write_bytes(b"{}")
    with (folder / "large").open("wb") as file:
        file.truncate(LARGE)
    return tmp_path / "channel"


@pytest.fixture
def site(channel: Path) -> Iterator[Site]:
    running = Site(channel, QUICK)
    yield running
    running.close()


def test_slow_heads_do_not_stop_others(channel: Path) -> None:
    with ExitStack() as ended:
        site = Site(channel, ConnectionLimits(head=20))
        ended.callback(site.close)
        for _ in range(10 * MOST):
            ended.enter_context(site.connect()).sendall(b"GET / HT")
        started = time.monotonic()
        with site.connect() as reader:
            reader.sendall(ASK)
            assert answer(reader).endswith(b"{}")
        assert time.monotonic() - started < 10


def test_a_head_has_a_deadline_however_it_drips(site: Site) -> None:
    with site.connect() as slow:
        started = time.monotonic()
        try:
            while time.monotonic() - started < 15:
                slow.sendall(b"a" if time.monotonic() - started > 0.01 else b"GET /")
                time.sleep(0.1)
        except OSError:
            pass
        assert time.monotonic() - started < 10
    assert b" 408 " in site.say(b"GET / HT")
    assert site.say(b"") == b""
    assert b" 408 " in site.say(ASK, b"GET / HT")


def test_a_connection_without_requests_is_closed(site: Site) -> None:
    with site.connect() as reader:
        reader.sendall(ASK)
        answer(reader)
        started = time.monotonic()
        assert everything(reader) == b""
        assert 1 < time.monotonic() - started < 15


def test_who_does_not_read_is_closed(site: Site) -> None:
    target = b"GET /noarch/large HTTP/1.1\r\nHost: a\r\n\r\n"
    with site.connect(room=4096) as slow:
        slow.sendall(target)
        time.sleep(4)
        assert len(everything(slow)) < LARGE


def test_who_reads_slowly_gets_all(site: Site) -> None:
    with site.connect() as slow:
        slow.sendall(b"GET /noarch/large HTTP/1.0\r\n\r\n")
        received = 0
        while part := slow.recv(1 << 20):
            received += len(part)
            time.sleep(0.05)
        assert received > LARGE


def test_one_address_has_half_the_places(channel: Path) -> None:
    with ExitStack() as ended:
        site = Site(channel, ConnectionLimits())
        ended.callback(site.close)
        busy = [ended.enter_context(site.connect(room=4096)) for _ in range(MOST // 2)]
        for connection in busy:
            connection.sendall(b"GET /noarch/large HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(1)
        for _ in range(2 * MOST):  # also of those who try again before the others are gone
            more = ended.enter_context(site.connect())
            more.sendall(ASK)
            shown = more.recv(65536)
            assert shown.startswith(b"HTTP/1.1 503 ") and b"Retry-After: " in shown
        other = ended.enter_context(socket.socket())
        other.bind(("127.0.0.2", 0))
        other.settimeout(20)
        other.connect(("127.0.0.1", site.server.port))
        other.sendall(ASK)
        assert answer(other).endswith(b"{}")


def test_http_1_0_is_reported_that_its_connection_stays(site: Site) -> None:
    with site.connect() as reader:
        for _ in range(3):
            reader.sendall(b"GET /noarch/repodata.json HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert b"\r\nConnection: keep-alive\r\n" in answer(reader)
    shown = site.say(b"GET /noarch/repodata.json HTTP/1.0\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in shown and shown.endswith(b"{}")


def test_requests_in_a_row_are_answered_in_order(site: Site) -> None:
    row = [b"/noarch/repodata.json", b"/nothing", b"/", b"/noarch/large", b"/noarch/repodata.json"]
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in row)
    shown = site.say(asked + b"GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
    statuses = [part[:3] for part in shown.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200", b"200", b"200"]
    assert shown.endswith(b"page for http://b")


def test_who_sends_no_more_gets_what_was_asked_for(site: Site) -> None:
    with site.connect() as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + ASK)
        reader.shutdown(socket.SHUT_WR)
        shown = everything(reader)
    assert shown.count(b" 200 OK") == 2 and shown.endswith(b"{}")


def test_readers_who_go_away(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    for said in (b"", b"GET", ASK, b"GET /noarch/large HTTP/1.1\r\nHost: a\r\n\r\n" * 3):
        for linger in (struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)):
            with site.connect() as reader:
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                reader.sendall(said)
    assert site.say(ASK.replace(b"1.1", b"1.0")).endswith(b"{}")
    site.close()
    assert capfd.readouterr() == ("", "")


def test_an_answer_that_cannot_be_made(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(path: str) -> None:
        raise OSError(f"the disk\x1b[2J\n says no to {path}")

    monkeypatch.setattr(site.server._folder, "open", fail)
    for _ in range(3):
        shown = site.say(ASK.replace(b"1.1", b"1.0"))
        assert shown.startswith(b"HTTP/1.1 500 ") and b"disk" not in shown
    site.close()
    output, errors = capfd.readouterr()
    assert not output and errors.count("\n") == 1 and "\x1b" not in errors
    assert "says no to noarch/repodata.json" in errors and "Traceback" not in errors


def test_a_file_that_is_cut_ends_the_connection(site: Site, channel: Path) -> None:
    with site.connect(room=4096) as reader:
        reader.sendall(b"GET /noarch/large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reader.recv(1)
        with (channel / "noarch/large").open("r+b") as file:
            file.truncate(1000)
        assert len(everything(reader)) < LARGE
    assert site.say(ASK.replace(b"1.1", b"1.0")).endswith(b"{}")


HOSTILE: Any = st.sampled_from(
    [
        *(b"GET", b"HEAD", b"POST", b" ", b"/", b"//", b"/..", b"/%2e%2e", b"/%00", b"%", b"*"),
        *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"\r\n", b"Host: a", b"Host: [", b"http://[/"),
        *(b"Range: bytes=", b"9" * 30, b"-", b",", b"If-Range: x", b"If-None-Match: *"),
        *(b"If-Modified-Since: Mon, 99 Foo 0000 99:99:99", b"\xff", b"\0", b":", b"?", b"#"),
        b"GET /noarch/repodata.json HTTP/1.1\r\nHost: a\r\n",
    ]
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(HOSTILE, max_size=12).map(b"".join))
def test_hostile_requests_do_no_harm(
    site: Site, capfd: pytest.CaptureFixture[str], said: bytes
) -> None:
    shown = site.say(said + b"\r\n\r\nGET / HTTP/1.0\r\n\r\n")
    assert shown.startswith(b"HTTP/1.1 ") and b" 500 " not in shown
    assert capfd.readouterr().err == ""


def test_an_address_that_cannot_be_had(site: Site, channel: Path) -> None:
    page = LivePage(Channel.at(channel), lambda url: b"")
    for host, port in (("127.0.0.1", site.server.port), ("no.such.invalid", 0), ("a\0b", 0)):
        with pytest.raises(UsageError, match="Cannot listen on"):
            Server(ServedFolder(Channel.at(channel)), page, host, port)


def test_how_many_connections_open_files_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(256, 512)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    assert module._places() == (512 - 64) // 2
    limits.append((1024, 1_000_000))
    assert module._places() == 1024 and limits[-1][0] == 2 * 1024 + 64
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert module._places() == 1024
