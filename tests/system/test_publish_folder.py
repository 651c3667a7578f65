"""Publishing into a folder: a copy that switches as the channel does, wherever it is cut off."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index
from rootstock.core.errors import RefusedError, SmokeFailed
from rootstock.core.progress import silent
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.publish import publish
from rootstock.publish.folder import Folder

from ..channels import PROGRAM, current, load, rollback
from .parcels import ONCE, Installs, paths, promoted, untested

pytestmark = pytest.mark.system
PUBLISH = f"""{PROGRAM}
from pathlib import Path
from rootstock.core.progress import silent
from rootstock.publish import publish
from rootstock.publish.folder import Folder
from rootstock.publish.retry import RetryPolicy
from rootstock.core.store import Store
store = Store(Path(sys.argv[3]))
store.prepare()
snapshot = load(Path(sys.argv[1]))
print("ready", flush=True)
publish.publish(snapshot, Folder(path=Path(sys.argv[2])), store, silent, lambda *_: None,
                policy=RetryPolicy(tries=1))
"""


def more(channel: Path, package: Any, version: str = "1.0") -> None:
    two, three = package("two", version, depends=["one"]), package("three", version)
    promoted(channel, "new", two, package("one"), three)


def go(channel: Path, folder: Path, store: Store, smoke: Any = untested) -> Any:
    return publish.publish(load(channel), Folder(path=folder), store, silent, smoke, policy=ONCE)


def visible(folder: Path) -> dict[str, str]:
    """What readers see, by path, with the hashes of what is really there."""
    found = {}
    for subdir in ("noarch", "linux-64"):
        for name in index.read(folder / subdir):
            found[f"{subdir}/{name}"] = sha256_of(folder / subdir / name)
    return found


def the_same(channel: Path, folder: Path) -> None:
    """All that readers can see of two channels is equal, byte by byte."""
    assert visible(folder) == visible(channel) == paths(load(channel))
    for path in channel.rglob("*"):
        inside = path.relative_to(channel)
        if path.is_file() and inside.parts[:2] != (".rootstock", "lock"):
            assert (folder / inside).read_bytes() == path.read_bytes(), inside


def test_a_folder_becomes_a_copy(channel: Path, package: Any, store: Store, tmp_path: Path) -> None:
    folder, installs = tmp_path / "web", Installs(tmp_path)
    done = go(channel, folder, store, installs)
    assert (set(done.uploaded), done.cells) == (set(paths(load(channel))), ("old",))
    the_same(channel, folder)
    more(channel, package)
    done = go(channel, folder, store, installs)
    assert len(done.uploaded) == 2
    the_same(channel, folder)
    releases = json.loads((folder / "releases.json").read_text())["releases"]
    assert [one["release"] for one in releases] == [1, 2]
    assert go(channel, folder, store, installs).read == ()
    assert installs.calls == 2
    assert not (folder / ".rootstock/staging").exists()


def test_going_back_is_published_too(
    channel: Path, package: Any, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "web"
    more(channel, package)
    go(channel, folder, store)
    rollback(channel)
    done = go(channel, folder, store)
    assert done.uploaded == done.shown == ()
    the_same(channel, folder)
    assert len(visible(folder)) == 2


def test_an_earlier_release_then_the_next(
    channel: Path, package: Any, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "web"
    more(channel, package)
    first = load(channel, 1)
    publish.publish(first, Folder(path=folder), store, silent, untested, policy=ONCE)
    assert visible(folder) == paths(first)
    assert current(folder).number == 1
    go(channel, folder, store)
    the_same(channel, folder)
    with pytest.raises(RefusedError, match="shows generation 2, but this is 1"):
        publish.publish(first, Folder(path=folder), store, silent, untested, policy=ONCE)


def test_what_fails_its_test_is_not_shown(
    channel: Path, package: Any, store: Store, tmp_path: Path
) -> None:
    def fails(cells: Any, url: str) -> None:
        raise SmokeFailed("it does not work")

    folder = tmp_path / "web"
    go(channel, folder, store)
    before = visible(folder)
    more(channel, package)
    with pytest.raises(SmokeFailed):
        go(channel, folder, store, fails)
    assert visible(folder) == before
    go(channel, folder, store)
    the_same(channel, folder)


def test_a_folder_that_is_another_channel(
    channel: Path, package: Any, store: Store, tmp_path: Path
) -> None:
    folder, other = tmp_path / "web", tmp_path / "other"
    go(channel, folder, store)
    promoted(other, "old", package("one", key="other"))
    before = visible(folder)
    with pytest.raises(RefusedError, match="is not a copy of"):
        go(other, folder, store)
    assert visible(folder) == before


def test_a_file_of_the_same_name_with_other_bytes(
    channel: Path, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "web"
    path = folder / load(channel).packages[0].path
    path.parent.mkdir(parents=True)
    (folder / ".rootstock").mkdir()  # as a copy that was cut off leaves it
    path.write_text("something else")
    with pytest.raises(RefusedError, match="other files of the same names"):
        go(channel, folder, store)
    assert path.read_text() == "something else"
    assert not (folder / "noarch/repodata.json").exists()


def test_killed_at_any_moment(channel: Path, package: Any, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    go(channel, folder, store)
    random.seed(3)
    for round_ in range(12):
        before = visible(folder)
        # Sometimes two generations at once are new.
        for step in range(1 + round_ % 2):
            more(channel, package, f"{round_}.{step}")
        words = [channel, folder, store.root]
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISH, *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert visible(folder) in (before, paths(load(channel)))
        go(channel, folder, store)
        the_same(channel, folder)
