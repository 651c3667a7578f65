"""Environments from channels of small real packages."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.environment import Environment, create
from rootstock.channel.promote import promote
from rootstock.channel.stage import stage
from rootstock.errors import MachineError, SourceError, UsageError
from rootstock.progress import Event, silent

pytestmark = pytest.mark.system


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(specs: list[str], channel: Path | str, **options: Any) -> Environment:
        arguments: dict[str, Any] = {"cache": tmp_path / "cache", "listen": silent, **options}
        return create(tmp_path / "prefix", specs, channel, **arguments)

    return make


def test_environment_has_the_files_and_their_records(
    package: Any, tmp_path: Path, make: Any
) -> None:
    channel = stage([package("top", depends=["low >=1"]), package("low")], tmp_path / "channel")
    events: list[Event] = []
    made = make(["top"], channel, listen=events.append)
    assert (made.prefix / "share/low.txt").read_text() == "key"
    assert {p.name for p in made.packages} == {"top", "low"}
    assert {p.name for p in (made.prefix / "conda-meta").iterdir()} == {
        "history",
        "top-1.0-h0_0.json",
        "low-1.0-h0_0.json",
    }
    assert made.size > 0
    assert next(e.state for e in events) == "start"
    assert events[-1].state == "done"
    linked = [e for e in events if e.detail.startswith("link")]
    assert [(e.done, e.total) for e in linked] == [(1, 2), (2, 2)]


def test_files_are_linked_from_the_cache(package: Any, tmp_path: Path, make: Any) -> None:
    made = make(["one"], stage([package("one")], tmp_path / "channel"))
    assert (made.prefix / "share/one.txt").stat().st_nlink == 2


def test_noarch_python_is_compiled(package: Any, tmp_path: Path, make: Any) -> None:
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    channel = stage(
        [
            package("python", f"{version}.0", files={"bin/python": python}),
            package(
                "pure",
                files={"site-packages/pure.py": b"x = 1\n"},
                noarch="python",
                depends=["python"],
            ),
        ],
        tmp_path / "channel",
    )
    made = make(["pure"], channel)
    site = made.prefix / f"lib/python{version}/site-packages"
    assert (site / "pure.py").is_file()
    assert list((site / "__pycache__").glob("pure.*.pyc"))


def test_same_name_with_other_bytes_is_not_taken_from_the_cache(
    package: Any, tmp_path: Path, make: Any
) -> None:
    make(["one"], stage([package("one", key="a")], tmp_path / "a"))
    other = create(
        tmp_path / "other",
        ["one"],
        stage([package("one", key="b")], tmp_path / "b"),
        cache=tmp_path / "cache",
        listen=silent,
    )
    assert (other.prefix / "share/one.txt").read_text() == "b"


def test_second_promotion_is_seen_at_once(package: Any, tmp_path: Path, make: Any) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    make(["one"], channel)
    promote([package("one", "2.0")], channel)
    again = create(tmp_path / "again", ["one"], channel, cache=tmp_path / "cache", listen=silent)
    assert [p.version for p in again.packages] == ["2.0"]


def test_plain_web_server(package: Any, tmp_path: Path, make: Any) -> None:
    channel = tmp_path / "channel"
    promote([package("top", depends=["low"]), package("low", noarch="generic")], channel)
    handler = partial(SimpleHTTPRequestHandler, directory=str(channel))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        made = make(["top"], url)
        promote([package("top", "2.0")], channel)
        again = create(tmp_path / "again", ["top"], url, cache=tmp_path / "cache", listen=silent)
        with pytest.raises(SourceError, match="cannot be read"):
            create(tmp_path / "no", ["top"], f"{url}/no", cache=tmp_path / "cache", listen=silent)
        server.shutdown()
    assert {p.name for p in made.packages} == {"top", "low"}
    assert {p.version for p in again.packages} == {"2.0"}


def test_refusals_leave_nothing(package: Any, tmp_path: Path, make: Any) -> None:
    channel = stage(
        [
            package("rootling", depends=["__glibc >=2.28"]),
            package("a", depends=["low 1.*"]),
            package("b", depends=["low 2.*"]),
            package("low", "1.0"),
            package("low", "2.0"),
        ],
        tmp_path / "channel",
    )
    with pytest.raises(UsageError, match="no package rootlin") as unknown:
        make(["rootlin"], channel)
    assert "rootling" in unknown.value.remedy
    with pytest.raises(UsageError, match=r"low 1\.\*"):
        make(["a", "b"], channel)
    with pytest.raises(MachineError, match=r"glibc 2\.17"):
        make(["rootling"], channel, glibc="2.17")
    with pytest.raises(UsageError, match="parse"):
        make(["rootling >"], channel)
    with pytest.raises(UsageError, match="There is no channel"):
        make(["a"], tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"):
        create(tmp_path / "file/prefix", ["a"], channel, cache=tmp_path / "cache", listen=silent)
    with pytest.raises(UsageError, match="is not a channel"):
        make(["a"], tmp_path)
    assert not (tmp_path / "prefix").exists()
    made = make(["rootling"], channel, glibc="2.28")
    with pytest.raises(UsageError, match="not empty"):
        make(["a"], channel)
    assert (made.prefix / "share/rootling.txt").exists()


def test_failing_listener_ends_it(package: Any, tmp_path: Path, make: Any) -> None:
    def listen(event: Event) -> None:
        if event.state == "progress":
            raise ValueError("no terminal")

    channel = stage([package(f"p{n}") for n in range(30)], tmp_path / "channel")
    with pytest.raises(ValueError, match="no terminal"):
        make([f"p{n}" for n in range(30)], channel, listen=listen)
    assert not (tmp_path / "prefix").exists()


def test_damaged_package_is_refused(package: Any, tmp_path: Path, make: Any) -> None:
    one = package("one")
    channel = stage([one], tmp_path / "channel")
    file = channel / "linux-64" / one.filename
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(SourceError):
        make(["one"], channel)
    assert not (tmp_path / "prefix").exists()


def test_full_disk(package: Any, tmp_path: Path) -> None:
    """Runs where a small file system can be mounted: as root, or in a user namespace."""
    channel = stage(
        [package("big", files={"share/big": os.urandom(4_000_000)})], tmp_path / "channel"
    )
    (tmp_path / "small").mkdir()
    code = f"""
