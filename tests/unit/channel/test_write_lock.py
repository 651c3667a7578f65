import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import write_lock
from rootstock.core.errors import RefusedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "channel/.rootstock").mkdir(parents=True)
    return tmp_path / "channel/.rootstock/lock"


def test_second_writer_is_reported_who_the_first_is(path: Path) -> None:
    with (
        write_lock.writer(path),
        pytest.raises(RefusedError, match=f"process {os.getpid()}"),
        write_lock.writer(path),
    ):
        pass


def test_other_threads_are_other_writers(path: Path) -> None:
    refused = []

    def write() -> None:
        try:
            with write_lock.writer(path):
                pass
        except RefusedError:
            refused.append(True)

    with write_lock.writer(path):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert refused


def test_lock_is_free_afterwards(path: Path) -> None:
    with pytest.raises(ValueError, match="x"), write_lock.writer(path):
        raise ValueError("x")
    with write_lock.writer(path):
        pass
    assert path.read_text() == ""


def test_a_writer_that_waits_comes_after_the_first(path: Path) -> None:
    said: list[str] = []
    held = threading.Event()

    def first() -> None:
        with write_lock.writer(path):
            held.set()
            time.sleep(0.5)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with write_lock.writer(path, wait=60.0, notify=said.append):
        assert path.read_text().endswith(f"process {os.getpid()}\n")
    thread.join()
    [note] = said
    assert f"process {os.getpid()} is writing to" in note
    assert note.endswith(": waiting up to 60 s")


def test_a_writer_does_not_wait_for_ever(path: Path) -> None:
    with (
        write_lock.writer(path),
        pytest.raises(RefusedError, match=r"even after 0 s|even after 1 s"),
        write_lock.writer(path, wait=0.6),
    ):
        pass


def _folder(path: Path) -> None:
    path.mkdir()


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [_folder, os.mkfifo, _socket])
def test_what_is_no_file_is_reported(
    path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)  # the path of a socket is short
    make(path)
    with pytest.raises(RefusedError, match="is not a file"), write_lock.writer(path):
        pass


def test_a_link_leaves_what_it_leads_to(path: Path) -> None:
    other = path.parents[1] / "other"
    other.write_text("text")
    path.symlink_to(other)
    with pytest.raises(RefusedError, match="is not a file"), write_lock.writer(path):
        pass
    assert other.read_text() == "text"
