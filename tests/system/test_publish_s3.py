"""Publishing to S3: boto3 against moto's server, with faults on the way between them."""

import contextlib
import http.client
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rootstock.core.errors import RefusedError, RootstockError, UsageError
from rootstock.core.progress import silent
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store, locate
from rootstock.publish import publish
from rootstock.publish.s3 import S3
from rootstock.publish.snapshot import ChannelSnapshot
from rootstock.publish.target import TransientError
from rootstock.sources import tools

from ..channels import load, rollback
from .conftest import CHECKOUT
from .faulty import Answer, Fault, Faulty, State, serving, sha256
from .parcels import ONCE, SOON, Installs, paths, promoted, untested

pytestmark = pytest.mark.system
MOTO = CHECKOUT / "tests/system/tools/moto.lock"
LOCK = CHECKOUT / "ci/tools/s3.lock"
SECRET = "s3-0b1c-not-to-be-seen"
MAY_PASS = (500, "half", "after", "hang")
RUN = "import sys; from moto.server import main; main(sys.argv[1:])"


@dataclass
class Behind(State):
    """What the proxy shares: also the URL of the store behind it."""

    url: str = ""


class Proxy(Faulty):
    """Between the client and the store: hands on what no fault is for."""

    def step(self) -> str:
        path = urlsplit(self.path).path
        if self.command != "PUT":
            own = "boto" in self.headers.get("User-Agent", "").lower()
            return "look" if own else "download" if path.endswith(".conda") else "index"
        if path.endswith(".conda"):
            return "put"
        if "/staging/" in path:
            return "stage"
        if path.endswith(("linux-64/repodata.json", "noarch/repodata.json")):
            return "show"
        return "record" if path.endswith("generation.json") else "others"

    def act(self, body: bytes) -> None:
        assert isinstance(self.state, Behind)
        place = urlsplit(self.state.url)
        with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=20)) as link:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
            link.request(self.command, self.path, body, headers)
            answer = link.getresponse()
            content = answer.read()
            kept = ("etag", "last-modified", "x-amz-meta-sha256", "content-type")
            self.extra = {k: v for k, v in answer.headers.items() if k.lower() in kept}
            raise Answer(answer.status, content)

    def end_headers(self) -> None:
        for key, value in getattr(self, "extra", {}).items():
            self.send_header(key, value)
        self.extra = {}
        super().end_headers()


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    locate().prepare()
    environment = tools.ensure(MOTO, locate(), silent)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "output.log").open("w+b")
    process = subprocess.Popen(
        [*tools.python(environment), "-c", RUN, "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 90
    try:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            assert process.poll() is None and time.monotonic() < deadline, log.name
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.fixture
def state(moto: str) -> Behind:
    return Behind(url=moto)


@pytest.fixture
def target(state: Behind, request: pytest.FixtureRequest) -> Iterator[S3]:
    """A bucket of its own for each test, behind the proxy."""
    bucket = f"b{abs(hash(request.node.name)) % 10**9}"
    policy = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    for query, body in (("", ""), ("?policy", json.dumps({"Statement": [policy]}))):
        url = f"{state.url}/{bucket}{query}"
        kind = {"Content-Type": "application/json"}
        asked = urllib.request.Request(url, body.encode(), kind, method="PUT")
        urllib.request.urlopen(asked).close()
    with serving(Proxy, state) as url:
        yield S3(
            bucket=bucket,
            prefix="channel/",
            environment=tools.ensure(LOCK, locate(), silent),
            keys={
                "AWS_ACCESS_KEY_ID": "id",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_DEFAULT_REGION": "us-east-1",
            },
            timeout=20,
            server=url,
        )


def more(channel: Path, package: Any) -> ChannelSnapshot:
    pure = package("other", noarch="generic")
    promoted(channel, "new", package("two", depends=["one"]), package("one"), pure)
    return load(channel)


def go(snapshot: ChannelSnapshot, target: S3, store: Store, policy: Any = SOON) -> Any:
    return publish.publish(snapshot, target, store, silent, untested, policy=policy)


def has(target: S3, state: Behind, channel: Path) -> None:
    """Have the channel published already."""
    files = [path for path in channel.rglob("*") if path.is_file()]
    objects = {str(path.relative_to(channel)): path for path in files}
    objects = {name: path for name, path in objects.items() if not name.startswith(".rootstock")}
    objects[".rootstock/generation.json"] = channel / ".rootstock/current/generation.json"
    for name, path in objects.items():
        url = f"{state.url}/{target.bucket}/{target.prefix}{name}"
        said = {"Content-Type": "text/plain", "x-amz-meta-sha256": sha256_of(path)}
        asked = urllib.request.Request(url, path.read_bytes(), said, method="PUT")
        urllib.request.urlopen(asked).close()


def read(target: S3, state: Behind, path: str) -> bytes:
    url = f"{state.url}/{target.bucket}/{target.prefix}{path}"
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
    return content


def visible(target: S3, state: Behind) -> dict[str, str]:
    """What readers see, by path; every file that an index names has to be there, and right."""
    found = {}
    for subdir in ("noarch", "linux-64"):
        with contextlib.suppress(urllib.error.HTTPError):
            table = json.loads(read(target, state, f"{subdir}/repodata.json"))
            for name, entry in table["packages.conda"].items():
                found[f"{subdir}/{name}"] = sha256(read(target, state, f"{subdir}/{name}"))
                assert found[f"{subdir}/{name}"] == entry["sha256"]
    return found


def the_same(channel: Path, target: S3, state: Behind) -> None:
    """All that readers can see of the channel is in the bucket, byte by byte."""
    assert visible(target, state) == paths(load(channel))
    files = [path for path in channel.rglob("*") if path.is_file()]
    for path in files:
        inside = path.relative_to(channel)
        if inside.parts[0] != ".rootstock":
            assert sha256(read(target, state, str(inside))) == sha256_of(path), inside


def test_a_release_is_uploaded_tested_and_shown(
    channel: Path, package: Any, state: Behind, target: S3, store: Store, tmp_path: Path
) -> None:
    installs = Installs(tmp_path)
    snapshot = load(channel)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert set(done.uploaded) == set(done.read) == set(paths(snapshot))
    the_same(channel, target, state)
    snapshot = more(channel, package)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert len(done.uploaded) == 2 and installs.calls == 2
    the_same(channel, target, state)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert done.uploaded == done.read == done.cells == () and installs.calls == 2
    rollback(channel)
    go(load(channel), target, store)
    the_same(channel, target, state)
    with pytest.raises(RefusedError, match="shows generation 3, but this is 2"):
        go(load(channel, 2), target, store)


FAULTS = [
    *(("put", how) for how in (403, 412, *MAY_PASS)),
    *(("show", how) for how in (500, "after")),
    *(("look", 403), ("stage", 500), ("record", "half"), ("download", "half")),
]


@pytest.mark.parametrize(("step", "how"), FAULTS)
def test_a_fault_leaves_a_consistent_set_and_a_second_run_completes(
    step: str, how: Any, channel: Path, package: Any, state: Behind, target: S3, store: Store
) -> None:
    once = replace(ONCE, timeout=1.0 if how == "hang" else 20.0)
    target = replace(target, timeout=once.timeout)
    has(target, state, channel)
    old = visible(target, state)
    snapshot = more(channel, package)
    # A set is shown index by index: the fault is at the second.
    state.faults = [Fault(step, how, spare=1 if step in ("put", "show") else 0)]
    with pytest.raises(RootstockError) as caught:
        go(snapshot, target, store, once)
    assert state.met
    assert SECRET not in str(caught.value)
    seen, new = visible(target, state), paths(snapshot)
    if step in ("show", "record"):
        # There is no one step: each index is the old or the new one, whole.
        for subdir in ("noarch", "linux-64"):
            part = {path: value for path, value in seen.items() if path.startswith(subdir)}
            assert part in (
                {path: value for path, value in some.items() if path.startswith(subdir)}
                for some in (old, new)
            )
    else:
        assert seen == old
    if how in MAY_PASS:
        assert isinstance(caught.value, TransientError)
    state.faults = []
    done = go(snapshot, target, store)
    the_same(channel, target, state)
    assert step != "put" or len(done.uploaded) < 2


def test_what_may_pass_is_tried_again(
    channel: Path, state: Behind, target: S3, store: Store
) -> None:
    state.faults = [
        Fault("put", "after", times=1),
        Fault("put", 503, times=1),
        Fault("show", "half", times=2),
        Fault("record", "after", times=1),
    ]
    go(load(channel), target, store)
    assert state.met == 5
    the_same(channel, target, state)


def test_other_bytes_of_the_same_name_are_refused(
    channel: Path, package: Any, state: Behind, target: S3, store: Store, tmp_path: Path
) -> None:
    go(load(channel), target, store)
    before = visible(target, state)
    other = tmp_path / "other"
    promoted(other, "old", package("one", key="other"), package("four"))
    with pytest.raises(RefusedError, match="is not a copy of"):
        go(load(other), target, store)
    assert visible(target, state) == before


def test_an_object_that_appeared_meanwhile_is_not_overwritten(
    channel: Path, state: Behind, target: S3, store: Store
) -> None:
    snapshot = load(channel)
    path = snapshot.packages[0].path
    url = f"{state.url}/{target.bucket}/{target.prefix}{path}"

    @dataclass(frozen=True, kw_only=True, repr=False)
    class Slow(S3):
        def put(self, *words: Any) -> None:
            kind = {"Content-Type": "text/plain"}
            asked = urllib.request.Request(url, b"somebody else's", kind, method="PUT")
            urllib.request.urlopen(asked).close()
            super().put(*words)

    slow = Slow(**{name: getattr(target, name) for name in target.__dataclass_fields__})
    with pytest.raises(RefusedError):
        go(snapshot, slow, store)
    assert read(target, state, path) == b"somebody else's"
    assert visible(target, state) == {}


def test_a_bucket_that_is_not_there(channel: Path, target: S3, store: Store) -> None:
    with pytest.raises(UsageError, match="there is no bucket nothing"):
        go(load(channel), replace(target, bucket="nothing"), store)
