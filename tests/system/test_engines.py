"""Every engine that works on this machine: what it keeps out, what it makes, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.choose import ENGINES, why_not

from .conftest import CHECKOUT, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
CONTAINERS = ("podman", "docker")
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def sandbox(engine: Engine, bare: Path, tmp_path: Path) -> Sandbox:
    """A system with a folder of the caller's at /rootstock/out."""
    engine.prepare(bare)
    out = tmp_path / "out, of here"
    out.mkdir()
    out.chmod(0o777)
    mounts = (
        Mount(source=out, target="/rootstock/out", writable=True),
        Mount(source=CHECKOUT / "ci", target="/rootstock/deps"),
    )
    return Sandbox(root=bare, mounts=mounts, env=PATH | {"SAID": "two words"}, cwd="/rootstock/out")


def output(engine: Engine, sandbox: Sandbox, script: str) -> list[str]:
    done = process.run(engine.command(sandbox, ["sh", "-c", script]), timeout=60)
    assert done.code == 0, done.output
    return done.output.splitlines()


def running(words: str) -> list[str]:
    """The processes whose command line has these words, those in containers among them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if words in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                found.append(folder.name)
        except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
            continue
    return found


def containers(name: str) -> list[str]:
    """The containers of an engine that come from images of ours, running or not."""
    if name not in CONTAINERS:
        return []
    listed = process.run([name, "ps", "--all", "--format", "{{.Image}} {{.Status}}"])
    assert listed.code == 0, listed.output
    return [line for line in listed.output.splitlines() if line.startswith("localhost/rootstock:")]


def wait_for(happened: Callable[[], object], otherwise: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def nap() -> str:
    """A command that nobody else runs at this time."""
    return f"sleep {3600 + os.getpid()}.{time.monotonic_ns() % 10**9}"


def test_nothing_of_the_machine_is_in_reach(
    engine: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_TOKEN", "in the open")
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@localhost:1")
    seen = dict(line.split("=", 1) for line in output(engine, sandbox, "env"))
    assert {key: seen[key] for key in ("PATH", "SAID")} == PATH | {"SAID": "two words"}
    assert set(seen) - {"PATH", "SAID"} <= {"PWD", "SHLVL", "_"}, "the shell's own"
    interfaces = output(engine, sandbox, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")
    assert interfaces == ["lo"]
    processes = output(engine, sandbox, "ls -d /proc/[0-9]*")
    assert len(processes) < 10, "the machine's own processes are not seen"


def test_it_is_nobody_special_on_a_system_that_cannot_be_written(
    engine: Engine, sandbox: Sandbox
) -> None:
    uid = int(output(engine, sandbox, "id -u")[0])
    assert uid == (os.getuid() if engine.name == "docker" and os.getuid() else 1000)
    [name] = output(engine, sandbox, "id -un")
    assert name in ("rootstock", "caller"), "programs look up who they are"
    script = "for p in / /etc /usr/bin /rootstock/deps; do ( : >$p/x ) 2>/dev/null && echo $p; done"
    assert output(engine, sandbox, f"{script}; : >/tmp/x") == []
    capable = output(engine, sandbox, "grep CapEff /proc/self/status")
    assert int(capable[0].split()[1], 16) == 0


def test_files_that_come_out_can_be_read_and_removed(engine: Engine, sandbox: Sandbox) -> None:
    output(engine, sandbox, "mkdir d && echo text >d/file && chmod 700 d")
    folder = sandbox.mounts[0].source / "d"
    assert (folder / "file").read_text() == "text\n"
    if os.getuid():
        assert folder.stat().st_uid == os.getuid()
    (folder / "file").unlink()
    folder.rmdir()


def test_the_exit_code_and_the_output_come_out(engine: Engine, sandbox: Sandbox) -> None:
    script = "for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done; read -r line || exit 7"
    done = process.run(engine.command(sandbox, ["sh", "-c", script]), timeout=60)
    assert done.output.split() == [f"{stream}{i}" for i in range(1, 6) for stream in "oe"]
    assert done.code == 7, "standard input is empty"


def test_a_time_limit_ends_all_there_is(engine: Engine, sandbox: Sandbox) -> None:
    words = nap()
    script = f"trap '' TERM INT; (trap '' TERM; {words}; true) & {words}; true"
    done = process.run(engine.command(sandbox, ["sh", "-c", script]), timeout=3)
    assert done.over == "time"
    wait_for(lambda: not running(words), "it outlived its time", seconds=10)
    wait_for(lambda: not containers(engine.name), "a container is left", seconds=10)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_ends_with_rootstock(
    name: str, number: signal.Signals, works: Callable[[str], Engine], bench: Bench
) -> None:
    works(name)
    words = nap()
    bench.recipe("root", make_sh=f"{words}\n")
    argv = bench.argv("build", *CELL, "--engine", name)
    run = subprocess.Popen(argv, env=bench.env, stderr=subprocess.PIPE)
    wait_for(lambda: running(words) or run.poll() is not None, "the build did not begin")
    run.send_signal(number)
    _, said = run.communicate(timeout=30)
    assert run.returncode == (-number if number == signal.SIGKILL else 130), said.decode()
    seconds = 10 if number == signal.SIGKILL else 1
    wait_for(lambda: not running(words), "the build outlived rootstock", seconds)
    wait_for(lambda: not containers(name), "a container is left", seconds=10)
    if number != signal.SIGKILL:
        assert list((bench.home / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ENGINES)
def test_a_build_over_its_memory_is_ended(
    name: str, works: Callable[[str], Engine], bench: Bench
) -> None:
    works(name)
    words = nap()
    eat = 'full=$(head -c 300000000 /dev/zero | tr "\\0" x)\n'
    bench.recipe("root", make_sh=f'{eat}{words}\ntest -n "$full"\n')
    done = bench.run("build", *CELL, "--engine", name, "--memory-limit", "250M", "--json")
    assert done.returncode == 1, done.stderr
    assert "more than 0.25 GB" in json.loads(done.stdout)["error"]
    wait_for(lambda: not running(words), "it outlived its limit", seconds=10)
    wait_for(lambda: not containers(name), "a container is left", seconds=10)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_that_is_not_there_ends_with_4(name: str, bench: Bench, tmp_path: Path) -> None:
    done = subprocess.run(
        bench.argv("build", *CELL, "--engine", name),
        env={**bench.env, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert f"{name} does not work here" in done.stderr
    assert "Install " in done.stderr


def test_every_engine_that_works_builds_the_same(bench: Bench, tmp_path: Path) -> None:
    hashes = {}
    for name, engine in ENGINES.items():
        if why_not(engine):
            continue
        other = Bench(bench.checkout, tmp_path / name, tmp_path / f"channel {name}")
        other.home.mkdir()
        (other.home / "images").symlink_to(bench.home / "images")
        record = other.json("build", *CELL, "--engine", name)
        hashes[name] = {node["filename"]: node["sha256"] for node in record["nodes"]}
    assert hashes, "no engine works here"
    first, *rest = hashes.values()
    assert all(other == first for other in rest), hashes


def test_doctor_says_the_truth() -> None:
    argv = [sys.executable, "-I", "-m", "rootstock", "doctor", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    for name, engine in ENGINES.items():
        said = found[f"engine {name}"]
        assert (said["state"] == "ok") == (why_not(engine) is None), said
        assert bool(said["remedy"]) == (said["state"] != "ok"), said
