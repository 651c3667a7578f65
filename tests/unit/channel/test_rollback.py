import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index, write_lock
from rootstock.channel.generation import History
from rootstock.channel.page import render
from rootstock.channel.reader import Channel
from rootstock.channel.rollback import Effect
from rootstock.core.errors import RefusedError, UsageError

from ...channels import current, hide, keys, promote, rollback
from .conftest import Crash, crash_at, listed, note, snapshot, visible


@pytest.fixture
def three(package: Any, tmp_path: Path) -> tuple[Path, list[Any]]:
    """A channel of three generations, each with a package and a release, and these packages."""
    artifacts = [package("one"), package("two"), package("three", noarch="generic")]
    for artifact in artifacts:
        cells = {artifact.name: [artifact.filename]}
        promote([artifact], tmp_path / "channel", cells=cells, release=note)
    return tmp_path / "channel", artifacts


def numbers(channel: Path) -> list[int]:
    return [release["release"] for release in listed(channel)]


def indexes(channel: Path) -> dict[str, bytes]:
    return {str(p.relative_to(channel)): p.read_bytes() for p in channel.glob("*/repodata*")}


def test_the_last_change_is_undone_and_then_the_one_before(three: Any) -> None:
    channel, artifacts = three
    one, two, last = (artifact.filename for artifact in artifacts)
    change = rollback(channel)
    assert (change.gone, change.back) == ((last,), ())
    assert (change.releases_gone, change.releases_back) == ((3,), ())
    assert change.generation == current(channel)
    assert (visible(channel), numbers(channel)) == ({one, two}, [1, 2])
    rollback(channel)
    assert (visible(channel), numbers(channel)) == ({one}, [1])
    with pytest.raises(UsageError, match="nothing before generation 1"):
        rollback(channel)


def test_forth_again(three: Any) -> None:
    channel, artifacts = three
    before = indexes(channel)
    rollback(channel, 1)
    change = rollback(channel, 3)
    assert change.back == tuple(sorted(a.filename for a in artifacts[1:]))
    assert change.releases_back == (2, 3)
    assert indexes(channel) == before
    assert current(channel).number == 5


def test_back_to_a_rollback_is_back_to_what_it_showed(three: Any) -> None:
    channel, artifacts = three
    rollback(channel, 1)
    rollback(channel, 3)
    assert rollback(channel, 4).generation == current(channel)
    assert current(channel).base == 1
    assert visible(channel) == {artifacts[0].filename}


def test_nothing_to_do(three: Any) -> None:
    channel, _ = three
    rollback(channel, 2)
    before = snapshot(channel)
    for to in (2, 4):
        change = rollback(channel, to)
        assert change.generation is None
        assert not (change.gone or change.back or change.releases_gone or change.releases_back)
    assert snapshot(channel) == before


def test_a_dry_run_changes_nothing(three: Any) -> None:
    channel, artifacts = three
    before = snapshot(channel)
    with write_lock.writer(channel / ".rootstock/lock"):
        change = rollback(channel, 1, dry=True)
    assert change.generation is None
    assert change.gone == tuple(sorted(a.filename for a in artifacts[1:]))
    assert snapshot(channel) == before


def test_files_are_those_of_the_older_generation(three: Any) -> None:
    channel, _ = three
    rollback(channel, 2)
    room = channel / ".rootstock/generations"
    for path in (room / "0002").glob("*/repodata*"):
        assert path.samefile(room / "0004" / path.relative_to(room / "0002"))
    assert (channel / "releases/0003/release.json").exists()


def test_a_subdir_that_came_later_is_empty_again(package: Any, tmp_path: Path) -> None:
    promote([package("pure", noarch="generic")], tmp_path)
    promote([package("one")], tmp_path)
    rollback(tmp_path)
    assert index.read(tmp_path / "linux-64") == {}
    assert (tmp_path / "linux-64" / index.TABLE).exists()
    rollback(tmp_path, 2)
    assert set(index.read(tmp_path / "linux-64")) == {"one-1.0-h0_0.conda"}


@pytest.mark.parametrize("to", [0, -1, 4])
def test_a_generation_that_is_none(three: Any, to: int) -> None:
    with pytest.raises(UsageError, match=f"no generation {to}, only 1 to 3"):
        rollback(three[0], to)


def test_a_folder_that_is_no_channel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a channel"):
        rollback(tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_writer(three: Any) -> None:
    channel, _ = three
    with (
        write_lock.writer(channel / ".rootstock/lock"),
        pytest.raises(RefusedError, match="is writing to"),
    ):
        rollback(channel)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, 5)])
def test_a_package_that_is_gone_is_not_shown_again(three: Any, damage: Any) -> None:
    channel, artifacts = three
    rollback(channel, 1)
    place = channel / "linux-64" / artifacts[1].filename
    content = place.read_bytes()
    place.unlink()  # else the artifact, which is the same file, would be cut, too
    place.write_bytes(content)
    damage(place)
    before = snapshot(channel)
    with pytest.raises(RefusedError, match=artifacts[1].filename):
        rollback(channel, 2)
    assert snapshot(channel) == before
    # And a promotion of the same puts it back.
    assert promote(artifacts[:2], channel).mended == (artifacts[1].filename,)
    assert visible(channel) == {artifacts[0].filename, artifacts[1].filename}


