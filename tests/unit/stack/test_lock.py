"""`ci/stack.lock` is read as it was written, and nothing else is taken for one."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.core.audit_rules import Waiver
from rootstock.core.errors import NoSpace, UsageError
from rootstock.stack import lock
from rootstock.stack.lock import Build, Lock, LockedSet, LockEntry, Member, Texts

ENTRY = LockEntry(
    name="bud",
    version="1.0",
    project="Bud",
    file="Bud-1.0-py3-none-any.whl",
    sha256="0" * 64,
    size=7,
    released="2026-01-02",
    pure=True,
    builds=(Build(pythons=("3.11",), python=">=3.9", depends=("scion >=2",)),),
    entry_points=("bud = bud:main",),
    scripts=False,
    drop=(),
    license="MIT",
    license_files=(),
    summary="Buds, größer",
    homepage="",
)
LOCK = Lock(
    wheels=(ENTRY,),
    sets=(
        LockedSet(
            name="rootstock-x",
            summary="",
            version="2026.01.02",
            members=(Member(python="3.11", packages={"bud": "1.0"}),),
        ),
    ),
    also={"bud": ("bud-all",)},
)


def of(name: str, **packages: str) -> LockedSet:
    members = tuple(Member(python=python, packages=packages) for python in ("3.11", "3.13"))
    return LockedSet(name=name, summary="", version="1", members=members)


@pytest.mark.parametrize(
    ("sets", "groups"),
    [
        ((), [[]]),
        ((of("a", bud="1"), of("b", bud="1", leaf="2")), [["a", "b"]]),
        ((of("a", bud="1"), of("b", bud="2"), of("c", bud="2", leaf="1")), [["a"], ["b", "c"]]),
        ((of("a", bud="1"), of("b", bud="2"), of("c", leaf="1")), [["a", "c"], ["b"]]),
        ((replace(of("a", bud="1"), members=()), of("b", bud="2")), [["b"]]),
    ],
)
def test_sets_with_other_versions_are_apart(
    sets: tuple[LockedSet, ...], groups: list[list[str]]
) -> None:
    assert lock.together(sets, "3.11") == groups


def test_it_comes_back(tmp_path: Path) -> None:
    lock.write(LOCK, tmp_path / "stack.lock")
    assert lock.load(tmp_path / "stack.lock") == LOCK
    assert [path.name for path in tmp_path.iterdir()] == ["stack.lock"]


def test_files_before_it_are_written_with_it(tmp_path: Path) -> None:
    path, other = tmp_path / "stack.lock", tmp_path / "stack.toml"
    lock.write(LOCK, path, {other: "new"})
    assert other.read_text() == "new"
    assert lock.load(path) == LOCK
    assert {path.name for path in tmp_path.iterdir()} == {"stack.lock", "stack.toml"}


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("renamed", [0, 1])
def test_after_an_error_all_files_are_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool, renamed: int
) -> None:
    path, other = tmp_path / "stack.lock", tmp_path / "stack.toml"
    if there:
        lock.write(lock.EMPTY, path, {other: "old"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    left, really = [renamed], os.replace

    def failing(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, "full", str(target))
        really(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(NoSpace):
        lock.write(LOCK, path, {other: "new"})
    assert left[0] < 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written") as caught:
        lock.write(LOCK, tmp_path / "none/stack.lock")
    assert caught.value.remedy


def test_what_few_packages_have_is_only_in_their_entries(tmp_path: Path) -> None:
    rare = replace(
        ENTRY,
        license_source=Texts(
            version="1.0", file="bud-1.0.tar.gz", sha256="1" * 64, files=("LICENSE",)
        ),
        waive=(Waiver(rule="licence", file="info/licenses", why="none has it"),),
        check_env={"BUD_HOME": "x"},
    )
    both = replace(LOCK, wheels=(ENTRY, rare))
    lock.write(both, tmp_path / "stack.lock")
    assert lock.load(tmp_path / "stack.lock") == both
    plain, full = json.loads(lock.text(both))["wheels"]
    assert full.keys() - plain.keys() == {"license_source", "waive", "check_env"}


def test_another_lock_in_its_place_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stack.lock"
    assert lock.load(path) == lock.EMPTY
    for one in (LOCK, lock.EMPTY, LOCK):
        lock.write(one, path)
        assert lock.load(path) == lock.load(path) == one


def test_without_one_there_is_no_stack(tmp_path: Path) -> None:
    assert lock.load(tmp_path / "stack.lock") == lock.EMPTY


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../bud"},
        {"file": "../bud.whl"},
        {"sha256": "0"},
        {"version": "1/0"},
        {"size": -1},
        {"pure": "yes"},
        {"summary": "two\nlines"},
        {"more": 1},
        {"license_source": {"version": "1", "file": "../b", "sha256": "0" * 64, "files": ["x"]}},
        {"waive": [{"rule": "waiver", "file": "x", "why": "y"}]},
        {"check_env": {"LD_PRELOAD": "x"}},
        {"builds": [{"pythons": ["3.11.2"], "python": "", "depends": []}]},
    ],
)
def test_what_cannot_be_is_reported(tmp_path: Path, change: dict[str, object]) -> None:
    [entry] = json.loads(lock.text(LOCK))["wheels"]
    value = {"format": 1, "sets": [], "also": {}, "wheels": [{**entry, **change}]}
    path = tmp_path / "stack.lock"
    path.write_text(json.dumps(value))
    with pytest.raises(UsageError, match="cannot be read") as caught:
        lock.load(path)
    assert caught.value.remedy


def test_another_format_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "stack.lock"
    path.write_text(json.dumps({"format": 2, "wheels": []}))
    with pytest.raises(UsageError, match="has format 2"):
        lock.load(path)
