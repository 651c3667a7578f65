"""The command on a small checkout: what it makes, what it refuses, what it leaves behind."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rattler.package_streaming import extract

from .conftest import ROOT, WELL, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")


def processes_with(words: str) -> list[str]:
    """The process ids whose command line has these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if words in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                found.append(folder.name)
        except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
            continue
    return found


def wait_for(happened: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def leftovers(bench: Bench) -> list[Path]:
    return list((bench.home / "tmp").iterdir())


def test_a_cell_is_built_proven_and_promoted(bench: Bench) -> None:
    record = bench.json("build", *CELL)
    assert [cell["state"] for cell in record["cells"]] == ["promoted"]
    assert {node["state"] for node in record["nodes"]} == {"built"}
    assert {Path(name).name for name in bench.packages()} == {
        node["filename"] for node in record["nodes"]
    }
    assert all(report["passed"] for report in (*record["audit"], *record["smoke"]))
    assert leftovers(bench) == []


def test_nothing_is_done_twice(bench: Bench) -> None:
    first = bench.json("build", *CELL)
    second = bench.json("build", *CELL)
    assert {node["state"] for node in second["nodes"]} == {"kept"}
    assert [cell["state"] for cell in second["cells"]] == ["unchanged"]
    keys = {node["filename"]: (node["key"], node["sha256"]) for node in first["nodes"]}
    assert keys == {node["filename"]: (node["key"], node["sha256"]) for node in second["nodes"]}


def test_the_same_inputs_make_the_same_bytes(bench: Bench, tmp_path: Path) -> None:
    first = bench.json("build", *CELL)
    other = Bench(bench.checkout, tmp_path / "other", tmp_path / "other channel")
    other.home.mkdir()
    (other.home / "images").symlink_to(bench.home / "images")
    second = other.json("build", *CELL)
    assert [n["sha256"] for n in first["nodes"]] == [n["sha256"] for n in second["nodes"]]


def test_a_changed_recipe_gets_the_next_build_number(bench: Bench) -> None:
    bench.json("build", *CELL)
    before = bench.packages()
    bench.recipe("root", root_txt="root, changed\n")
    record = bench.json("build", *CELL)
    [built] = [node for node in record["nodes"] if node["state"] == "built"]
    assert built["filename"].endswith("_1.conda")
    assert bench.packages() == before | {built["filename"]}


def test_the_plan_and_the_list_do_nothing(bench: Bench) -> None:
    assert bench.json("build", "--list")["cells"][0]["id"] == "root6.40.00-cp311-linux_x86_64"
    planned = bench.json("build", *CELL, "--dry-run")
    assert {node["state"] for node in planned["nodes"]} == {"to build"}
    assert not bench.channel.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--root", "7"), r"ROOT 7 .*\n.*6\.40\.00"),
        (("--py", "2.7"), r"Python 2\.7 .*\n.*3\.11, 3\.13"),
        (("--only", "x*"), r"no cell"),
        (("--engine", "chroot"), r"chroot"),
        (("--colour", "red"), r"--colour"),
    ],
)
def test_what_is_not_known_ends_with_2(bench: Bench, words: tuple[str, ...], said: str) -> None:
    done = bench.run("build", *words)
    assert done.returncode == 2
    assert re.search(said, done.stderr)
    assert not bench.channel.exists()


def test_a_source_that_cannot_be_had_ends_with_3(bench: Bench) -> None:
    url = (bench.checkout / "gone.tgz").as_uri()
    source = f'source: {{url: "{url}", sha256: "{"0" * 64}"}}'
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", source))
    done = bench.run("build", *CELL)
    assert done.returncode == 3
    assert url in done.stderr
    assert str(bench.home / "sources" / ("0" * 64) / "gone.tgz") in done.stderr
    assert not bench.channel.exists()


def test_images_are_resolved_again_only_with_relock(bench: Bench) -> None:
    lock = bench.checkout / "ci/images/build.lock"
    pins = lock.read_text()
    lock.write_text(re.sub("^dash .*$", f"dash 0.0-0 1 {'0' * 64}", pins, flags=re.MULTILINE))
    (bench.home / "registry").unlink()  # where other tests would see the lock that comes of it

    def keys(record: Any) -> dict[str, str]:
        return {node["filename"]: node["key"] for node in record["nodes"]}

    pinned = keys(bench.json("plan", *CELL))
    done = bench.run("build", *CELL)
    assert done.returncode == 3
    assert re.search(r"dash 0\.0-0, now \d.*--relock", done.stderr, re.DOTALL)
    assert not bench.channel.exists()
    assert keys(bench.json("plan", *CELL, "--relock")) == pinned

    done = bench.run("audit", *CELL, "--relock")
    assert done.returncode == 0, done.stderr
    assert "dash 0.0-0 -> " in done.stderr
    planned = bench.json("plan", *CELL, "--relock")
    assert {node["state"] for node in planned["nodes"]} == {"kept"}
    assert set(keys(planned).values()).isdisjoint(pinned.values())
    assert keys(bench.json("plan", *CELL)) == pinned
    assert "not used without --relock" in bench.run("plan", *CELL).stderr


def test_a_source_with_another_hash_ends_with_3(bench: Bench) -> None:
    file = bench.checkout / "there.tgz"
    file.write_bytes(b"other bytes")
    source = f'source: {{url: "{file.as_uri()}", sha256: "{"0" * 64}"}}'
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", source))
    done = bench.run("build", *CELL)
    assert done.returncode == 3
    assert "0" * 64 in done.stderr
    assert not list((bench.home / "sources").iterdir())


