from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index
from rootstock.core.errors import RefusedError, UsageError

from ...channels import load, promote, rollback


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
    rollback(channel)
    assert names(channel) == names(channel, 1)


def test_what_is_not_there(channel: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a channel with packages"):
        load(tmp_path / "none")
    with pytest.raises(UsageError, match="has no generation 3"):
        load(channel, 3)


def test_a_channel_that_lost_a_file(channel: Path) -> None:
    (channel / load(channel).packages[0].path).write_text("cut")
    with pytest.raises(RefusedError, match="is damaged: linux-64/one"):
        load(channel)


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": 1}, {"name": "x"}, None])
def test_an_index_that_says_otherwise_is_not_published(
    channel: Path, change: dict[str, Any] | None
) -> None:
    folder = channel / ".rootstock/current/linux-64"
    records = index.read(folder)
    if change:
        records["one-1.0-h0_0.conda"].update(change)
    else:
        del records["one-1.0-h0_0.conda"]
    index.write(folder, records, channel / "linux-64/shards")
    with pytest.raises(RefusedError, match=r"its index and generation 2 differ for linux-64/one"):
        load(channel)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 99_999])
def test_an_index_of_any_shape_is_not_published(channel: Path, text: str) -> None:
    (channel / ".rootstock/current/linux-64/repodata.json").write_text(text)
    with pytest.raises(RefusedError, match=r"repodata\.json is damaged"):
        load(channel)
