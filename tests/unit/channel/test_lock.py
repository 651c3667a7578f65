import os
import threading
from pathlib import Path

import pytest

from rootstock.channel import lock
from rootstock.errors import RefusedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "channel/.rootstock").mkdir(parents=True)
    return tmp_path / "channel/.rootstock/lock"


def test_second_writer_is_told_who_the_first_is(path: Path) -> None:
    with (
        lock.writer(path),
        pytest.raises(RefusedError, match=f"process {os.getpid()}"),
        lock.writer(path),
    ):
        pass


def test_other_threads_are_other_writers(path: Path) -> None:
    refused = []

    def write() -> None:
        try:
            with lock.writer(path):
                pass
        except RefusedError:
            refused.append(True)

    with lock.writer(path):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert refused


def test_lock_is_free_afterwards(path: Path) -> None:
    with pytest.raises(ValueError, match="x"), lock.writer(path):
        raise ValueError("x")
    with lock.writer(path):
        pass
    assert path.read_text() == ""