from pathlib import Path
from rootstock.channel.environment import create
from rootstock.errors import MachineError
small = Path({str(tmp_path / "small")!r})
try:
    create(small / "prefix", ["big"], {str(channel)!r}, cache=small / "cache", listen=print)
except MachineError as error:
    assert "No space left" in str(error), error
    assert not (small / "prefix").exists()
    print("refused")
"""
    script = f"mount -t tmpfs -o size=3m none {tmp_path / 'small'} && exec {sys.executable} -"
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces")
    ended = subprocess.run(
        [*unshare, script],
        input=code,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.endswith("refused\n"), ended.stdout + ended.stderr


@pytest.mark.parametrize("there", [False, True])
def test_interrupted_leaves_nothing(
    package: Any, gone: Callable[[int], bool], tmp_path: Path, there: bool
) -> None:
    files = {f"share/{n}": os.urandom(1000) for n in range(20_000)}
    channel = stage([package("many", files=files)], tmp_path / "channel")
    prefix, cache = tmp_path / "prefix", tmp_path / "cache"
    if there:
        prefix.mkdir()
    code = f"""
from pathlib import Path
from rootstock.channel.environment import create
create(Path({str(prefix)!r}), ["many"], {str(channel)!r}, cache=Path({str(cache)!r}),
       listen=lambda event: print(event, flush=True))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(cache.glob(".many*/*/*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT, errors
    assert "state='done'" not in output
    assert prefix.exists() == there
    assert not there or not any(prefix.iterdir())
    assert not [path for path in cache.glob(".*") if path.is_dir()]
    assert gone(process.pid)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
