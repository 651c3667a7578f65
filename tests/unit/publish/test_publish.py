from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.release_model import ReleasedCell, Smoke
from rootstock.core.errors import RefusedError, SmokeFailed
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.publish import publish as publishing
from rootstock.publish.folder import staged_indexes
from rootstock.publish.retry import RetryPolicy
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import Conflict, Notify, RemoteFile, RemoteState, TransientError
from rootstock.release.builders import Builders
from rootstock.release.keys import Private

from ...channels import load, promote

SOON = RetryPolicy(tries=3, first=0.001, longest=0.002, timeout=1)


@dataclass
class Memory:
    """A target that is a folder, with what it was asked for, and what it answers first."""

    root: Path
    asked: list[str] = field(default_factory=list)
    first: dict[str, list[Exception]] = field(default_factory=dict)
    staged: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    lies: dict[str, str] = field(default_factory=dict)
    name: str = "memory"

    @property
    def staged_url(self) -> str:
        return f"{self.root.as_uri()}/x/staging"

    @property
    def shown_url(self) -> str:
        return f"{self.root.as_uri()}/x/main"

    def url_of(self, package: SnapshotPackage) -> str:
        return f"{self.root.as_uri()}/{package.path}"

    def step(self, name: str) -> None:
        self.asked.append(name)
        if self.first.get(name):
            raise self.first[name].pop(0)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        self.step("look")
        files = {
            p.path: RemoteFile(
                sha256=self.lies.get(p.path, p.sha256),
                staged=p.path in self.staged,
                shown=p.path in self.shown,
            )
            for p in snapshot.packages
            if p.path in self.staged | self.shown | self.lies.keys()
        }
        return RemoteState(files=files, settled={p.path for p in snapshot.packages} <= self.shown)

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        for package in remote.missing(snapshot):
            place = self.root / package.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(package.file.read_bytes())
            self.staged.add(package.path)
            notify(package, package.size)
            self.step("put")
        self.index("staging", snapshot)

    def show(self, snapshot: ChannelSnapshot) -> None:
        self.shown = {package.path for package in snapshot.packages}
        self.index("main", snapshot)
        self.step("show")

    def index(self, which: str, snapshot: ChannelSnapshot) -> None:
        for subdir, text in staged_indexes(snapshot).items():
            place = self.root / "x" / which / subdir / "repodata.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)


@pytest.fixture
def snapshot(package: Any, tmp_path: Path) -> ChannelSnapshot:
    artifacts = [package("one"), package("two"), package("pure", noarch="generic")]
    promote(artifacts, tmp_path / "channel")
    loaded = load(tmp_path / "channel")
    one = ReleasedCell(
        axes={"root": "", "python": ""},
        specs=("one",),
        packages=tuple(artifact.filename for artifact in artifacts),
        smoke=Smoke(system="", glibc="", checks=(), not_run={}),
        files={},
    )
    return ChannelSnapshot(**{**loaded.__dict__, "cells": {"cell": one}})


@pytest.fixture
def target(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "target")


def passes(cells: Mapping[str, ReleasedCell], url: str) -> None:
    assert list(cells) == ["cell"]


def go(
    snapshot: ChannelSnapshot, target: Memory, store: Store, smoke: Any = passes, **more: Any
) -> Any:
    return publishing.publish(snapshot, target, store, silent, smoke, policy=SOON, **more)


def test_the_steps_in_their_order(snapshot: ChannelSnapshot, target: Memory, store: Store) -> None:
    def smoke(cells: Mapping[str, ReleasedCell], url: str) -> None:
        target.asked.append("smoke")
        assert url == target.staged_url

    done = go(snapshot, target, store, smoke)
    assert target.asked == ["look", "put", "put", "put", "smoke", "show"]
    every = tuple(package.path for package in snapshot.packages)
    assert done.uploaded == done.read == done.shown == every
    target.asked.clear()
    assert go(snapshot, target, store, smoke).uploaded == ()
    assert target.asked == ["look"]


def test_too_few_builders_are_refused_before_anything_is_uploaded(
    snapshot: ChannelSnapshot, target: Memory, store: Store, key: Private
) -> None:
    needed = Builders(count=2, trusted=(key.public,))
    with pytest.raises(RefusedError, match="3 of 3 packages have fewer"):
        go(snapshot, target, store, builders=needed)
    assert target.asked == ["look"]
    go(snapshot, target, store)
    go(snapshot, target, store, builders=needed)  # there is nothing new to sign for


def test_what_was_read_back_is_not_read_again(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    done = go(snapshot, target, store, stage_only=True)
    assert len(done.read) == 3 and done.shown == done.cells == ()
    assert target.shown == set()
    assert go(snapshot, target, store).read == ()


def test_a_record_that_is_damaged_is_as_none(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    go(snapshot, target, store, stage_only=True)
    (publishing.place(target, store) / "read.json").write_text('{"read": ')
    assert len(go(snapshot, target, store).read) == 3


def test_other_bytes_there_are_refused_before_anything_is_sent(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    target.lies = {snapshot.packages[1].path: "0" * 64}
    with pytest.raises(RefusedError, match=f"same names: {snapshot.packages[1].path}"):
        go(snapshot, target, store)
    assert target.asked == ["look"]


def test_other_bytes_that_come_back_are_refused(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    go(snapshot, target, store, stage_only=True)
    (publishing.place(target, store) / "read.json").unlink()
    (target.root / snapshot.packages[0].path).write_bytes(b"other")
    with pytest.raises(RefusedError, match="returns other bytes"):
        go(snapshot, target, store)
    assert "show" not in target.asked


def test_what_fails_its_test_is_not_shown(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    def fails(cells: Mapping[str, ReleasedCell], url: str) -> None:
        raise SmokeFailed("no")

    with pytest.raises(SmokeFailed):
        go(snapshot, target, store, fails)
    assert target.shown == set()


def test_what_nothing_tests_is_not_shown(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    bare = ChannelSnapshot(**{**snapshot.__dict__, "cells": {}})
    with pytest.raises(RefusedError, match="no release that describes how to test"):
        go(bare, target, store)
    assert target.shown == set()


def test_rows_of_failures_are_counted_between_successes(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    # Each puts a file and is cut: three failures, none of them in a row.
    target.first = {"put": [TransientError("cut"), TransientError("cut"), TransientError("cut")]}
    go(snapshot, target, store)
    assert target.asked.count("put") == 3


def test_a_step_that_was_taken_is_not_taken_again(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    target.first = {"show": [TransientError("cut")]}
    go(snapshot, target, store)
    assert target.asked.count("show") == 1


def test_a_conflict_that_nothing_explains(
    snapshot: ChannelSnapshot, target: Memory, store: Store
) -> None:
    def put(snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        raise Conflict("the file exists")

    target.put = put  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        go(snapshot, target, store)
    assert target.asked == ["look", "look"]


def test_an_index_that_never_comes(snapshot: ChannelSnapshot, target: Memory, store: Store) -> None:
    target.index = lambda which, snapshot: None  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        go(snapshot, target, store)
    assert target.shown == set()
