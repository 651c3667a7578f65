"""Publishing to Quetz: a real server of it, which is killed and started again."""

import contextlib
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.core.errors import RefusedError, RootstockError, UsageError
from rootstock.core.progress import silent
from rootstock.core.store import Store, locate
from rootstock.core.tokens import Secret
from rootstock.publish import publish
from rootstock.publish.quetz import Quetz
from rootstock.publish.snapshot import ChannelSnapshot
from rootstock.publish.target import TransientError
from rootstock.sources import tools

from ..channels import load
from .conftest import CHECKOUT
from .faulty import Answer, Fault, Faulty, State, serving
from .parcels import ONCE, SOON, Installs, paths, promoted, untested

pytestmark = pytest.mark.system
LOCK = CHECKOUT / "tests/system/tools/quetz.lock"
PROGRAM = CHECKOUT / "tests/system/tools/quetz_site.py"
_KEPT = ("x-api-key", "content-type")
KEY, CHANNEL = "qk-77aa-not-to-be-seen", "physics"
MAY_PASS = (500, "half", "after", "hang")


@dataclass
class Server:
    """A Quetz server with its data in a folder."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = tools.ensure(LOCK, locate(), silent)
        with (self.folder / "output.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*tools.python(environment), PROGRAM, str(self.port), KEY, CHANNEL],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/health/ready", timeout=5).close()
                return
            said = (self.folder / "output.log").read_text()
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self.process
        self.process.send_signal(number)
        self.process.wait(30)

    def shown(self, channel: str = CHANNEL) -> dict[str, str]:
        """What users of a channel see, by path, with its hash."""
        found = {}
        for subdir in ("noarch", "linux-64"):
            url = f"{self.url}/get/{channel}/{subdir}/repodata.json"
            with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(url) as got:
                for name, entry in json.load(got)["packages.conda"].items():
                    found[f"{subdir}/{name}"] = entry["sha256"]
        return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    locate().prepare()
    made = Server(tmp_path_factory.mktemp("quetz"), free_port())
    made.start()
    try:
        yield made
    finally:
        made.stop()


@dataclass
class Behind(State):
    """What a proxy shares: also the URL of the server behind it."""

    url: str = ""


class Proxy(Faulty):
    """Between the client and the server: hands on what no fault is for."""

    def step(self) -> str:
        if self.path.startswith("/get/"):
            return "download" if self.path.endswith(".conda") else "index"
        last = self.path.partition("?")[0].strip("/").split("/")
        if self.command == "GET":
            return "look"
        return {"upload": "put", "files": "show"}.get(last[-2 if "upload" in last else -1], "new")

    def act(self, body: bytes) -> None:
        kept = {k: v for k, v in self.headers.items() if k.lower() in _KEPT}
        assert isinstance(self.state, Behind)
        url = f"{self.state.url}{self.path}"
        asked = urllib.request.Request(url, body or None, kept, method=self.command)
        try:
            with urllib.request.urlopen(asked) as answer:
                raise Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            raise Answer(error.code, error.read()) from error


@pytest.fixture
def state(server: Server) -> Behind:
    return Behind(url=server.url)


@pytest.fixture
def target(server: Server, state: State, request: pytest.FixtureRequest) -> Iterator[Quetz]:
    """A channel of its own for each test, behind the proxy."""
    name = f"c{abs(hash(request.node.name)) % 10**9}"
    about = json.dumps({"name": name, "private": False}).encode()
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/api/channels", about, headers)
    ).close()
    with serving(Proxy, state) as url:
        yield Quetz(server=url, channel=name, token=Secret(KEY), timeout=20)


def more(channel: Path, package: Any) -> ChannelSnapshot:
    promoted(channel, "new", package("two", depends=["one"]), package("one"), package("three"))
    return load(channel)


def go(snapshot: ChannelSnapshot, target: Quetz, store: Store, policy: Any = SOON) -> Any:
    return publish.publish(snapshot, target, store, silent, untested, policy=policy)


def test_a_release_is_uploaded_tested_and_shown(
    channel: Path, package: Any, server: Server, target: Quetz, store: Store, tmp_path: Path
) -> None:
    installs = Installs(tmp_path)
    snapshot = load(channel)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert server.shown(target.channel) == paths(snapshot) == server.shown(target.staged)
    assert set(done.uploaded) == set(done.read) == set(paths(snapshot))
    snapshot = more(channel, package)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert server.shown(target.channel) == paths(snapshot)
    assert len(done.uploaded) == 2 and installs.calls == 2
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert done.uploaded == done.read == done.cells == () and installs.calls == 2


FAULTS = [
    *(("put", how) for how in (401, 403, 409, *MAY_PASS)),
    *(("show", how) for how in (401, 409, *MAY_PASS)),
    *(("look", 500), ("download", "half"), ("index", 500), ("new", "after")),
]


@pytest.mark.parametrize(("step", "how"), FAULTS)
def test_a_fault_leaves_the_old_set_and_a_second_run_completes(
    step: str,
    how: Any,
    channel: Path,
    package: Any,
    server: Server,
    state: State,
    target: Quetz,
    store: Store,
) -> None:
    once = replace(ONCE, timeout=1.0 if how == "hang" else 20.0)
    target = replace(target, timeout=once.timeout)
    if step != "new":
        go(load(channel), target, store)
    old = server.shown(target.channel)
    snapshot = more(channel, package)
    state.faults = [Fault(step, how, spare=1 if step == "put" else 0)]
    with pytest.raises(RootstockError) as caught:
        go(snapshot, target, store, once)
    assert state.met
    assert KEY not in str(caught.value)
    if (step, how) == ("show", "after"):
        assert server.shown(target.channel) == paths(snapshot)
    else:
        assert server.shown(target.channel) == old
    if how in MAY_PASS:
        assert isinstance(caught.value, TransientError)
    state.faults = []
    done = go(snapshot, target, store)
    assert server.shown(target.channel) == paths(snapshot)
    assert step != "put" or len(done.uploaded) < 2


def test_what_may_pass_is_tried_again(
    channel: Path, server: Server, state: State, target: Quetz, store: Store
) -> None:
    state.faults = [
        Fault("put", "half", times=1),
        Fault("put", 500, times=1, spare=1),
        Fault("download", "half", times=2),
        Fault("show", "after", times=1),
    ]
    go(load(channel), target, store)
    assert state.met == 5
    assert server.shown(target.channel) == paths(load(channel))


def test_a_server_that_is_killed_half_way(
    channel: Path, package: Any, server: Server, target: Quetz, store: Store
) -> None:
    go(load(channel), target, store)
    old = server.shown(target.channel)
    snapshot = more(channel, package)

    def killed(cells: Any, url: str) -> None:
        server.stop(signal.SIGKILL)

    with pytest.raises(TransientError):
        publish.publish(snapshot, target, store, silent, killed, policy=ONCE)
    server.start()
    assert server.shown(target.channel) == old
    assert go(snapshot, target, store).uploaded == ()
    assert server.shown(target.channel) == paths(snapshot)


def test_other_bytes_of_the_same_name_are_refused(
    channel: Path, package: Any, server: Server, target: Quetz, store: Store, tmp_path: Path
) -> None:
    go(load(channel), target, store)
    before = server.shown(target.channel)
    other = tmp_path / "other"
    promoted(other, "old", package("one", key="other"), package("four"))
    with pytest.raises(RefusedError, match="other files of the same names: linux-64/one-1"):
        go(load(other), target, store)
    assert server.shown(target.channel) == before == server.shown(target.staged)


def test_a_key_that_is_not_right(channel: Path, target: Quetz, store: Store) -> None:
    with pytest.raises(RefusedError, match="HTTP 401"):
        go(load(channel), replace(target, token=Secret("other")), store)


def test_a_channel_that_is_not_there(channel: Path, target: Quetz, store: Store) -> None:
    with pytest.raises(UsageError, match="has no channel nothing"):
        go(load(channel), replace(target, channel="nothing"), store)
