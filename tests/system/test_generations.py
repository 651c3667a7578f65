"""Readers of a channel while it changes: whatever they read is of one generation, and is there."""

import getpass
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard

from rootstock.building.artifact import Artifact, write_record
from rootstock.channel.layout import Layout

from ..channels import PROGRAM, hide, history, promote, rollback
from .conftest import COMMAND

pytestmark = pytest.mark.system
SUBDIRS = ("noarch", "linux-64")
SECONDS = 6
SOLVES = 25
KILLS = 20

# Promotes one set after the other as releases, and between them goes back and forth and hides.
SWITCHER = f"""{PROGRAM}
import random, time
from pathlib import Path
import rootstock.channel.page.render  # which a commit imports: a kill is to meet the commit
from rootstock.building.artifact import load
channel, seconds, seed, sets = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:]
chance, end = random.Random(seed), time.monotonic() + seconds
def fill(number, time):
    return dict.fromkeys(("a", "b"), str(number))
print("ready", flush=True)
while time.monotonic() < end:
    if sets and chance.random() < 0.3:
        made = [load(folder) for folder in Path(sets.pop(0)).iterdir()]
        cells = {{made[0].version: [one.filename for one in made]}}
        promote(made, channel, cells=cells, release=fill)
    elif chance.random() < 0.3:
        names = sorted(name for name in history(channel).visible() if "-0.0-" not in name)
        if names:
            hide(channel, [chance.choice(names)], force=True)
    else:
        rollback(channel, chance.randint(1, current(channel).number))
"""

# Solves again and again, each time with a new client and the same cache; one line for each.
SOLVER = """
import asyncio, json, os, sys
from rattler import Channel, Gateway, MatchSpec, solve
async def main(url, cache):
    for line in sys.stdin:
        records = await solve(
            sources=[Channel(url)],
            specs=[MatchSpec("root")],
            gateway=Gateway(cache_dir=cache),
            platforms=["linux-64", "noarch"],
        )
        found = {r.file_name: [r.url, r.sha256.hex()] for r in records}
        print(json.dumps(found), flush=True)
asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""

PROMOTER = f"""{PROGRAM}
import os, tempfile
from pathlib import Path
from rootstock.building.artifact import load
umask, user, group, channel, *folders = sys.argv[1:]
def work(channel):
    number = promote([load(Path(folder)) for folder in folders], channel).generation.number
    hide(channel, ["one"])
    rollback(channel)
    if number > 1:
        rollback(channel, 1)
        rollback(channel, number)
with tempfile.TemporaryDirectory() as other:  # all is imported now: Python may be out of reach
    work(Path(other))
