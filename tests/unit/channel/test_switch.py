import errno
import json
import os
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard

from rootstock.channel import index, writer
from rootstock.channel.layout import Layout
from rootstock.core.errors import MachineError, RefusedError, UsageError

from ...channels import current, hide, promote, rollback
from .conftest import Crash, age, crash_at, note, snapshot, visible


def paths(channel: Path) -> list[Path]:
    return [path for path in (channel, *channel.rglob("*")) if not path.is_symlink()]


@pytest.mark.parametrize("mask", [0o077, 0o000, 0o022])
def test_modes_and_links_suit_a_web_server(package: Any, tmp_path: Path, mask: int) -> None:
    channel, one = tmp_path / "channel", package("one")
    old = os.umask(mask)
    try:
        promote([one], channel, cells={"cell": [one.filename]}, release=note)
        promote([package("two")], channel)
        hide(channel, ["two"])
        rollback(channel, 1)
    finally:
        os.umask(old)
    for path in paths(channel):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path
    assert not any(p.readlink().is_absolute() for p in channel.rglob("*") if p.is_symlink())
    # Copied as it is, or with every link followed, it is still a channel.
    for follow in (True, False):
        copy = tmp_path / f"copy{follow}"
        shutil.copytree(channel, copy, symlinks=follow)
        assert visible(copy) == {"one-1.0-h0_0.conda"}


@pytest.mark.parametrize("mask", [0o077, 0o022])
@pytest.mark.parametrize("shared", [".", "channel"])
def test_modes_of_a_folder_that_a_group_shares(
    package: Any, tmp_path: Path, mask: int, shared: str
) -> None:
    channel, one = tmp_path / "www/channel", package("one")
    (tmp_path / "www" / shared).mkdir(parents=True)
    (tmp_path / "www" / shared).chmod(0o2775)
    old = os.umask(mask)
    try:
        promote([one], channel, cells={"cell": [one.filename]}, release=note)
        rollback(channel, 1)
        promote([package("two")], channel)
    finally:
        os.umask(old)
    for path in paths(channel):
        mode = 0o2775 if path.is_dir() else 0o664 if path.name == "lock" else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def seconds(channel: Path) -> dict[str, tuple[int, bytes]]:
    """What a web server goes by, and the content, of all that a switch exchanges."""
    files = [path for path in channel.glob("*/*") if path.name in index.FILES]
    files.append(channel / "releases.json")
    return {
        str(path.relative_to(channel)): (int(path.stat().st_mtime), path.read_bytes())
        for path in files
    }


