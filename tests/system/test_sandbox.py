"""What docs/sandbox.md promises against a hostile recipe, tried in every engine that works here.

Nothing here does harm where a promise is broken: what should be refused is only opened, or is a
file of the test's own.
"""

import json
import os
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.image.engines import MACHINE, Engine, Mount, Sandbox
from rootstock.image.engines.choose import ENGINES

from .conftest import PYTHON, ROOT, WELL, Bench
from .test_engines import nap, output, running, wait_for

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
SECRET = "only the caller should read this"


@pytest.fixture
def sandbox(engine: Engine, bare: Path, tmp_path: Path) -> Sandbox:
    """A system with this machine's programs and a folder of the caller's at /rootstock/out."""
    engine.prepare(bare)
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    mounts = (*MACHINE, Mount(source=out, target="/rootstock/out", writable=True))
    return Sandbox(root=bare, mounts=mounts, env={"PATH": "/usr/bin:/bin"}, cwd="/rootstock/out")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that the caller may read, in a folder that others may enter."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    return path


def test_the_kernels_settings_cannot_be_opened_for_writing(
    engine: Engine, sandbox: Sandbox
) -> None:
    places = "/proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs /proc/acpi /proc/scsi"
    asked = f"find {places} -writable 2>/dev/null || true"
    assert output(engine, sandbox, asked) == []
    # As the kernel answers, not as `access` does.
    for path in ("sys/vm/swappiness", "sys/kernel/core_pattern", "sysrq-trigger"):
        if Path("/proc", path).exists():
            tried = f"(: >>/proc/{path}) 2>/dev/null && echo opened || echo refused"
            assert output(engine, sandbox, tried) == ["refused"], path


def test_the_machines_memory_and_messages_are_not_reported(
    engine: Engine, sandbox: Sandbox
) -> None:
    for name in ("kcore", "kmsg", "keys", "timer_list", "sched_debug"):
        said = f"timeout 5 head -c 1 /proc/{name} 2>/dev/null | wc -c"
        assert output(engine, sandbox, said) == ["0"], name
    assert output(engine, sandbox, "ls -A /sys | head -n 1 | wc -l")[0] in ("0", "1")
    assert output(engine, sandbox, "find /sys -writable -type f 2>/dev/null || true") == []


def test_to_the_machine_it_is_not_root(engine: Engine, sandbox: Sandbox) -> None:
    words = nap()
    argv = engine.command(sandbox, ["/bin/sh", "-c", f"{words}; true"])
    started = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True)
    try:
        wait_for(lambda: asleep(words), "it did not begin")
        [status] = {Path(f"/proc/{pid}/status").read_text() for pid in asleep(words)}
        numbers = {
            int(number)
            for line in status.splitlines()
            if line.startswith(("Uid:", "Gid:"))
            for number in line.split()[1:]
        }
    finally:
        started.kill()
        started.communicate()
    wait_for(lambda: not running(words), "it outlived the engine")
    assert 0 not in numbers
    if os.getuid() and engine.name != "podman":
        assert numbers == {os.getuid(), os.getgid()}


def asleep(words: str) -> list[str]:
    """The processes that are exactly this command, and no shell or engine that will run it."""
    exact = b"\0".join(word.encode() for word in words.split()) + b"\0"
    found = []
    for pid in running(words):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes() == exact:
                found.append(pid)
        except OSError:
            continue
    return found


def test_it_has_no_rights_and_can_get_none(engine: Engine, sandbox: Sandbox) -> None:
    status = output(engine, sandbox, "grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status")
    assert {int(line.split()[1], 16) for line in status} == {0}
    for refused in ("mount -t tmpfs none /tmp", "chroot / true", "mknod /tmp/disk b 8 0",
                    "setpriv --reuid 0 true", "hostname other"):  # fmt: skip
        script = f"{refused} >/dev/null 2>&1 && echo done || echo refused"
        assert output(engine, sandbox, script) == ["refused"], refused


def test_there_are_no_devices_of_the_machine(engine: Engine, sandbox: Sandbox) -> None:
    script = "find /dev -type b; find /dev -type c -printf '%f\\n' | sort -u"
    # Those that hold nothing of the machine's, and terminals of the sandbox's own.
    allowed = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console", "0"}
    assert set(output(engine, sandbox, script)) <= allowed


def test_the_callers_files_are_not_there(engine: Engine, sandbox: Sandbox, secret: Path) -> None:
    for path in (secret, Path("/proc/1/root") / secret.relative_to("/"), Path.home() / ".ssh"):
        script = f"[ -e {path} ] && echo there || echo gone"
        assert output(engine, sandbox, script) == ["gone"], path
    (sandbox.mounts[-1].source / "link").symlink_to(secret)
    assert output(engine, sandbox, "[ -e link ] && echo there || echo gone") == ["gone"]