def test_a_failing_script_ends_with_1_its_last_lines_and_its_log(bench: Bench) -> None:
    bench.recipe("root", make_sh="echo the graft did not take\nexit 3\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    assert "the graft did not take" in done.stderr
    [log] = re.findall(r"Whole log: (\S+)", done.stderr)
    assert "the graft did not take" in Path(log).read_text()
    assert not bench.channel.exists()
    assert leftovers(bench) == []


def test_a_recipe_that_changes_during_a_run_is_not_built_from(bench: Bench) -> None:
    # The python is built first; meanwhile the recipe of the root changes.
    changed = bench.checkout / "recipes/small/root/root.txt"
    bench.recipe("python", python_sh=f"{WELL}# built while the root changes\n")
    running = subprocess.Popen(
        bench.argv("build", *CELL, "-j", "1"), env=bench.env, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "python-3.11.0" in line and "begins" in line:
            changed.write_text("root, changed\n")
            break
    _, said = running.communicate(timeout=60)
    assert running.returncode == 2, said
    assert "changed while rootstock was running" in said
    assert not bench.channel.exists()


def test_a_failing_smoke_test_promotes_nothing(bench: Bench) -> None:
    bench.recipe("python", python_sh="#!/bin/sh\necho it withered\nexit 1\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    assert "it withered" in done.stderr
    assert not bench.channel.exists()


def test_a_package_that_fails_the_audit_is_not_promoted(bench: Bench) -> None:
    bench.recipe("root", make_sh="cp root.txt $PREFIX/\necho $SRC_DIR > $PREFIX/where.txt\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    assert "where.txt" in done.stderr
    assert "leak" in done.stderr
    assert not bench.channel.exists()


def test_a_build_sees_no_network_no_caller_and_nobody_special(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANACONDA_API_TOKEN", "a-secret-token")
    script = """
    { id -u; cat /proc/net/dev | wc -l; env; ls -d /home/* /root/* 2>/dev/null; } > $PREFIX/seen.txt
    ! touch /usr/bin/here
    """
    bench.recipe("root", make_sh=script)
    bench.run("audit", *CELL)  # which it fails: it is full of paths of the build
    [built] = (bench.home / "artifacts").glob("*/root-6*.conda")
    extract(built, bench.home / "seen")
    seen = (bench.home / "seen/seen.txt").read_text()
    uid, lines, *_ = seen.splitlines()
    assert uid == "1000"
    assert int(lines) <= 3, "two lines of heading, and the loopback device"
    assert "a-secret-token" not in seen
    assert f"{Path.home()}/" not in seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_process_and_nothing_half_made(
    bench: Bench, number: signal.Signals
) -> None:
    nap = f"{3600 + os.getpid()}.{number.value}"
    bench.recipe("root", make_sh=f"sleep {nap}\n")
    running = subprocess.Popen(bench.argv("build", *CELL), env=bench.env, stderr=subprocess.PIPE)
    wait_for(lambda: processes_with(f"sleep {nap}"), "the build did not begin")
    running.send_signal(number)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 130, said.decode()
    assert processes_with(f"sleep {nap}") == []
    assert leftovers(bench) == []
    assert not list(bench.home.glob("failures/*"))
    assert not bench.channel.exists()
    bench.recipe("root", make_sh="cp root.txt $PREFIX/\n")
    assert bench.json("build", *CELL)["code"] == 0


def test_an_interruption_does_not_wait_for_a_silent_server(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/root.tgz"
        source = f'source: {{url: "{url}", sha256: "{"0" * 64}"}}'
        bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", source))
        running = subprocess.Popen(
            bench.argv("build", *CELL), env=bench.env, stderr=subprocess.PIPE
        )
        connection, _ = server.accept()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=10)
        connection.close()
    assert running.returncode == 130, said.decode()


def test_what_a_killed_run_left_is_removed_by_the_next(bench: Bench) -> None:
    nap = f"{9000 + os.getpid()}.7"
    bench.recipe("root", make_sh=f"sleep {nap}\n")
    running = subprocess.Popen(bench.argv("build", *CELL), env=bench.env, stderr=subprocess.DEVNULL)
    wait_for(lambda: processes_with(f"sleep {nap}"), "the build did not begin")
    running.kill()
    running.wait()
    assert leftovers(bench)
    bench.recipe("root", make_sh="cp root.txt $PREFIX/\n")
    bench.json("build", *CELL)
    assert leftovers(bench) == []


def test_a_build_dies_with_rootstock(bench: Bench) -> None:
    nap = f"{7200 + os.getpid()}.9"
    bench.recipe("root", make_sh=f"sleep {nap}\n")
    running = subprocess.Popen(bench.argv("build", *CELL), env=bench.env, stderr=subprocess.DEVNULL)
    wait_for(lambda: processes_with(f"sleep {nap}"), "the build did not begin")
    running.kill()
    running.wait()
    wait_for(lambda: not processes_with(f"sleep {nap}"), "the build outlived rootstock")


def test_two_runs_at_once_both_come_to_their_end(bench: Bench) -> None:
    both = [
        subprocess.Popen(bench.argv("build", *CELL), env=bench.env, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    ends = [(one.communicate(timeout=120)[1].decode(), one.returncode) for one in both]
    # The second to promote finds the set there, or the channel in use, and says so.
    assert {code for _, code in ends} <= {0, 5}, ends
    assert 0 in {code for _, code in ends}
    assert len(bench.packages()) == 2
