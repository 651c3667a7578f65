"""The web server: as clients use it, while the channel changes under it."""

import getpass
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.layout import SETTINGS

from ..channels import promote

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-I", "-m", "rootstock")


@dataclass
class Served:
    """A channel, and the address at which it is served."""

    channel: Path
    host: str
    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=20)

    def ask(self, target: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        connection = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def page(self, host: str) -> tuple[int, Any, bytes]:
        """The page, which may have to be made."""
        deadline = time.monotonic() + 120
        while (said := self.ask("/", Host=host))[0] == 503 and time.monotonic() < deadline:
            assert said[1]["Retry-After"]
        return said

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection((self.host, self.port), timeout=20) as connection:
            connection.sendall(request)
            received = b""
            while part := connection.recv(65536):
                received += part
        return received


@pytest.fixture
def served(package: Any, tmp_path: Path) -> Iterator[Served]:
    """A channel with a package of 3 MB, served by the command until the test ends."""
    channel = tmp_path / "channel"
    big = package("big", files={"share/big": os.urandom(3_000_000)})
    promote([big, package("small", depends=["big"])], channel)
    process = subprocess.Popen(
        [*COMMAND, "serve", "--channel", str(channel), "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = json.loads(process.stdout.readline())
    yield Served(channel, said["host"], said["port"], process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


BIG = "/linux-64/big-1.0-h0_0.conda"


def test_conditional_requests_and_ranges(served: Served) -> None:
    whole = (served.channel / BIG[1:]).read_bytes()
    status, headers, body = served.ask(BIG)
    assert (status, body) == (200, whole)
    tag, modified = headers["ETag"], headers["Last-Modified"]
    status, head, body = served.ask(BIG, "HEAD")
    assert (status, body, head["Content-Length"]) == (200, b"", str(len(whole)))
    assert "Content-Encoding" not in served.ask("/noarch/repodata.json.zst")[1]

    known: list[dict[str, str]] = [
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": modified},
    ]
    for condition in known:
        status, headers, body = served.ask(BIG, **condition)
        assert (status, body, headers["ETag"]) == (304, b"", tag), condition
    other: list[dict[str, str]] = [
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ]
    for condition in other:
        assert served.ask(BIG, **condition)[0] == 200, condition

    status, headers, body = served.ask(BIG, Range="bytes=100-199")
    assert (status, body) == (206, whole[100:200])
    assert headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert served.ask(BIG, Range="bytes=-7")[2] == whole[-7:]
    for validator in (tag, modified):
        assert served.ask(BIG, Range="bytes=5-", If_Range=validator)[2] == whole[5:]
    for validator in ('"other"', f"W/{tag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert served.ask(BIG, Range="bytes=5-", If_Range=validator)[::2] == (200, whole)
    status, headers, _ = served.ask(BIG, Range=f"bytes={len(whole)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert served.ask(BIG, "HEAD", Range="bytes=0-9")[0] == 200


def test_requests_that_are_refused(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, headers, _ = served.ask("/noarch/repodata.json", method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    for target in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/.rootstock/lock"):
        assert served.ask(target)[0] == 404
    assert b" 400 " in served.raw(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    bad = b"GET / HTTP/1.1\r\nHost: <b>\r\nConnection: close\r\n\r\n"
    assert b" 400 " in served.raw(bad) and b"<b>" not in served.raw(bad)
    # What follows a body that was not asked for must not be taken for a request.
    smuggled = (
        b"GET /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /noarch/repodata.json"
    )
    assert served.raw(smuggled).count(b"HTTP/1.1") == 1


def test_a_connection_stays_open(served: Served) -> None:
    connection = served.connect()
    connection.connect()
    first = connection.sock
    for target, status in [(BIG, 200), ("/nothing", 404), ("/noarch/repodata.json", 200)] * 5:
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock) == (status, first)
    connection.close()


def test_the_page_is_for_whoever_asks(served: Served) -> None:
    status, headers, body = served.page("here.example:81")
    assert status == 200 and b"-c http://here.example:81 big" in body
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert served.ask("/", Host="here.example:81", If_None_Match=headers["ETag"])[0] == 304
    assert served.ask("/", Host="there.example", If_None_Match=headers["ETag"])[0] == 200


def test_readers_during_promotions(served: Served, package: Any) -> None:
    """Twenty readers: every index is whole and of one generation, all that it names is there."""
    ended, failures, seen = threading.Event(), [], set()

    def read() -> None:
        connection = served.connect()
        try:
            while not ended.is_set():
                connection.request("GET", "/linux-64/repodata.json")
                names = list(json.loads(connection.getresponse().read())["packages.conda"])
                seen.add(len(names))
                connection.request("HEAD", f"/linux-64/{names[-1]}")
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(20)]
    for reader in readers:
        reader.start()
    for number in range(10):
        fresh = [package(f"p{n}", f"{number}.0") for n in range(10)]
        promote(fresh, served.channel)
        time.sleep(0.05)
    ended.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert all(count % 10 == 2 for count in seen) and len(seen) > 3


def test_a_package_manager_installs_from_it(served: Served, tmp_path: Path) -> None:
    home = {**os.environ, "ROOTSTOCK_HOME": str(tmp_path / "store")}
    done = subprocess.run(
        [*COMMAND, "env", str(tmp_path / "env"), "small", "--channel", served.url],
        env=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "env/share/big").stat().st_size == 3_000_000


def test_a_port_that_is_taken(served: Served) -> None:
    words = ["serve", "--channel", str(served.channel), "--port", str(served.port)]
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert f"Cannot listen on 127.0.0.1, port {served.port}" in done.stderr


def test_a_folder_that_is_no_channel(tmp_path: Path) -> None:
    words = ["serve", "--channel", str(tmp_path), "--port", "0"]
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "is not a channel" in done.stderr


def test_nginx_answers_alike(served: Served, tmp_path: Path) -> None:
    """The configuration in docs/serving.md gives the same files, types, ranges and caching."""
    (served.channel / "more.yml").write_text("a: 1\n")
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx:
        pytest.skip("nginx is not installed")
    [shown] = re.findall(r"```nginx\n(.*?)```", (CHECKOUT / "docs/serving.md").read_text(), re.S)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = shown.replace("/srv/channel", str(served.channel)).replace(
        "listen 80;", f"listen 127.0.0.1:{port};"
    )
    assert ours.count(str(served.channel)) == 2 and str(port) in ours
    work = tmp_path / "nginx"
    work.mkdir()
    places = "\n".join(
        f"{name}_temp_path {work}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (work / "nginx.conf").write_text(
        f"user {getpass.getuser()}; daemon off; pid {work}/pid; error_log {work}/errors;\n"
        f"events {{}}\nhttp {{ access_log off;\n{places}\n{ours} }}\n"
    )
    words = [nginx, "-c", f"{work}/nginx.conf", "-e", f"{work}/errors"]
    process = subprocess.Popen(words, text=True)
    other = Served(served.channel, "127.0.0.1", port, process)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                other.ask("/")
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.05)
        ranges = ("bytes=10-19", "bytes=5-", "bytes=-5", "bytes=99999999-", "lines=1-2")
        asked = [("GET", BIG, {"Range": value}) for value in ranges]
        for path in served.channel.rglob("*"):
            if path.is_file() and path.name != "index.html":
                target = f"/{path.relative_to(served.channel)}"
                asked += [("GET", target, {}), ("HEAD", target, {})]
        kinds = dict.fromkeys((200, 206, 404, 416), 0)
        for method, target, headers in [*asked, ("GET", "/nothing", {})]:
            (status, mine, body), (theirs, its, its_body) = (
                one.ask(target, method, **headers) for one in (served, other)
            )
            assert status == theirs, target
            kinds[status] += 1
            if status < 300:
                assert body == its_body, target
                for name in ("Content-Type", "Content-Length", "Content-Range", "Cache-Control"):
                    assert mine[name] == its[name], (target, name)
                for name in ("Content-Encoding", "Accept-Ranges", "Last-Modified"):
                    assert status == 206 or mine[name] == its[name], (target, name)
        assert all(kinds.values()), kinds
        assert b"CHANNEL" in other.ask("/")[2]
    finally:
        process.terminate()
        process.wait()


def test_it_says_requests_and_ends_when_reported(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    process = subprocess.Popen(
        [*COMMAND, "serve", "--channel", str(channel), "--port", "0", "--log"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _says_and_ends(channel, process)
    finally:
        process.kill()


def _says_and_ends(channel: Path, process: "subprocess.Popen[str]") -> None:
    assert process.stderr
    [found] = re.findall(r"http://127.0.0.1:(\d+)/ ", process.stderr.readline())
    served = Served(channel, "127.0.0.1", int(found), process)
    assert served.ask("/releases.json")[0] == 200
    served.raw(b"GET /\xc2\x9b2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    served.raw(b"GET /\x1b[2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    with socket.create_connection((served.host, served.port)):  # who says nothing holds nobody up
        process.terminate()
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    first, second, third = said.splitlines()
    assert first == '127.0.0.1 "GET /releases.json HTTP/1.1" 200 -'
    # Neither the escape character nor what stands for it in 8 bits reaches a terminal.
    assert said.isascii() and "\x1b" not in said
    assert second.rsplit(" ", 2)[1] in ("404", "400") and third.endswith(" 400 -")


def start(channel: Path, *words: str, how: str = "") -> Served:
    """The command by a shell, with what `how` does to its streams, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = shlex.join([*COMMAND, "serve", "--channel", str(channel), "--port", str(port)])
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command} {shlex.join(words)} {how}"],
        stderr=None if "2>" in how else subprocess.PIPE,
        text=True,
    )
    served = Served(channel, "127.0.0.1", port, process)
    deadline = time.monotonic() + 60
    while True:
        try:
            assert served.ask("/releases.json")[0] == 200
            return served
        except ConnectionRefusedError:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)


@pytest.fixture
def channel(package: Any, tmp_path: Path) -> Path:
    promote([package("one")], tmp_path / "channel")
    return tmp_path / "channel"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_while_its_page_is_made(channel: Path, number: signal.Signals) -> None:
    served = start(channel)
    (channel / SETTINGS).write_text("title: Another\n")
    with socket.create_connection((served.host, served.port)) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        served.process.send_signal(number)
        errors = served.process.communicate(timeout=20)[1]
    assert served.process.returncode == 0
    [line] = errors.splitlines()
    assert line.endswith("(Ctrl-C ends it)")
    made = [one for one in Path("/proc").glob("[0-9]*/cmdline") if _has(one, str(channel))]
    assert not made


def _has(cmdline: Path, word: str) -> bool:
    try:
        return word.encode() in cmdline.read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("how", [">&- 2>&-", "2>/dev/full", "2>&1 | true", "<&-"])
def test_streams_that_take_nothing(channel: Path, how: str) -> None:
    served = start(channel, "--log", how=how)
    try:
        for _ in range(3):
            assert served.ask("/linux-64/repodata.json")[0] == 200
            assert served.ask("/nothing")[0] == 404
    finally:
        _end(served)


def _end(served: Served) -> str:
    """End a server that a shell may have put behind a pipe, and return what it printed."""
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        if _has(one, f"\0--port\0{served.port}\0"):
            os.kill(int(one.parent.name), signal.SIGTERM)
    return served.process.communicate(timeout=20)[1] or ""


def test_slow_heads_do_not_stop_it(channel: Path) -> None:
    served = start(channel)
    with ExitStack() as opened:
        for _ in range(600):
            slow = opened.enter_context(socket.create_connection((served.host, served.port)))
            slow.sendall(b"GET / HT")
        started = time.monotonic()
        assert served.ask("/linux-64/repodata.json")[0] == 200
        assert time.monotonic() - started < 5
    assert "Traceback" not in _end(served)


def test_a_damaged_channel_is_served_and_its_page_says_so(channel: Path) -> None:
    place = channel / ".rootstock/current/linux-64/repodata.json"
    place.write_text("[]")
    served = start(channel)
    status, _, body = served.page("a")
    assert status == 500 and b"/" not in body
    assert served.ask("/linux-64/repodata.json")[2] == b"[]"
    said = _end(served)
    assert "is damaged" in said and "repodata.json" in said and "Traceback" not in said


def test_the_page_after_a_switch(channel: Path, package: Any) -> None:
    served = start(channel)
    assert b"another-1.0" not in served.page("a")[2]
    promote([package("another")], channel)
    assert b"another-1.0" in served.page("a")[2]
    _end(served)