def test_no_process_of_it_has_the_callers_environment(
    engine: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@localhost:1")
    script = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c 'only the' || true"
    assert output(engine, sandbox, script) == ["0"]


def test_the_callers_network_is_out_of_reach(engine: Engine, sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"bash -c ': </dev/tcp/127.0.0.1/{port}' 2>/dev/null && echo in || echo out"
        assert output(engine, sandbox, script) == ["out"]
    name = f"rootstock-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        assert output(engine, sandbox, f"grep -c {name} /proc/net/unix || true") == ["0"]


def test_what_it_leaves_running_has_ended_when_it_has(engine: Engine, sandbox: Sandbox) -> None:
    script = (
        "touch tick; (trap '' TERM HUP; while :; do echo $((n = n + 1)) >>tick; done) "
        ">/dev/null 2>&1 &\nwhile [ ! -s tick ]; do :; done"
    )
    for _ in range(5):
        output(engine, sandbox, script)
        tick = sandbox.mounts[-1].source / "tick"
        size = tick.stat().st_size
        time.sleep(0.2)
        assert tick.stat().st_size == size > 0
        tick.unlink()


def test_a_folder_that_others_may_not_enter_can_be_mounted(
    engine: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    (closed / "in/file").write_text("text\n")
    closed.chmod(0o700)
    other = replace(
        sandbox, mounts=(*sandbox.mounts, Mount(source=closed / "in", target="/rootstock/deps"))
    )
    assert output(engine, other, "cat /rootstock/deps/file") == ["text"]


# ---- what builds and tests leave

TAKEN = "/rootstock/build/out"
HOSTILE = {
    "link": "rm {file}; ln -s {secret} {file}",
    "link within": "cp {file} {file}.x; rm {file}; ln -s {file}.x {file}",
    "pipe": "rm {file}; mkfifo {file}",
    "folder": "rm {file}; mkdir {file}",
    "nothing": "rm {file}",
    "text": "echo text >{file}",
    "empty": ": >{file}",
    "cut": "head -c 500 {file} >x; cat x >{file}",
    "no rights": "chmod 000 {file}; mv {file} {file}.x",
    "linked folder": "cp -r {folder} /rootstock/build/x; rm -r {folder}; ln -s ../x {folder}",
    "linked out": "mv {out} /rootstock/build/x; ln -s x {out}",
    "another package": "cp $(ls /rootstock/deps/*/python*.conda) {file}",
}


def ended(bench: Bench, engine: str, *words: str) -> tuple[int, str]:
    done = bench.run("build", *CELL, "--engine", engine, *words)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("how", HOSTILE)
def test_a_package_is_taken_only_where_and_as_it_has_to_be(
    how: str, bench: Bench, secret: Path
) -> None:
    out = "/rootstock/build/out"
    folder = f"{out}/linux-64"
    script = HOSTILE[how].format(
        file="$(echo /rootstock/build/out/linux-64/root-*.conda)", folder=folder, out=out,
        secret=secret,
    )  # fmt: skip
    bench.recipe("root", recipe_yaml=ROOT + f"tests: [{{script: {json.dumps([script])}}}]\n")
    code, said = ended(bench, "auto")
    assert code == 1, said
    assert SECRET not in said
    assert not [path for path in bench.home.glob("artifacts/*") if list(path.glob("root-*"))]
    assert list((bench.home / "tmp").iterdir()) == []


def test_a_process_left_behind_changes_nothing_that_is_taken(
    works: Callable[[str], Engine], bench: Bench
) -> None:
    for name in ENGINES:
        if name not in working(works):
            continue
        late = (
            "setsid sh -c 'while :; do for f in /rootstock/build/out/linux-64/root-*.conda; do "
            "[ -f $f ] && echo changed >>$f; done; done' >/dev/null 2>&1 </dev/null &\n"
        )
        bench.recipe("root", make_sh=f"{late}cp root.txt $PREFIX/ # {name}\n")
        code, said = ended(bench, name)
        assert code in (0, 1), said
        built = [*bench.home.glob("artifacts/*/root-*.conda")]
        assert all(b"changed" not in path.read_bytes() for path in built)


def working(works: Callable[[str], Engine]) -> Sequence[str]:
    found = []
    for name in ENGINES:
        try:
            found.append(works(name).name)
        except pytest.skip.Exception:
            continue
    return found


@pytest.mark.parametrize("left", ["ln -s {secret} $1.log", "mkfifo $1.log", "mkdir $1.log", "true"])
def test_the_log_of_a_check_is_never_followed(left: str, bench: Bench, secret: Path) -> None:
    hostile = WELL.replace(': > "${check%%,*}.log"', "leave ${check%%,*}")
    function = f"leave() {{ {left.format(secret=secret)}; }}\n"
    bench.recipe(
        "python", recipe_yaml=PYTHON, python_sh=hostile.replace("shift 3\n", f"shift 3\n{function}")
    )
    done = bench.run("smoke", *CELL)
    assert "Traceback" not in done.stderr
    logs = [path for path in bench.home.glob("runs/*/**/*.log") if path.is_file()]
    assert any("left no log" in path.read_text() for path in logs), done.stderr
    assert not any(SECRET in path.read_text() for path in logs)
    assert SECRET not in done.stderr + done.stdout


def test_what_a_build_made_is_of_no_special_mode(bench: Bench) -> None:
    bench.recipe("root", make_sh="cp root.txt $PREFIX/; chmod 6777 $PREFIX/root.txt\n")
    code, said = ended(bench, "auto")
    assert code == 0, said
    [root] = bench.home.glob("unpacked/*/package/root.txt")
    assert stat.S_IMODE(root.stat().st_mode) & 0o7022 == 0


def test_a_tree_deeper_than_python_can_call_is_removed(bench: Bench) -> None:
    deep = "for i in $(seq 1200); do mkdir d; cd d; done\nchmod 500 .\n"
    bench.recipe("root", make_sh=f"cp root.txt $PREFIX/\n{deep}")
    code, said = ended(bench, "auto")
    assert code == 0, said
    assert list((bench.home / "tmp").iterdir()) == []


def test_a_caller_whose_umask_lets_nobody_in_can_build(bench: Bench) -> None:
    words = ["sh", "-c", 'umask 077; exec "$@"', "sh", *bench.argv("build", *CELL)]
    done = subprocess.run(words, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