os.setgroups([int(group)])
os.setgid(int(user))
os.setuid(int(user))
os.umask(int(umask, 8))
work(Path(channel))
"""


@pytest.fixture
def pair(package: Any, tmp_path: Path) -> Callable[[int], list[Artifact]]:
    """Makes a root of some version, and what just this version of it needs in noarch."""

    def make(version: int) -> list[Artifact]:
        text = f"{version}.0"
        folder = tmp_path / "sets" / text
        made = [
            package("root", text, depends=[f"data =={text}"]),
            package("data", text, noarch="generic"),
            package(f"other{version}", text),
        ]
        for artifact in made:
            write_record(artifact, artifact.path.parent)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / artifact.name).symlink_to(artifact.path.parent)
        return made

    return make


def whole(folder: Path, channel: Path, subdir: str) -> frozenset[str]:
    """The packages that an index names, in all its forms alike, and that are there."""
    table = (folder / "repodata.json").read_bytes()
    packed = zstandard.decompress((folder / "repodata.json.zst").read_bytes())
    shards = names_of_shards((folder / "repodata_shards.msgpack.zst").read_bytes(), channel, subdir)
    assert packed == table
    names = check(table, channel, subdir)
    exports = (folder / "run_exports.json").read_bytes()
    assert zstandard.decompress((folder / "run_exports.json.zst").read_bytes()) == exports
    assert set(json.loads(exports)["packages.conda"]) == names
    assert names == shards
    return names


def check(table: bytes, channel: Path, subdir: str) -> frozenset[str]:
    """The packages that a repodata.json names, each of which has to be there with its hash."""
    packages = json.loads(table)["packages.conda"]
    for name, entry in packages.items():
        assert hashlib.sha256((channel / subdir / name).read_bytes()).hexdigest() == entry["sha256"]
    return frozenset(packages)


def names_of_shards(packed: bytes, channel: Path, subdir: str) -> frozenset[str]:
    names: set[str] = set()
    for digest in msgpack.unpackb(zstandard.decompress(packed))["shards"].values():
        shard = (channel / subdir / "shards" / f"{digest.hex()}.msgpack.zst").read_bytes()
        assert hashlib.sha256(shard).digest() == digest
        names |= set(msgpack.unpackb(zstandard.decompress(shard))["packages.conda"])
    return frozenset(names)


def check_releases(channel: Path) -> None:
    """Every release that readers see is there, whole."""
    for release in json.loads((channel / "releases.json").read_bytes())["releases"]:
        number = release["release"]
        files = {path.name: path.read_text() for path in Layout(channel).release(number).iterdir()}
        assert files == {"a": str(number), "b": str(number)}


@contextmanager
def switching(
    channel: Path, sets: Sequence[Path], seed: int = 1
) -> Iterator["subprocess.Popen[str]"]:
    writer = subprocess.Popen(
        [sys.executable, "-c", SWITCHER, channel, str(SECONDS), str(seed), *sets],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        yield writer
    finally:
        _, said = writer.communicate()
        assert writer.returncode in (0, -signal.SIGKILL), said


@contextmanager
def solver(url: str, cache: Path) -> Iterator[Callable[[], dict[str, list[str]]]]:
    """A py-rattler that solves for `root` when it is called."""
    client = subprocess.Popen(
        [sys.executable, "-c", SOLVER, url, cache],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def solve() -> dict[str, list[str]]:
        assert client.stdin and client.stdout and client.stderr
        client.stdin.write("\n")
        client.stdin.flush()
        line = client.stdout.readline()
        assert line, client.stderr.read()
        found: dict[str, list[str]] = json.loads(line)
        return found

    try:
        yield solve
    finally:
        client.communicate()


@contextmanager
def served(channel: Path) -> Iterator[str]:
    """The address of the channel on a server of rootstock's."""
    server = subprocess.Popen(
        [*COMMAND, "serve", "--channel", channel, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        yield json.loads(server.stdout.readline())["url"]
    finally:
        server.terminate()
        server.communicate()


def test_every_index_read_is_of_one_generation(
    pair: Callable[[int], list[Artifact]], tmp_path: Path
) -> None:
    channel = tmp_path / "channel"
    promote(pair(0), channel)
    for version in range(1, 30):
        pair(version)
    sets = [tmp_path / f"sets/{version}.0" for version in range(1, 30)]
    resolved: set[tuple[int, frozenset[str]]] = set()
    plain: dict[str, set[frozenset[str]]] = {subdir: set() for subdir in SUBDIRS}
    failures: list[BaseException] = []
    over = threading.Event()

    def read_one_generation() -> None:
        now = (channel / ".rootstock/current").resolve()
        names = [whole(now / subdir, channel, subdir) for subdir in SUBDIRS]
        resolved.add((int(now.name), names[0] | names[1]))

    def read_plainly() -> None:
        for subdir in SUBDIRS:
            folder = channel / subdir
            plain[subdir].add(check((folder / "repodata.json").read_bytes(), channel, subdir))
            table = zstandard.decompress((folder / "repodata.json.zst").read_bytes())
            plain[subdir].add(check(table, channel, subdir))
            shards = (folder / "repodata_shards.msgpack.zst").read_bytes()
            plain[subdir].add(names_of_shards(shards, channel, subdir))
        check_releases(channel)

    def loop(read: Callable[[], None]) -> None:
        try:
            while not over.is_set():
                read()
        except BaseException as error:
            failures.append(error)

    readers = [
        threading.Thread(target=loop, args=(r,)) for r in (read_one_generation, read_plainly)
    ]
    with (
        solver(channel.as_uri(), tmp_path / "cache") as solve,
        switching(channel, sets) as writer,
    ):
        for reader in readers:
            reader.start()
        solutions = []
        while writer.poll() is None:
            solutions.append(solve())
        over.set()
        for reader in readers:
            reader.join()
    assert not failures, failures
    past = history(channel)
    every = {one.number: frozenset(past.visible(one.number)) for one in past.generations[1:]}
    assert all(every[number] == names for number, names in resolved)
    for subdir, seen in plain.items():
        of = {n: past.published[n].subdir for names in every.values() for n in names}
        assert seen <= {frozenset(n for n in names if of[n] == subdir) for names in every.values()}
    for found in solutions:
        assert {name.split("-")[0] for name in found} == {"root", "data"}
        for name, (_, sha256) in found.items():
            assert past.published[name].sha256 == sha256
    print(f"{len(every)} generations, {len(resolved)} seen, {len(solutions)} solved")
    assert len(every) > 20
    assert len(resolved) > 10
    assert all(len(seen) > 3 for seen in plain.values())
    assert len(solutions) > 3


def test_killed_at_any_moment(
    pair: Callable[[int], list[Artifact]], tmp_path: Path, seed: int
) -> None:
    channel, chance = tmp_path / "channel", random.Random(seed)
    started = time.monotonic()
    promote(pair(0), channel)
    # On a busy machine a writer needs longer until there is something to end.
    longest = max(0.3, 6 * (time.monotonic() - started))
    for version in range(1, 5 * KILLS):
        pair(version)
    for round_ in range(KILLS):
        first = 1 + 4 * round_
        sets = [tmp_path / f"sets/{version}.0" for version in range(first, first + 4)]
        before = history(channel).current.number
        with switching(channel, sets, chance.randrange(10**6)) as writer:
            # On a busy machine, a kill by the clock alone may always come before the first switch.
            if round_ % 2:
                while history(channel).current.number == before and writer.poll() is None:
                    time.sleep(0.01)
            time.sleep(chance.uniform(0, longest))
            writer.kill()
        seen = frozenset[str]().union(*(whole(channel / s, channel, s) for s in SUBDIRS))
        past = history(channel)
        assert seen == past.visible()
        check_releases(channel)
        # The next writer finds nothing left over, and nothing gone.
        promote([], channel)
        now = past.current.number
        assert len(list((channel / ".rootstock/generations").iterdir())) == now
        released = {f"{one.number:04d}" for one in past.generations if one.cells}
        there = {path.name for path in channel.glob("releases/*")}
        assert there == released
        assert {path.name for path in channel.glob("*/*.conda")} == set(past.published)
        assert not list(channel.glob("**/.*.part"))
    assert history(channel).current.number > KILLS // 2


def test_a_client_with_a_cache_sees_every_switch(
    pair: Callable[[int], list[Artifact]], tmp_path: Path
) -> None:
    channel = tmp_path / "channel"
    for version in range(3):
        promote(pair(version), channel)
    with served(channel) as url, solver(url, tmp_path / "cache") as solve:
        assert solve().keys() == {"root-2.0-h0_0.conda", "data-2.0-h0_0.conda"}
        for number in range(SOLVES):
            to = (1, 3, 2)[number % 3]
            rollback(channel, to)
            newest = f"{to - 1}.0-h0_0.conda"
            assert solve().keys() == {f"root-{newest}", f"data-{newest}"}


class Cache:
    """A client as simple as can be: it asks whether what it has was modified since."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kept: dict[str, tuple[dict[str, str], bytes]] = {}
        self.unchanged = 0

    def get(self, path: str) -> bytes:
        headers, content = self._kept.get(path, ({}, b""))
        try:
            with urlopen(Request(f"{self._url}/{path}", headers=headers)) as answer:
                content = answer.read()
                said = {
                    "If-Modified-Since": answer.headers["Last-Modified"],
                    "If-None-Match": answer.headers["ETag"],
                }
                headers = {name: value for name, value in said.items() if value}
                self._kept[path] = (headers, content)
        except HTTPError as error:
            if error.code != 304:
                raise
            self.unchanged += 1
        return content


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *values: object) -> None:
        """Say nothing."""


@contextmanager
def python(channel: Path, folder: Path) -> Iterator[str]:
    """Python's server, which compares times in seconds, and has no tags."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(channel)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def nginx(channel: Path, folder: Path) -> Iterator[str]:
    """The server nginx, whose tag of a file is made of its second and its size."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not found:
        pytest.skip("nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{name}_temp_path {folder}/{name};" for name in names)
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()}; daemon off; pid {folder}/pid; events {{}}"
        f"http {{ access_log off; {places}"
        f"server {{ listen 127.0.0.1:{port}; root {channel}; }} }}"
    )
    log = folder / "errors"
    server = subprocess.Popen([found, "-c", folder / "nginx.conf", "-e", log])
    try:
        deadline = time.monotonic() + 10
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("serving", [python, nginx])
def test_a_server_that_goes_by_seconds_says_every_switch(
    pair: Callable[[int], list[Artifact]],
    tmp_path: Path,
    serving: Callable[[Path, Path], AbstractContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = time.time()
    monkeypatch.setattr(time, "time", lambda: second)  # all happens within it
    channel, sets = tmp_path / "channel", [pair(version) for version in range(3)]
    promote(sets[0], channel)
    steps: list[Callable[[], object]] = [
        lambda: promote(sets[1], channel),
        lambda: rollback(channel),
        lambda: promote(sets[2], channel),
        lambda: hide(channel, ["root 0.0"]),
        lambda: rollback(channel, 1),
        lambda: rollback(channel, 2),
        lambda: rollback(channel, 1),
        lambda: promote(sets[1], channel),
    ]
    with serving(channel, tmp_path) as url:
        cache = Cache(url)
        for step in steps:
            step()
            for subdir in SUBDIRS:
                for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
                    path = f"{subdir}/{name}"
                    assert cache.get(path) == (channel / path).read_bytes(), path
        asked = cache.unchanged
        assert cache.get(path) == cache.get(path)
        assert cache.unchanged == asked + 2  # so the cache is one


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")
def test_two_maintainers_of_one_group(package: Any, shared: Path) -> None:
    group, channel = 4400, shared / "channel"
    channel.mkdir()
    os.chown(channel, 4321, group)
    channel.chmod(0o2775)
    names = []
    for user, version, umask in ((4321, "1.0", "077"), (4322, "2.0", "022"), (4321, "3.0", "002")):
        folders = []
        for artifact in (package("one", version), package("pure", version, noarch="generic")):
            names.append(artifact.filename)
            own = shared / f"{user}" / artifact.path.parent.name
            shutil.copytree(artifact.path.parent, own)
            copied = Artifact(**{**vars(artifact), "path": own / artifact.filename})
            write_record(copied, own)
            for path in (own, *own.iterdir()):
                os.chown(path, user, user)
                path.chmod(0o755 if path.is_dir() else 0o644)
            folders.append(own)
        done = subprocess.run(
            [sys.executable, "-c", PROMOTER, umask, str(user), str(group), channel, *folders],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert set(history(channel).published) == set(names)
    for path in (channel, *channel.rglob("*")):
        if path.is_symlink():
            continue
        found = path.stat()
        if path.is_dir():
            assert (found.st_gid, found.st_mode & 0o7777) == (group, 0o2775), path
        elif path.name != "lock":
            assert found.st_mode & 0o7777 == 0o644, path
    assert {path.stat().st_uid for path in channel.glob("*/*.conda")} == {4321, 4322}


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)


def test_the_commands(pair: Callable[[int], list[Artifact]], tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    where = ("--channel", str(channel))
    for version in range(3):
        made = pair(version)
        cells = {f"cell{version}": [artifact.filename for artifact in made]}
        promote(made, channel, cells=cells, release=lambda number, time: {"note": ""})

    def listed() -> Any:
        done = command("releases", *where, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def visible() -> list[int]:
        return [one["generation"] for one in listed()["generations"] if one["visible"]]

    rows = listed()["generations"]
    assert [(row["generation"], row["packages"], row["current"]) for row in rows] == [
        (1, 3, False),
        (2, 6, False),
        (3, 9, True),
    ]
    assert visible() == [1, 2, 3]

    dry = command("rollback", *where, "--dry-run")
    assert dry.returncode == 0
    for artifact in made:
        assert f"- {artifact.filename}" in dry.stdout
    assert "- release 3" in dry.stdout
    assert "Nothing was changed." in dry.stdout
    assert listed()["current"] == 3

    back = command("rollback", *where, "--json")
    said = json.loads(back.stdout)
    assert said["generation"] == 4
    assert said["gone"] == sorted(artifact.filename for artifact in made)
    assert (said["back"], said["releases_gone"], said["releases_back"]) == ([], [3], [])
    assert visible() == [1, 2]
    table = command("releases", *where).stdout.splitlines()
    assert "back to 2" in table[4]
    assert table[4].endswith("current")

    assert command("rollback", *where, "--to", "3").returncode == 0
    assert visible() == [1, 2, 3]

    refused = command("hide", "root 2.*", *where)
    assert refused.returncode == 5
    assert "3 (root-2.0-h0_0.conda of cell2)" in refused.stderr
    hidden = command("hide", "root 2.*", "--force", *where)
    assert hidden.returncode == 0
    assert "- root-2.0-h0_0.conda" in hidden.stdout
    assert visible() == [1, 2]
    assert (channel / "linux-64/root-2.0-h0_0.conda").exists()

    assert command("rollback", *where, "--to", "99").returncode == 2
    assert command("hide", "nothing", *where).returncode == 2
    assert command("releases", "--channel", str(tmp_path)).returncode == 2