def test_what_changes_gets_a_later_second_however_fast(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = time.time()
    monkeypatch.setattr(time, "time", lambda: second)
    channel = tmp_path / "channel"
    promote([package("one"), package("pure", noarch="generic")], channel)
    steps: list[Callable[[], object]] = [
        lambda: promote([package("two")], channel),
        lambda: rollback(channel),
        lambda: rollback(channel, 2),
        lambda: promote([package("bare", noarch="generic")], channel),
        lambda: hide(channel, ["bare"]),
        lambda: rollback(channel, 1),
        lambda: rollback(channel, 2),
        lambda: rollback(channel, 1),
    ]
    before = seconds(channel)
    for step in steps:
        step()
        after = seconds(channel)
        assert after.keys() == before.keys()
        for name, (second, content) in after.items():
            then, old = before[name]
            assert second >= then
            assert second > then or content == old, name
        assert any(after[name][1] != old for name, (_, old) in before.items())
        before = after


def test_what_stays_keeps_its_time(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    promote([package("one"), package("pure", noarch="generic")], channel)
    before = seconds(channel)
    promote([package("two")], channel)
    after = seconds(channel)
    assert {name for name in after if after[name] == before[name]} == {
        f"noarch/{name}" for name in index.FILES
    }


def test_times_that_may_not_be_set(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of another owner's file: it is copied."""
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    promote([package("two")], channel)
    first = channel / ".rootstock/generations/0001/linux-64" / index.TABLE
    others, real = first.stat(), os.utime

    def utime(path: Path, times: tuple[int, int]) -> None:
        if path.stat().st_ino == others.st_ino:
            raise PermissionError
        real(path, times)

    monkeypatch.setattr(os, "utime", utime)
    rollback(channel)
    seen = channel / "linux-64" / index.TABLE
    assert seen.read_bytes() == first.read_bytes()
    assert seen.stat().st_mtime > first.stat().st_mtime == others.st_mtime
    assert stat.S_IMODE(seen.stat().st_mode) == 0o644


def test_links_that_cannot_be_made(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    promote([package("two")], channel)

    def no_link(source: object, target: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", no_link)
    rollback(channel)
    assert visible(channel) == {"one-1.0-h0_0.conda"}


def test_packages_that_are_there_are_not_read(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    old = [package("one"), package("one", "2.0"), package("pure", noarch="generic")]
    promote(old, channel)
    content = {p: p.read_bytes() for p in channel.glob("*/*") if p.suffix == ".conda"}
    for path in (*content, *(channel / "linux-64/shards").iterdir()):
        path.unlink()
    added = [package("one", "3.0"), package("bare", noarch="generic")]
    promote(added, channel)
    for path, data in content.items():
        path.write_bytes(data)
    assert visible(channel) == {a.filename for a in (*old, *added)}


@pytest.mark.parametrize("count", [1, 2])
def test_a_channel_that_lost_its_current_loses_nothing_more(
    package: Any, tmp_path: Path, count: int
) -> None:
    channel = tmp_path / "channel"
    for version in range(count):
        promote([package("one", f"{version}.0")], channel)
    (channel / ".rootstock/current").unlink()
    before = snapshot(channel)
    with pytest.raises(RefusedError, match="later generations") as caught:
        promote([package("three")], channel)
    assert f"generations/000{count}" in caught.value.remedy
    assert snapshot(channel) == before


def test_a_channel_that_was_only_begun(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    writer.make(Layout(channel))
    with pytest.raises(UsageError, match="nothing was promoted"):
        rollback(channel)
    promote([package("one")], channel)
    assert visible(channel) == {"one-1.0-h0_0.conda"}


EXPORTS = {"weak": ["one >=1"]}
Clock = Callable[[str], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time of the generations that are made from then on."""
    return lambda hour: monkeypatch.setattr(writer, "now", lambda: f"2026-11-27T{hour}:00:00+00:00")


def milliseconds(hour: int) -> int:
    return 1_795_737_600_000 + hour * 3_600_000  # 2026-11-27T00:00Z, by `date -u -d ... +%s`


def said(channel: Path) -> dict[str, tuple[object, object]]:
    """Of each visible package what the index says of run_exports, and since when it is there.

    The shards and the tables have to say the same.
    """
    found: dict[str, tuple[object, object]] = {}
    sharded: dict[str, tuple[object, object]] = {}
    for subdir in ("noarch", "linux-64"):
        folder = channel / subdir
        exports = index.read_run_exports(folder)
        assert exports is not None
        for name, entry in index.read(folder).items():
            found[name] = exports.get(name), entry["indexed_timestamp"]
        table = msgpack.unpackb(zstandard.decompress((folder / index.SHARDS_TABLE).read_bytes()))
        for digest in table["shards"].values():
            packed = (folder / index.SHARDS / f"{digest.hex()}.msgpack.zst").read_bytes()
            shard = msgpack.unpackb(zstandard.decompress(packed))
            for name, entry in shard["packages.conda"].items():
                sharded[name] = entry.get("run_exports"), entry["indexed_timestamp"]
    assert sharded == found
    return found


def test_a_package_keeps_the_time_at_which_it_appeared(
    package: Any, tmp_path: Path, clock: Clock
) -> None:
    channel = tmp_path / "channel"
    one, two = package("one", run_exports=EXPORTS), package("two", noarch="generic")
    clock("10")
    promote([one], channel)
    first = {one.filename: (EXPORTS, milliseconds(10))}
    clock("11")
    promote([one, two], channel)
    both = {**first, two.filename: ({}, milliseconds(11))}
    assert said(channel) == both
    clock("12")
    hide(channel, ["two"])
    assert said(channel) == first
    clock("13")
    promote([two], channel)
    assert said(channel) == both
    clock("14")
    rollback(channel, 1)
    assert said(channel) == first
    clock("15")
    promote([two, package("one", "2.0", run_exports=EXPORTS)], channel)
    assert said(channel) == {**both, "one-2.0-h0_0.conda": (EXPORTS, milliseconds(15))}


@pytest.mark.parametrize("lost", [None, "linux-64/one-1.0-h0_0.conda"])
def test_an_older_channel_is_completed_from_its_packages(
    package: Any, tmp_path: Path, clock: Clock, lost: str | None
) -> None:
    """One whose indexes have neither run_exports nor the times at which packages appeared."""
    one, two = package("one", run_exports=EXPORTS), package("two", noarch="generic")
    three = package("three", run_exports={"strong": ["three"]})
    steps: dict[str, Callable[[Path], object]] = {
        "promote": lambda channel: promote([three], channel),
        "hide": lambda channel: hide(channel, ["two"]),
        "rollback": lambda channel: rollback(channel),
    }
    for name, step in steps.items():
        clock("10")
        channel = tmp_path / name
        promote([one], channel)
        clock("11")
        promote([two], channel)
        age(channel)
        if lost:
            (channel / lost).unlink()
        clock("12")
        step(channel)
        # What its package says is not known when the package is gone.
        wanted: dict[str, object] = {one.filename: (None if lost else EXPORTS, milliseconds(10))}
        if name == "promote":
            wanted[three.filename] = ({"strong": ["three"]}, milliseconds(12))
            wanted[two.filename] = ({}, milliseconds(11))
        assert said(channel) == wanted
        # All that its links name is there, for copies that follow them.
        assert all(path.exists() for path in channel.rglob("*"))


def test_promotion_goes_on_after_a_rollback_to_an_older_generation(
    package: Any, tmp_path: Path, clock: Clock
) -> None:
    channel = tmp_path / "channel"
    one, two = package("one", run_exports=EXPORTS), package("two")
    clock("10")
    promote([one], channel)
    age(channel)
    clock("11")
    promote([two], channel)
    rollback(channel, 1)
    assert said(channel) == {one.filename: (EXPORTS, milliseconds(10))}
    clock("12")
    promote([two, package("one", "2.0")], channel)
    assert said(channel) == {
        one.filename: (EXPORTS, milliseconds(10)),
        two.filename: ({}, milliseconds(11)),
        "one-2.0-h0_0.conda": ({}, milliseconds(12)),
    }


OUTSIDE = {"subdir": "../..", "sha256": "0" * 64, "size": 1, "key": "key"}


@pytest.mark.parametrize(
    "packages",
    [
        {"a-1-0.conda": OUTSIDE},
        {"../../precious": {**OUTSIDE, "subdir": "linux-64"}},
        {"precious": {**OUTSIDE, "subdir": ""}},
        [],
        None,
    ],
)
def test_what_a_dead_writer_says_removes_nothing_outside(
    package: Any, tmp_path: Path, packages: Any
) -> None:
    channel = tmp_path / "below/channel"
    promote([package("one")], channel)
    for name in ("a-1-0.conda", "precious"):
        for folder in (tmp_path, tmp_path / "below", channel):
            (folder / name).write_text("kept")
    folder = channel / ".rootstock/generations/0002"
    folder.mkdir()
    record = {"format": 2, "number": 2, "time": "2026-11-22T20:00:00+00:00", "base": 1}
    record |= {"kind": "promotion", "packages": packages, "shown": [], "hidden": [], "cells": {}}
    (folder / "generation.json").write_text(json.dumps(record))
    promote([package("two")], channel)
    for name in ("a-1-0.conda", "precious"):
        for place in (tmp_path, tmp_path / "below", channel):
            assert (place / name).read_text() == "kept"


def test_a_newer_writer_that_died_is_left_to_its_own(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    folder = tmp_path / ".rootstock/generations/0002"
    folder.mkdir()
    (folder / "generation.json").write_text('{"format": 3}')
    with pytest.raises(RefusedError, match="has format 3"):
        promote([package("two")], tmp_path)
    assert folder.is_dir()


@pytest.mark.parametrize("code", ["EROFS", "ENOENT", "EACCES", "ENOTDIR", "ELOOP"])
def test_a_place_that_cannot_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def mkdir(self: Path, **_: Any) -> None:
        raise OSError(getattr(errno, code), "x", str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(UsageError, match="cannot be written"):
        promote([], tmp_path / "channel")


def test_proc_is_no_place_for_a_channel() -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        promote([], Path("/proc/channel"))


def test_a_disk_that_fails_is_the_machines(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote([package("one")], tmp_path)
    two = package("two")

    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    before = snapshot(tmp_path)
    with pytest.raises(MachineError, match="Input/output error"):
        promote([two], tmp_path)
    assert snapshot(tmp_path).keys() >= before.keys()
    assert visible(tmp_path) == {"one-1.0-h0_0.conda"}


def shards_of(channel: Path) -> tuple[set[Path], set[Path]]:
    """The shards that are there, and those that a generation up to the current one has."""
    folders = [Layout(channel).generation(n + 1) for n in range(current(channel).number)]
    named = {
        channel / subdir / index.SHARDS / name
        for subdir in ("noarch", "linux-64")
        for folder in folders
        for name in index.shard_files(folder / subdir)
    }
    return set(channel.glob(f"*/{index.SHARDS}/*")), named


def test_shards_of_a_writer_that_died_do_not_stay(
    package: Any, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the next writer are others, as its packages appear later."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # takes most of the time
    one, two = package("one"), package("two", noarch="generic")
    left = 0
    for number in range(2, 60, 6):
        channel = tmp_path / str(number)
        clock("10")
        promote([one], channel)
        clock("11")
        with crash_at(number), suppress(Crash):
            promote([one, two], channel)
        there, named = shards_of(channel)
        left += len(there - named)
        clock("12")
        promote([one, two, package("three")], channel)
        there, named = shards_of(channel)
        assert there == named
    assert left > 0


def test_all_shards_stay_where_an_old_table_cannot_be_read(
    package: Any, tmp_path: Path, clock: Clock
) -> None:
    channel = tmp_path / "channel"
    clock("10")
    promote([package("one")], channel)
    promote([package("one", "2.0")], channel)
    (channel / ".rootstock/generations/0001/linux-64" / index.SHARDS_TABLE).write_bytes(b"no")
    before = set(channel.glob(f"*/{index.SHARDS}/*"))
    with crash_at(3), suppress(Crash):
        promote([package("two")], channel)
    promote([package("two")], channel)
    assert set(channel.glob(f"*/{index.SHARDS}/*")) >= before
