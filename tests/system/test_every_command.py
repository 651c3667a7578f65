"""Every command there is, in every odd way to start one: it ends with a code and a word.

The commands come from the command line's own table, so that a new one is tried without being
named here. The checkout that they are given is empty and the network leads nowhere: none of them
gets as far as to build or fetch anything.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

from rootstock.cli import main

CODES = {0, 1, 2, 3, 4, 5, 130}
NONSENSE = ["--no-such-option", "gr\xf6\xdfe\udcff\x1b[2J"]
NOWHERE = "http://127.0.0.1:9"


def has_json(name: str) -> bool:
    sys.argv = ["rootstock", name]
    [command] = typer.main.get_command(main._application()).commands.values()  # type: ignore[attr-defined]
    return any("--json" in parameter.opts for parameter in command.params)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    for name in ("checkout", "here"):
        (tmp_path / name).mkdir()
    return {
        **os.environ,
        "ROOTSTOCK_HOME": str(tmp_path / "store"),
        "ROOTSTOCK_CHECKOUT": str(tmp_path / "checkout"),
        "ROOTSTOCK_KEY": str(tmp_path / "config/key.pem"),
        **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE),
    }


def start(
    words: Sequence[str], env: dict[str, str], folder: Path, *, before: str = "", after: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a shell does, with something done before, and streams redirected."""
    shell = f'{before} exec "$@" {after}'
    argv = ["sh", "-c", shell, "sh", sys.executable, "-m", "rootstock", *words]
    return subprocess.run(
        argv, env=env, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120
    )


def is_reported(done: "subprocess.CompletedProcess[str]", *codes: int) -> None:
    """That a command ended with one of some codes, and said why if it failed."""
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr
    if done.returncode:
        assert "error: " in done.stderr


def is_object(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    said = json.loads(done.stdout)
    assert isinstance(said, dict)
    if done.returncode:
        assert said["error"] and said["error"].splitlines()[0] in done.stderr
        assert said["code"] == done.returncode
        assert isinstance(said["remedy"], str)
    return said


@pytest.mark.parametrize("name", ["", *main._HOMES])
def test_every_command(name: str, env: dict[str, str], tmp_path: Path) -> None:
    command = [name] if name else []
    here, gone = tmp_path / "here", tmp_path / "gone"
    gone.mkdir()
    as_json = ["--json"] if name and has_json(name) else []
    locale = {**env, "LC_ALL": "xx_YY.nonsense"}
    plain = {**env, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = partial(start, env=env, folder=here)
    ways = {
        "nothing": partial(start, [*command, *as_json], plain, here),
        "nonsense": partial(start, [*command, *NONSENSE, *as_json], locale, here, after="<&-"),
        "gone": partial(start, [*command, *as_json], env, gone, before='rmdir "$PWD";'),
        "closed": partial(run, [*command, "--help"], after=">&- 2>&- <&-"),
        "full": partial(run, [*command, "--help"], after=">/dev/full"),
        "mute": partial(run, [*command, *NONSENSE], after="2>/dev/full"),
    }
    with ThreadPoolExecutor(3) as pool:
        futures = {way: pool.submit(call) for way, call in ways.items()}
        done = {way: future.result() for way, future in futures.items()}
    if name:
        is_reported(done["nothing"], *CODES)
    is_reported(done["nonsense"], 2)
    is_reported(done["gone"], 2)
    is_reported(done["full"], 4)
    assert (done["closed"].returncode, done["mute"].returncode) == (0, 2)
    for way in ("nothing", "nonsense", "gone") if as_json else ():
        is_object(done[way])


EARLY = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(int(sys.argv[1]))

sys.meta_path.insert(0, Finder())
from rootstock.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_moment_can_be_interrupted(number: int) -> None:
    """The signal comes while the commands are imported."""
    argv = [sys.executable, "-I", "-c", EARLY, str(int(number)), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")
    assert json.loads(done.stdout) == {"error": "interrupted", "remedy": "", "code": 130}


TWICE = """
import signal, sys
from rootstock.cli import ending, main

real = ending.failure

def failure(error):
    ending.failure = real
    signal.raise_signal(signal.SIGINT)  # while the first is seen to

ending.failure = failure
sys.argv = ["rootstock", "nonsense"]
main.main()
"""


def test_an_impatient_user_gets_no_trace() -> None:
    argv = [sys.executable, "-I", "-c", TWICE]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")


def test_a_file_that_may_not_grow_is_no_fault_of_rootstock(
    env: dict[str, str], tmp_path: Path
) -> None:
    words = ["releases", "--help"]
    done = start(words, env, tmp_path, before="ulimit -f 1;", after=f">{tmp_path}/out")
    is_reported(done, 4)


def test_no_child_sees_a_secret(env: dict[str, str], tmp_path: Path) -> None:
    """Whatever `doctor` starts writes down its environment."""
    seen, programs = tmp_path / "seen", tmp_path / "bin"
    programs.mkdir()
    for name in ("podman", "docker", "bwrap", "unshare", "apt-config", "apt-get", "dpkg-deb"):
        (programs / name).write_text(f"#!/bin/sh\n/usr/bin/env >>{seen}\nexit 1\n")
        (programs / name).chmod(0o755)
    secrets = ("ROOTSTOCK_KEY_PASSPHRASE", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD")
    env |= {**dict.fromkeys(secrets, "hidden"), "PATH": f"{programs}:{env['PATH']}"}
    start(["doctor"], env, tmp_path)
    assert "PATH=" in seen.read_text()
    assert "hidden" not in seen.read_text()


def test_what_it_is_called() -> None:
    for word in ("--version", "-V"):
        argv = [sys.executable, "-I", "-m", "rootstock", word]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert done.stdout.split()[0] == "rootstock"
    for words in (["help"], ["-h"], ["help", "env"], ["env", "-h"]):
        argv = [sys.executable, "-I", "-m", "rootstock", *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert "Usage:" in done.stdout
