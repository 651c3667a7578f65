"""Environments of client programs, really made."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store
from rootstock.sources import tools

from .conftest import CHECKOUT

pytestmark = pytest.mark.system
SHIP = CHECKOUT / "ci/tools/conda-ship.lock"
S3 = CHECKOUT / "ci/tools/s3.lock"
ENSURE = """
import sys
from pathlib import Path
from rootstock.core.progress import silent
from rootstock.sources import tools
from rootstock.core.store import Store
store = Store(Path(sys.argv[1]))
store.prepare()
print("ready", flush=True)
print(tools.ensure(Path(sys.argv[2]), store, silent))
"""


def start(store: Store, lock: Path) -> "subprocess.Popen[str]":
    started = subprocess.Popen(
        [sys.executable, "-I", "-c", ENSURE, store.root, lock], stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def test_a_program_is_made_once(store: Store) -> None:
    shown: list[Event] = []
    folder = tools.ensure(SHIP, store, shown.append)
    assert process.run([folder / "bin/cs", "--help"]).code == 0
    assert [event.state for event in shown] == ["start", "progress", "done"]
    shown.clear()
    assert tools.ensure(SHIP, store, shown.append, offline=True) == folder
    assert shown == []
    assert list((store.root / "tmp").iterdir()) == []


def test_a_python_library_knows_nothing_of_ours(store: Store) -> None:
    folder = tools.ensure(S3, store, silent)
    run = tools.python(folder)
    names = process.run([*run, "-c", "import boto3, sys; print(sys.prefix)"])
    assert (names.code, names.output.strip()) == (0, str(folder))
    assert process.run([*run, "-c", "import typer"]).code == 1
    assert tools.ensure(S3, store, silent, offline=True) == folder  # the seal still holds


def test_other_bytes_than_the_locks_are_refused(store: Store, tmp_path: Path) -> None:
    lock = tmp_path / "other.lock"
    lock.write_text(re.sub("sha256:.{8}", "sha256:00000000", SHIP.read_text()))
    with pytest.raises(SourceError, match="could not be installed"):
        tools.ensure(lock, store, silent)
    assert not list(store.root.glob("tools/*"))
    assert list((store.root / "tmp").iterdir()) == []


def test_two_at_once_and_one_that_is_killed(store: Store) -> None:
    killed = start(store, SHIP)
    time.sleep(0.5)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    both = [start(store, SHIP) for _ in range(2)]
    said = [one.communicate()[0].strip() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0] == said[1] == str(tools.ensure(SHIP, store, silent, offline=True))
    assert [path.name for path in (store.root / "tools").iterdir()] == [Path(said[0]).parent.name]
