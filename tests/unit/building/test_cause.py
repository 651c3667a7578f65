"""Whose fault it is that a build ended: only the package's own is kept as its failure."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rootstock.building.cause import Ended, error_of
from rootstock.building.job import Job
from rootstock.building.limits import Limits
from rootstock.core import disk
from rootstock.core.errors import BuildFailed, MachineError, NoSpace, RootstockError
from rootstock.core.process import Completed
from rootstock.core.store import Store

JOB = cast(
    Job,
    SimpleNamespace(
        id="x-1-0",
        filename="x-1-0.conda",
        subdir="linux-64",
        order={"recipe": {"about": {"license_file": ["COPYING", "docs/LICENSE"]}}},
    ),
)


def error(
    store: Store, text: str, *, killed: bool = False, tight: bool = False, **done: Any
) -> RootstockError:
    log = store.root / "log"
    log.write_text(text)
    ended = Ended(
        done=Completed(output="", seconds=1.0, **done),
        killed=killed,
        tight=tight,
        engine="bubblewrap",
    )
    return error_of(JOB, log, ended, Limits(seconds=5.0), store, store.root / "job")


def test_a_script_that_fails_is_the_packages_fault(store: Store) -> None:
    found = error(store, "no\n", code=65)
    assert isinstance(found, BuildFailed)
    assert found.tail == ("no",)


def test_a_license_that_is_not_there_is_named(store: Store) -> None:
    found = error(store, "\nPyRattlerBuildError: No license files were copied\n", code=65)
    assert isinstance(found, BuildFailed)
    assert "COPYING, docs/LICENSE" in found.tail[-1]


def test_what_no_package_can_have_is_named(store: Store) -> None:
    prefix = store.root / "job/build/out/bld/rattler-build_x/host_env_placehold"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/right").touch()
    (prefix / "lib/link").symlink_to("nowhere")
    os.mkfifo(prefix / "lib/pipe")
    Path(os.fsdecode(os.fsencode(prefix) + b"/caf\xe9")).touch()
    for ends in ({"code": 65}, {"code": -9, "over": "time"}):
        found = error(store, "no\n", **ends)
        assert isinstance(found, BuildFailed)
        pipe, name = sorted(found.tail[1:], reverse=True)
        assert "'lib/pipe' in $PREFIX: a package may only have files, links and folders" in pipe
        assert r"caf\xe9" in name and "not UTF-8" in name


def test_what_a_build_left_elsewhere_is_not_looked_at(store: Store) -> None:
    outside = store.root / "outside/rattler-build_x/host_env_placehold"
    outside.mkdir(parents=True)
    os.mkfifo(outside / "pipe")
    (store.root / "job/build/out").mkdir(parents=True)
    (store.root / "job/build/out/bld").symlink_to(store.root / "outside")
    found = error(store, "no\n", code=65)
    assert isinstance(found, BuildFailed)
    assert found.tail == ("no",)


@pytest.mark.parametrize("over", ["time", "memory"])
def test_a_limit_is_reported_though_it_ends_with_a_signal(store: Store, over: Any) -> None:
    found = error(store, "", code=-9, over=over)
    assert isinstance(found, BuildFailed)
    assert found.over == over


@pytest.mark.parametrize("code", [-9, -15, -1, 137, 143, 64 + 137, 64 + 143])
def test_a_signal_is_from_outside(store: Store, code: int) -> None:
    found = error(store, "", code=code)
    assert isinstance(found, MachineError)
    assert "outside rootstock" in found.message


def test_so_is_the_kernels_want_of_memory(store: Store) -> None:
    assert isinstance(error(store, "", code=65, killed=True), MachineError)


@pytest.mark.parametrize("code", [1, 2, 32, 64, 125, 126, 127, 203])
def test_a_sandbox_that_cannot_be_made_is_the_machines_lack(store: Store, code: int) -> None:
    found = error(store, "mount: permission denied\n", code=code)
    assert isinstance(found, MachineError) and not isinstance(found, NoSpace)
    assert "permission denied" in found.message and "bubblewrap" in found.message


@pytest.mark.parametrize("text", ["", "cp: No space left on device\n"])
def test_a_full_disk_is_seen_without_a_log(
    store: Store, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not text:
        monkeypatch.setattr("rootstock.core.disk.space", lambda folder: (disk.ROOM - 1, 10**6))
    assert isinstance(error(store, text, code=65, tight=True), NoSpace)


def test_a_log_that_says_of_a_full_disk_is_not_believed_where_there_was_room(store: Store) -> None:
    assert isinstance(error(store, "No space left on device\n", code=65), BuildFailed)


def test_so_are_inodes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rootstock.core.disk.space", lambda folder: (10**12, disk.INODES - 1))
    assert isinstance(error(store, "", code=65), NoSpace)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EROFS, MachineError),
     (errno.EIO, MachineError), (errno.EFBIG, MachineError)],
)  # fmt: skip
def test_and_what_only_writing_says(
    store: Store, number: int, kind: type[RootstockError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, data: bytes) -> int:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    found = error(store, "", code=65)
    assert type(found) is kind
    assert found.code == 4
    assert list((store.root / "tmp").iterdir()) == []
