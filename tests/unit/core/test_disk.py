"""What a file system allows."""

import fcntl
import os
import resource
import struct
from pathlib import Path

import pytest

from rootstock.core import disk
from rootstock.core.errors import MachineError


def test_a_sound_folder_has_no_trouble(tmp_path: Path) -> None:
    assert disk.trouble(tmp_path) is None
    assert disk.no_links(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_counts_no_inodes_has_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Status:
        f_bavail, f_frsize, f_files, f_favail = 10**6, 4096, 0, 0

    monkeypatch.setattr("os.statvfs", lambda folder: Status)
    room, inodes = disk.space(tmp_path)
    assert (room, inodes > 10**9) == (4096 * 10**6, True)


def test_folders_lie_apart_where_the_file_system_can_say_so(tmp_path: Path) -> None:
    def attributes() -> int:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            return int(struct.unpack("=ixxxx", fcntl.ioctl(descriptor, 0x80086601, bytes(8)))[0])
        except OSError:
            return -1
        finally:
            os.close(descriptor)

    before = attributes()
    for _ in range(2):
        disk.spread(tmp_path)
        # linux/fs.h has the number; other file systems than ext4 have no such attribute.
        assert attributes() in (before | 0x00020000, before)
    (tmp_path / "file").write_text("")
    disk.spread(tmp_path / "file")
    disk.spread(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("limit", [0, 1024, 10**9])
def test_a_limit_of_files_is_reported(
    tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, resource.RLIM_INFINITY))
    with pytest.raises(MachineError, match="limits files to") as error:
        disk.require_space(tmp_path)
    assert "ulimit -f" in error.value.remedy


def test_no_limit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda which: unlimited)
    assert disk.small_files() == ""


def test_links_that_do_not_work_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: object) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert "symbolic links do not work" in disk.no_links(tmp_path)


@pytest.mark.parametrize("short", [(10**6, 10**9), (10**12, 100)])
def test_a_watch_remembers_that_there_was_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: tuple[int, int]
) -> None:
    left = (10**12, 10**9)
    monkeypatch.setattr("rootstock.core.disk.space", lambda folder: left)
    monkeypatch.setattr("rootstock.core.memory.shared", lambda: 0.0)
    watch = disk.Watch(tmp_path)
    assert not watch.tight
    left = short
    watch.look()
    left = (10**12, 10**9)
    watch.look()
    assert watch.tight


def test_a_watch_sees_that_a_file_system_in_memory_may_be_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootstock.core.disk.space", lambda folder: (10**12, 10**9))
    monkeypatch.setattr("rootstock.core.memory.shared", lambda: 0.5)
    assert disk.Watch(tmp_path).tight
