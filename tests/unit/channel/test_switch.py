import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.promote import promote
from rootstock.errors import RefusedError

from .conftest import snapshot, visible


def test_modes_and_links_suit_a_web_server(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    old = os.umask(0o077)
    try:
        promote([package("one")], channel)
    finally:
        os.umask(old)
    for path in (channel, *channel.rglob("*")):
        if path.is_symlink():
            assert not path.readlink().is_absolute()
        elif path.name != "lock":
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
    # Copied as it is, or with every link followed, it is still a channel.
    for follow in (True, False):
        copy = tmp_path / f"copy{follow}"
        shutil.copytree(channel, copy, symlinks=follow)
        assert visible(copy) == {"one-1.0-h0_0.conda"}


def test_a_channel_that_lost_its_current_loses_nothing_more(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    promote([package("two")], channel)
    (channel / ".rootstock/current").unlink()
    before = snapshot(channel)
    with pytest.raises(RefusedError, match="later generations") as caught:
        promote([package("three")], channel)
    assert "generations/0002" in caught.value.remedy
    assert snapshot(channel) == before