@pytest.mark.parametrize("name", ["repodata.json", "repodata.json.zst"])
def test_an_index_that_is_gone_is_made_again(three: Any, name: str) -> None:
    channel, artifacts = three
    whole = (channel / ".rootstock/generations/0002/linux-64/repodata.json").read_bytes()
    (channel / ".rootstock/generations/0002/linux-64" / name).unlink()
    assert rollback(channel, 2).mended == ("linux-64/repodata.json",)
    assert visible(channel) == {artifact.filename for artifact in artifacts[:2]}
    assert (channel / "linux-64/repodata.json").read_bytes() == whole


def test_an_index_that_is_gone_with_its_packages_is_refused(three: Any) -> None:
    channel, artifacts = three
    (channel / ".rootstock/generations/0002/linux-64/repodata.json").unlink()
    (channel / "linux-64" / artifacts[1].filename).unlink()
    (channel / "linux-64" / artifacts[1].filename).write_bytes(bytes(artifacts[1].size))
    before = snapshot(channel)
    with pytest.raises(RefusedError, match=artifacts[1].filename):
        rollback(channel, 2)
    assert snapshot(channel) == before


def test_promotion_goes_on_after_a_rollback(three: Any, package: Any) -> None:
    channel, artifacts = three
    rollback(channel, 1)
    two, last = artifacts[1:]
    other = package("four")
    promotion = promote([two, other], channel, cells={"four": [other.filename]}, release=note)
    assert promotion.added == tuple(sorted((two.filename, other.filename)))
    assert promotion.generation.shown == (two.filename,)
    assert visible(channel) == {artifacts[0].filename, two.filename, other.filename}
    assert numbers(channel) == [1, 5]
    assert keys(channel).keys() == {a.filename for a in (*artifacts, other)}
    assert last.filename not in visible(channel)


def test_a_hidden_name_is_never_for_other_bytes(three: Any, package: Any) -> None:
    channel, artifacts = three
    rollback(channel, 1)
    before = snapshot(channel)
    other = package("two", key="other")
    assert other.filename == artifacts[1].filename
    with pytest.raises(RefusedError, match=r"two-1\.0-h0_0\.conda \(from other inputs\)"):
        promote([other], channel)
    assert snapshot(channel) == before


def test_the_page_is_the_older_one_until_it_is_written_again(
    three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, artifacts = three
    base = channel / ".rootstock/generations/0002/index.html"
    base.write_text("2")
    seen = []

    def text(read: Channel, past: History) -> str:
        page = channel / ".rootstock/current/index.html"
        seen.append((page.read_text(), past.current.number, page.stat().st_mtime))
        assert artifacts[2].filename not in visible(channel)
        return "4"

    monkeypatch.setattr(render, "text", text)
    rollback(channel, 2)
    [(older, number, time)] = seen
    assert (older, number) == ("2", 4)
    assert base.read_text() == "2"
    assert (channel / "index.html").read_text() == "4"
    # Written in the same second, it has to have a later one.
    assert (channel / ".rootstock/current/index.html").stat().st_mtime > time


def test_the_page_of_a_large_channel_is_the_older_one(
    three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, _ = three
    monkeypatch.setattr("rootstock.channel.rollback._PAGE", 1)
    (channel / ".rootstock/generations/0002/index.html").write_text("2")
    rollback(channel, 2)
    assert (channel / ".rootstock/current/index.html").read_text() == "2"


def test_crash_at_any_moment(package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    first = [package("one"), package("pure", noarch="generic")]
    second = [package("two")]
    old = {a.filename for a in first}
    new = old | {a.filename for a in second}
    steps: list[Callable[[Path], Effect]] = [
        lambda channel: rollback(channel, 1),
        lambda channel: hide(channel, ["two"]),
    ]
    for step in steps:
        number, seen = 1, set()
        while True:
            channel = tmp_path / f"channel{number}-{id(step)}"
            promote(first, channel)
            promote(second, channel)
            with crash_at(number) as count, suppress(Crash):
                step(channel)
            now = frozenset(visible(channel))
            seen.add(now)
            assert now in (old, new)
            assert current(channel).number == (3 if now == old else 2)
            # Whoever writes next finds nothing left over.
            assert promote(second, channel).generation.number == (4 if now == old else 2)
            assert visible(channel) == new
            rollback(channel, 1)
            folders = [path.name for path in (channel / ".rootstock/generations").iterdir()]
            assert len(folders) == current(channel).number
            if count[0] < number:
                break
            number += 1
        assert seen == {frozenset(old), frozenset(new)}
        assert number > 8


def test_a_long_list_of_packages_is_cut(package: Any, tmp_path: Path) -> None:
    artifacts = [package(f"p{number}") for number in range(15)]
    promote([package("first")], tmp_path)
    promote(artifacts, tmp_path)
    rollback(tmp_path)
    for artifact in artifacts:
        (tmp_path / "linux-64" / artifact.filename).unlink()
    with pytest.raises(RefusedError, match=r"p0-1.* and 5 more$") as said:
        rollback(tmp_path, 2)
    assert said.value.message.count(".conda") == 10
