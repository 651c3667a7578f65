import hashlib
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import consistency, index, write_lock, writer
from rootstock.channel import promote as promotion
from rootstock.channel.layout import Layout
from rootstock.channel.reader import Channel
from rootstock.channel.writer import switch
from rootstock.core.errors import Damaged, MachineError, RefusedError, UsageError

from ...channels import history, keys, promote
from .conftest import Crash, crash_at, listed, note, snapshot, visible


def test_set_is_visible(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    one, two = package("one"), package("two", noarch="generic")
    promotion = promote([one, two], channel)
    assert promotion.added == ("one-1.0-h0_0.conda", "two-1.0-h0_0.conda")
    assert promotion.generation.number == 1
    assert visible(channel) == set(promotion.added)
    assert index.read(channel / "linux-64")[one.filename]["md5"]
    assert keys(channel) == {a.filename: (a.key, a.sha256) for a in (one, two)}


def test_next_generation_keeps_the_last(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    promotion = promote([package("one"), package("one", "2.0", key="other")], channel)
    assert promotion.added == ("one-2.0-h0_0.conda",)
    assert promotion.generation.number == 2
    assert visible(channel) == {"one-1.0-h0_0.conda", "one-2.0-h0_0.conda"}
    first, second = (history(channel).published[name] for name in sorted(visible(channel)))
    assert (first.generation, second.generation) == (1, 2)
    assert second.key == "other"


def test_same_set_makes_no_generation(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    before = snapshot(channel)
    promotion = promote([package("one")], channel)
    assert (promotion.added, promotion.generation.number) == ((), 1)
    assert snapshot(channel) == before


def test_other_bytes_are_refused_and_nothing_changes(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one", key="a")], channel)
    before = snapshot(channel)
    with pytest.raises(RefusedError, match=r"one-1.0-h0_0.conda \(from other inputs\)") as error:
        promote([package("two"), package("one", key="b")], channel)
    assert error.value.code == 5
    assert snapshot(channel) == before


def test_same_name_in_another_subdir_is_refused(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path / "channel")
    with pytest.raises(RefusedError, match="same names"):
        promote([package("one", noarch="generic")], tmp_path / "channel")


def test_image_tools_are_refused(package: Any, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="Not meant for a channel"):
        promote([package("gcc", scope="image")], tmp_path / "channel")
    assert not (tmp_path / "channel").exists()


def test_damaged_artifact(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    before = snapshot(channel)
    with pytest.raises(Damaged, match="damaged"):
        promote([package("two"), replace(package("three"), sha256="0" * 64)], channel)
    assert snapshot(channel) == before


def test_a_package_is_read_and_hashed_once(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its index record is what the release is made of, too."""
    artifacts = [package("one"), package("two", noarch="generic")]
    read: list[Path] = []

    def counted(path: Path, sha256: str, size: int) -> index.Record:
        read.append(path)
        return real(path, sha256, size)

    real = consistency.read
    monkeypatch.setattr(consistency, "read", counted)

    cells = {"cell": [artifact.filename for artifact in artifacts]}
    with Channel.at(tmp_path / "channel").write(create=True) as change:
        promotion.promote(change, artifacts, cells=cells)
        change.attach({"md5": " ".join(change.record(one)["md5"] for one in artifacts)})
        change.commit()
    assert sorted(read) == sorted(artifact.path for artifact in artifacts)


def test_someone_elses_channel_is_left_alone(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    (channel / "noarch").mkdir(parents=True)
    (channel / "noarch" / index.TABLE).write_text("{}")
    with pytest.raises(RefusedError, match="did not make"):
        promote([package("one")], channel)
    assert snapshot(channel) == {f"noarch/{index.TABLE}": b"{}"}


def test_files_that_are_not_the_channels_are_left_alone(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    two = package("two")
    (channel / "linux-64" / two.filename).write_text("mine")
    with pytest.raises(RefusedError, match="has foreign files"):
        promote([two], channel)
    assert (channel / "linux-64" / two.filename).read_text() == "mine"


def test_one_writer(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    with (
        write_lock.writer(channel / ".rootstock/lock"),
        pytest.raises(RefusedError, match="is writing to"),
    ):
        promote([package("two")], channel, wait=0.3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written(package: Any, tmp_path: Path) -> None:
    tmp_path.joinpath("channel").mkdir(mode=0o555)
    with pytest.raises(UsageError, match="cannot be written"):
        promote([package("one")], tmp_path / "channel")


def test_crash_at_any_moment(package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # takes most of the time
    # A shard's name depends on the time at which its packages appeared.
    monkeypatch.setattr(writer, "now", lambda: "2026-11-27T20:00:00+00:00")
    first = [package("one"), package("two", noarch="generic")]
    second = [*first, package("one", "2.0"), package("three", noarch="generic")]
    old = {a.filename for a in first}
    new = {a.filename for a in second}
    cells = {"cell": sorted(new)}
    reference = tmp_path / "reference"
    promote(first, reference)
    promote(second, reference, cells=cells, release=note)
    number, seen = 1, set()
    while True:
        channel = tmp_path / f"channel{number}"
        promote(first, channel)
        with crash_at(number) as count, suppress(Crash):
            promote(second, channel, cells=cells, release=note)
        now = frozenset(visible(channel))
        assert now in (old, new)
        seen.add(now)
        assert len(listed(channel)) == (1 if now == new else 0)
        page = (channel / "index.html").read_text()
        assert {name for name in new if name in page} == now
        promotion = promote(second, channel, cells=cells, release=note)
        assert promotion.generation.number == 2
        assert visible(channel) == new
        # Nothing is left over: the files are those of a channel that never crashed.
        assert set(snapshot(channel)) == set(snapshot(reference))
        if count[0] < number:
            break
        number += 1
    assert seen == {frozenset(old), frozenset(new)}
    assert number > 10


def test_failure_is_cleaned_up_at_once(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    before = set(snapshot(channel))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rootstock.channel.writer._date", full)
    with pytest.raises(MachineError, match="No space left"):
        promote([package("one"), package("three")], channel)
    left = set(snapshot(channel)) - before
    assert all("/shards/" in name for name in left)
    assert visible(channel) == {"one-1.0-h0_0.conda"}


def test_a_file_that_is_gone_or_cut_is_put_back(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    artifacts = [package("one"), package("two")]
    promote(artifacts, channel)
    before = snapshot(channel)
    (channel / "linux-64" / artifacts[0].filename).unlink()
    cut = channel / "linux-64" / artifacts[1].filename
    content = cut.read_bytes()
    cut.unlink()  # else the artifact, which is the same file, would be cut, too
    cut.write_bytes(content[:-1])
    promotion = promote(artifacts, channel)
    assert promotion.added == ()
    assert set(promotion.mended) == {artifact.filename for artifact in artifacts}
    assert snapshot(channel) == before


def test_a_file_with_another_byte_is_put_back_when_its_package_was_rebuilt(
    package: Any, tmp_path: Path
) -> None:
    channel, one = tmp_path / "channel", package("one")
    promote([one], channel)
    before = snapshot(channel)
    place = channel / "linux-64" / one.filename
    content = bytearray(place.read_bytes())
    place.unlink()
    content[-1] ^= 1
    place.write_bytes(content)
    assert promote([one], channel, rebuilt=[one.filename]).mended == (one.filename,)
    assert snapshot(channel) == before
    assert promote([one], channel, rebuilt=[one.filename]).mended == ()


def test_a_damaged_shard_is_written_again(package: Any, tmp_path: Path) -> None:
    channel, one = tmp_path / "channel", package("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rootstock.channel.writer._date", _crash)
        patch.setattr("rootstock.channel.writer.recover", lambda *_: None)
        with suppress(Crash):
            promote([one], channel)
    [shard] = (channel / "linux-64/shards").iterdir()
    shard.write_bytes(b"")  # as a machine that lost its power may leave it
    promote([one], channel)
    assert hashlib.sha256(shard.read_bytes()).hexdigest() == shard.name.split(".")[0]


def _crash(*_: object) -> None:
    raise Crash


def test_a_release_is_written_before_it_is_seen(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, one = tmp_path / "channel", package("one")
    seen = []

    def look(layout: Layout, number: int) -> None:
        assert (layout.release(number) / "release.json").exists()
        assert not (channel / "releases.json").exists()
        assert not (channel / "linux-64" / index.TABLE).exists()
        seen.append(number)
        switch(layout, number)

    monkeypatch.setattr(writer, "switch", look)
    promotion = promote([one], channel, cells={"cell": [one.filename]}, release=note)
    assert seen == [promotion.release] == [1]
    time = promotion.generation.time
    assert listed(channel) == [{"release": 1, "time": time, "cells": ["cell"], "added": 1}]
    assert json.loads((channel / "releases/0001/release.json").read_text())["release"] == 1
    assert [path.name for path in (channel / "releases").iterdir()] == ["0001"]


def test_a_release_without_new_packages(package: Any, tmp_path: Path) -> None:
    channel, one, two = tmp_path / "channel", package("one"), package("two")
    both = {"cell": [one.filename, two.filename]}
    promote([one, two], channel)
    assert listed(channel) == []
    for cells, number in ((both, 2), (both, 2), ({"cell": [one.filename]}, 3), (both, 4)):
        promotion = promote([one, two], channel, cells=cells, release=note)
        assert (promotion.added, promotion.generation.number) == ((), number)
    assert [one["release"] for one in listed(channel)] == [2, 3, 4]


def test_a_release_that_fails_leaves_nothing(package: Any, tmp_path: Path) -> None:
    channel, one, two = tmp_path / "channel", package("one"), package("two")
    promote([one], channel, cells={"cell": [one.filename]}, release=note)
    before = snapshot(channel)

    def fail(number: int, time: str) -> dict[str, str]:
        raise ValueError("no lock")

    def half(number: int, time: str) -> dict[str, str]:
        return {**note(number, time), "too/deep/file": ""}

    with pytest.raises(ValueError, match="no lock"):
        promote([two], channel, cells={"cell": [two.filename]}, release=fail)
    assert snapshot(channel) == before
    with pytest.raises(UsageError, match="cannot be written"):
        promote([two], channel, cells={"cell": [two.filename]}, release=half)
    assert snapshot(channel) == before
    assert not list(channel.glob("releases/.*"))


def test_a_release_that_is_not_whole_is_refused(package: Any, tmp_path: Path) -> None:
    one = package("one")
    with pytest.raises(RefusedError, match="cell is incomplete: two"):
        promote([one], tmp_path / "c", cells={"cell": [one.filename, "two"]}, release=note)
