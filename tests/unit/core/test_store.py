import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rootstock.core.errors import UsageError
from rootstock.core.store import Store, locate, publish, remove, sweep, temporary


def test_the_store_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOTSTOCK_HOME", str(tmp_path / "here"))
    assert locate().root == tmp_path / "here"
    monkeypatch.delenv("ROOTSTOCK_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert locate().root == tmp_path / "cache/rootstock"


def test_a_scratch_folder_is_gone_at_the_end(store: Store) -> None:
    with store.scratch("graft") as folder:
        (folder / "deep").mkdir()
        (folder / "deep/file").write_text("text")
        (folder / "deep").chmod(0o500)
    assert not folder.exists()


def test_only_what_dead_processes_left_is_cleared(store: Store) -> None:
    with store.scratch("alive") as alive:
        dead = alive.with_name(alive.name.replace(f"-{os.getpid()}-", "-999999999-"))
        dead.mkdir()
        elsewhere = alive.with_name("graft-anotherhost-999999999-abc")
        elsewhere.mkdir()
        forgotten = alive.with_name("graft-anotherhost-999999999-abd")
        forgotten.mkdir()
        long_ago = time.time() - 30 * 24 * 3600
        os.utime(forgotten, (long_ago, long_ago))
        store.prepare()
        assert alive.exists() and elsewhere.exists()
        assert not dead.exists() and not forgotten.exists()


def test_the_first_to_publish_wins(store: Store) -> None:
    place = store.artifact("key")
    for text in ("first", "second"):
        with store.scratch("artifact") as folder:
            (folder / "ready").mkdir()
            (folder / "ready/file").write_text(text)
            publish(folder / "ready", place)
    assert (place / "file").read_text() == "first"


def test_a_file_is_written_whole(store: Store) -> None:
    path = store.result("audit", "digest")
    store.write(path, "one")
    store.write(path, "two")
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_damaged_entry_is_taken_away(store: Store) -> None:
    place = store.artifact("key")
    (place / "deep").mkdir(parents=True)
    store.discard(place)
    store.discard(place)  # another process was first
    assert not place.exists()
    assert not any((store.root / "tmp").iterdir())


def test_what_another_process_made_anew_stays(store: Store) -> None:
    place = store.artifact("key")
    place.mkdir(parents=True)
    store.discard(place, lambda: True)
    assert place.exists()
    store.discard(place, lambda: False)
    assert not place.exists()


def test_one_at_a_time_takes_away(store: Store) -> None:
    busy: list[int] = []

    def whole() -> bool:
        busy.append(1)
        time.sleep(0.01)
        most.append(len(busy))
        busy.pop()
        return True

    most: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.discard(store.artifact("key"), whole), range(8)))
    assert most == [1] * 8


def test_folders_that_are_not_writable_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/file").write_text("text")
    (folder / "deep").chmod(0o500)
    folder.chmod(0o500)
    remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("home", ["~no-such-user/x", "loop/x"])
def test_where_no_store_can_be(home: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROOTSTOCK_HOME", home)
    with pytest.raises(UsageError, match="the store") as said:
        locate().prepare()
    assert "ROOTSTOCK_HOME" in said.value.remedy


@pytest.mark.parametrize("what", ["", "tmp", "runs", "artifacts"])
def test_a_file_where_a_folder_of_the_store_should_be(what: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    place = store.root / what
    place.parent.mkdir(exist_ok=True)
    place.touch()
    with pytest.raises(UsageError, match="cannot be written"):
        store.prepare()
    with pytest.raises(UsageError, match="cannot be written"):
        Store(Path("/proc/x")).prepare()


def test_what_a_thread_still_uses_is_removed_at_the_end(tmp_path: Path) -> None:
    place = Store(tmp_path)
    place.prepare()
    with place.scratch("source") as folder:
        (folder / "part").write_text("half of it")
        sweep()
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_is_removed_even_if_the_interruption_comes_as_soon_as_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Store(tmp_path)
    place.prepare()
    make = os.mkdir

    def interrupted(path: Path, mode: int) -> None:
        make(path, mode)
        raise KeyboardInterrupt

    monkeypatch.setattr("os.mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), place.scratch("channel"):
        pytest.fail("it was interrupted before")
    sweep()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_the_one_above_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    name = "x" * 300  # 255 are possible
    with pytest.raises(OSError, match="too long"), temporary(tmp_path / name):
        pytest.fail("it was made")
    remove(tmp_path / "was never there")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
