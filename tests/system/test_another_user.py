"""The command as a user who is not root, without a name: in a user namespace of its own."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from .conftest import Bench
from .test_crash import another, assert_whole

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
AS_ANOTHER = ("unshare", "--user", "--map-user=4321", "--map-group=4321")


def run(bench: Bench, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*AS_ANOTHER, *bench.argv(*words)],
        env=bench.env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def possible() -> None:
    tried = subprocess.run([*AS_ANOTHER, "id", "-u"], capture_output=True, text=True, check=False)
    if tried.stdout != "4321\n":
        pytest.skip(f"no user namespaces on this machine: {tried.stderr}")


def packages(channel: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in channel.glob("*/*.conda")
    }


def test_a_user_without_rights_makes_the_same(bench: Bench, tmp_path: Path) -> None:
    bench.json("build", *CELL)
    other = another(bench, tmp_path / "other")
    made = run(other, "build", *CELL)
    assert made.returncode == 0, made.stderr
    assert_whole(other.channel)
    assert packages(other.channel) == packages(bench.channel) != {}
    assert list((other.home / "tmp").iterdir()) == []


def test_a_channel_that_may_not_be_written_ends_with_2(bench: Bench) -> None:
    bench.channel.mkdir(mode=0o555)
    ended = run(bench, "build", *CELL)
    assert ended.returncode == 2, ended.stderr
    assert f"{bench.channel} cannot be written" in ended.stderr


def test_a_store_that_may_not_be_written_is_reported(bench: Bench) -> None:
    bench.home.chmod(0o555)
    try:
        ended = run(bench, "build", *CELL)
    finally:
        bench.home.chmod(0o755)
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 2, ended.stderr
    assert str(bench.home) in ended.stderr
    assert "ROOTSTOCK_HOME" in ended.stderr
