from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import rollback
from rootstock.channel.promote import promote
from rootstock.errors import RefusedError, UsageError
from rootstock.publish.parcel import load


@pytest.fixture
def channel(package: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "channel"
    promote([package("one"), package("pure", noarch="generic")], folder)
    promote([package("two")], folder)
    return folder


def names(channel: Path, number: int | None = None) -> list[str]:
    return [package.path for package in load(channel, number).packages]


def test_what_a_channel_shows(channel: Path) -> None:
    one, two, pure = (f"{name}-1.0-h0_0.conda" for name in ("one", "two", "pure"))
    assert names(channel) == [f"linux-64/{one}", f"linux-64/{two}", f"noarch/{pure}"]
    assert names(channel, 1) == [f"linux-64/{one}", f"noarch/{pure}"]
    [first, *_] = load(channel).packages
    assert (first.name, first.subdir, first.filename) == ("one", "linux-64", one)
    assert first.record["sha256"] == first.sha256


def test_what_was_taken_back_is_not_published(channel: Path) -> None:
    rollback.rollback(channel)
    assert names(channel) == names(channel, 1)


def test_what_is_not_there(channel: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no channel"):
        load(tmp_path / "none")
    with pytest.raises(UsageError, match="has no release 3"):
        load(channel, 3)


def test_a_channel_that_lost_a_file(channel: Path) -> None:
    (channel / load(channel).packages[0].path).write_text("cut")
    with pytest.raises(RefusedError, match="is damaged: linux-64/one"):
        load(channel)
