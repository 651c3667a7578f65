import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index, stage
from rootstock.core.errors import MachineError, RefusedError


def test_channel_has_just_the_set(package: Any, tmp_path: Path) -> None:
    one, two = package("one"), package("two", noarch="generic")
    channel = stage.stage([one, two, one], tmp_path / "channel")
    assert set(index.read(channel / "linux-64")) == {one.filename}
    assert set(index.read(channel / "noarch")) == {two.filename}
    placed = channel / "linux-64" / one.filename
    assert placed.samefile(one.path)
    assert placed.stat().st_mode & 0o777 == 0o644


def test_empty_channel_is_one(tmp_path: Path) -> None:
    stage.stage([], tmp_path / "channel")
    assert index.read(tmp_path / "channel/noarch") == {}
    assert (tmp_path / "channel/noarch" / index.TABLE).exists()


def test_two_of_a_name_are_refused(package: Any, tmp_path: Path) -> None:
    one = package("one", key="a")
    other = replace(package("one", key="b"))
    with pytest.raises(RefusedError, match=one.filename):
        stage.stage([one, other], tmp_path / "channel")


def test_copies_where_links_cannot_be(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "other file system")

    monkeypatch.setattr(os, "link", no_link)
    one = package("one")
    target = tmp_path / one.filename
    stage.link(one.path, target)
    assert target.read_bytes() == one.path.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o644
    assert not target.samefile(one.path)


def test_no_space_left(package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(MachineError, match="No space left"):
        stage.stage([package("one")], tmp_path / "channel")
