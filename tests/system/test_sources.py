"""Sources from the mirror this machine has, also where its index has moved on."""

import hashlib
import shutil
from pathlib import Path

import pytest

from rootstock.sources import apt
from rootstock.store import Store, locate

pytestmark = pytest.mark.system

# A small one that a recipe needs, and the build image's suite, whose index is there.
NAME, VERSION, SUITE = "bzip2", "1.0.8-6", "trixie"
FILE = "bzip2_1.0.8.orig.tar.gz"


@pytest.fixture
def suite() -> apt.Suite:
    shared = locate()
    shared.prepare()
    return apt.open_suite(shared, SUITE)


def test_a_suite_is_used_where_the_store_now_is(suite: apt.Suite, tmp_path: Path) -> None:
    there, here = Store(tmp_path / "there"), Store(tmp_path / "here")
    moved = there.registry / "apt" / SUITE
    moved.mkdir(parents=True)
    for name in ("etc", "state", "cache"):
        shutil.copytree(suite.folder / name, moved / name)
    for name in ("apt.conf", "status", "complete"):
        shutil.copy(suite.folder / name, moved)
    here.root.mkdir()
    (here.root / "registry").symlink_to(there.registry)
    opened = apt.open_suite(here, SUITE)
    (here.root / "registry").unlink()
    assert str(moved) in (moved / "apt.conf").read_text()
    apt.download_source(opened, NAME, VERSION, FILE, tmp_path)
    assert (tmp_path / FILE).is_file()


def hashed(folder: Path) -> str:
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


def test_a_tarball_that_no_index_has_any_more_comes_from_the_pool(
    suite: apt.Suite, tmp_path: Path
) -> None:
    listed, forgotten = tmp_path / "listed", tmp_path / "forgotten"
    listed.mkdir()
    forgotten.mkdir()
    apt.download_source(suite, NAME, VERSION, FILE, listed)
    apt.download_source(suite, NAME, "1.0.8-0", FILE, forgotten)
    assert hashed(listed) == hashed(forgotten)


def test_a_tarball_that_is_gone_is_told_by_the_version_that_was_asked_for(
    suite: apt.Suite, tmp_path: Path
) -> None:
    with pytest.raises(apt.NotInSuite, match=r"Debian trixie: .*0\.0-1"):
        apt.download_source(suite, NAME, "0.0-1", "bzip2_0.0.orig.tar.gz", tmp_path)
