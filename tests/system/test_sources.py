"""Sources from the mirror this machine has, also where its index has moved on."""

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from rootstock.core.errors import SourceError
from rootstock.core.store import Store, locate
from rootstock.sources import apt, purl, pypi

pytestmark = pytest.mark.system

# A small one that a recipe needs, and the build image's suite, whose index is there.
NAME, VERSION, SUITE = "bzip2", "1.0.8-6", "trixie"
FILE = "bzip2_1.0.8.orig.tar.gz"


@pytest.fixture
def suite() -> apt.DebianSuite:
    shared = locate()
    shared.prepare()
    return apt.open_suite(shared, SUITE)


def test_a_suite_is_used_where_the_store_now_is(suite: apt.DebianSuite, tmp_path: Path) -> None:
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
    assert [pin.name for pin in apt.resolve(opened, [NAME], closure=False)] == [NAME]


def hashed(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_tarball_comes_from_the_pool_and_else_by_the_index(tmp_path: Path) -> None:
    store, pooled, listed = Store(tmp_path / "store"), tmp_path / "pooled", tmp_path / "listed"
    for folder in (store.registry, pooled, listed):
        folder.mkdir(parents=True)
    # No index has this version.
    apt.download_source(store, SUITE, NAME, "1.0.8-0", FILE, pooled)
    lists = store.registry / f"apt/{SUITE}-sources/state/lists"
    assert not list(lists.glob("*Sources*")), "an index was fetched"
    apt.download_source(store, SUITE, NAME, VERSION, "not-its-name-in-the-pool", listed)
    assert list(lists.glob("*Sources*"))
    assert hashed(pooled / FILE) == hashed(listed / FILE)
    with pytest.raises(apt.NotInSuite, match=r"Debian trixie: .*0\.0-1"):
        apt.download_source(store, SUITE, NAME, "0.0-1", "bzip2_0.0.orig.tar.gz", tmp_path)


def test_a_source_distribution_is_downloaded_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, into, mark = tmp_path / "shelf", tmp_path / "into", tmp_path / "was-run"
    for folder in (shelf, into):
        folder.mkdir()
    code = f"open({str(mark)!r}, 'w')\n".encode()
    with tarfile.open(shelf / "no_such-1.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("no_such-1.0/setup.py")
        member.size = len(code)
        archive.addfile(member, io.BytesIO(code))
    # It would be taken before a source distribution, and is not what is asked for.
    (shelf / "no_such-1.0-py3-none-any.whl").touch()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(shelf), "ONLY_BINARY": ":all:"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    pypi.download_sdist(purl.parse("pkg:pypi/no-such@1.0#no_such-1.0.tar.gz"), into)
    assert [path.name for path in into.iterdir()] == ["no_such-1.0.tar.gz"]
    assert hashed(into / "no_such-1.0.tar.gz") == hashed(shelf / "no_such-1.0.tar.gz")
    assert not mark.exists()
    with pytest.raises(SourceError, match=r"no_such-2\.0\.tar\.gz"):
        pypi.download_sdist(purl.parse("pkg:pypi/no-such@2.0#no_such-2.0.tar.gz"), into)
