from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index
from rootstock.core.errors import RefusedError, UsageError

from ...channels import current, hide, promote, rollback
from .conftest import listed, note, snapshot, visible

NAMES = ("one-1.0-h0_0.conda", "one-2.0-h0_1.conda", "pure-1.0-h0_0.conda", "two-1.0-h0_0.conda")


@pytest.fixture
def four(package: Any, tmp_path: Path) -> tuple[Path, list[Any]]:
    """A channel of four packages, and these."""
    artifacts = [
        package("one"),
        package("one", "2.0", build="h0_1"),
        package("pure", noarch="generic"),
        package("two"),
    ]
    promote(artifacts, tmp_path / "channel")
    return tmp_path / "channel", artifacts


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ([NAMES[0]], NAMES[:1]),
        ([f"noarch/{NAMES[2]}"], NAMES[2:3]),
        (["one"], NAMES[:2]),
        (["one 2.*"], NAMES[1:2]),
        (["one=1.0=h0_0"], NAMES[:1]),
        (["one[build_number=1]"], NAMES[1:2]),
        (["pure", "two >=1,<2"], NAMES[2:]),
        (["one", NAMES[0]], NAMES[:2]),
    ],
)
def test_what_matches_is_hidden_and_stays(four: Any, words: list[str], gone: Any) -> None:
    channel, artifacts = four
    change = hide(channel, words)
    assert (change.gone, change.back) == (gone, ())
    assert visible(channel) == set(NAMES) - set(gone)
    assert all((channel / a.subdir / a.filename).exists() for a in artifacts)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("none", "matches 'none'"),
        ("one 3.*", "matches 'one 3"),
        ("one-9.0-h0_0.conda", "No visible package|neither"),
        ("one*", "neither a file name nor a spec"),
    ],
)
def test_what_matches_nothing(four: Any, word: str, said: str) -> None:
    channel, _ = four
    before = snapshot(channel)
    with pytest.raises(UsageError, match=said):
        hide(channel, ["two", word])
    assert snapshot(channel) == before


def test_hidden_already(four: Any) -> None:
    channel, _ = four
    hide(channel, ["two"])
    with pytest.raises(UsageError, match="hidden already"):
        hide(channel, [NAMES[3]])
    with pytest.raises(UsageError, match="No visible package"):
        hide(channel, ["two"])


def test_it_is_shown_again_by_a_promotion_or_a_rollback(four: Any) -> None:
    channel, artifacts = four
    hide(channel, ["two"])
    assert promote(artifacts, channel).added == (NAMES[3],)
    assert visible(channel) == set(NAMES)
    hide(channel, ["one"])
    rollback(channel)
    assert visible(channel) == set(NAMES)


def test_other_bytes_are_refused(four: Any, package: Any) -> None:
    channel, _ = four
    hide(channel, ["two"])
    with pytest.raises(RefusedError, match="same names"):
        promote([package("two", key="other")], channel)


def test_what_a_release_has_is_refused_unless_forced(four: Any) -> None:
    channel, artifacts = four
    one, both = [artifacts[0].filename], [artifacts[0].filename, artifacts[3].filename]
    promote(artifacts, channel, cells={"old": one}, release=note)
    promote(artifacts, channel, cells={"old": one, "new": both}, release=note)
    before = snapshot(channel)
    with pytest.raises(RefusedError, match=r"3 \(two-1\.0-h0_0\.conda of new\)"):
        hide(channel, ["two"])
    assert snapshot(channel) == before
    change = hide(channel, ["two"], force=True)
    assert (change.releases_gone, change.releases_back) == ((3,), ())
    assert [release["release"] for release in listed(channel)] == [2]
    assert (channel / "releases/0003/release.json").exists()
    # The same bytes bring the release back; it never changed.
    promote(artifacts, channel)
    assert [release["release"] for release in listed(channel)] == [2, 3]


def test_a_dry_run_changes_nothing(four: Any) -> None:
    channel, _ = four
    before = snapshot(channel)
    change = hide(channel, ["two"], dry=True)
    assert (change.generation, change.gone) == (None, (NAMES[3],))
    assert snapshot(channel) == before


def test_everything_can_be_hidden(four: Any) -> None:
    channel, _ = four
    hide(channel, NAMES)
    assert visible(channel) == set()
    assert index.read(channel / "noarch") == {}
    assert current(channel).kind == "hiding"


def test_only_the_subdirs_that_change_are_written(four: Any) -> None:
    channel, _ = four
    hide(channel, ["two"])
    room = channel / ".rootstock/generations"
    for name in (index.TABLE, index.PACKED, index.SHARDS_TABLE):
        assert (room / "0002/noarch" / name).samefile(room / "0001/noarch" / name)
        assert not (room / "0002/linux-64" / name).samefile(room / "0001/linux-64" / name)
