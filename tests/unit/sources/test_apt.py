from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import process
from rootstock.core.errors import SourceError
from rootstock.core.store import Store
from rootstock.sources import apt


def test_the_pool_is_by_the_first_letter_and_of_libraries_by_four(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    assert apt.pool("trixie", "expat", "expat_1.orig.tar.gz") == (
        "http://mirror.test/debian/pool/main/e/expat/expat_1.orig.tar.gz"
    )
    assert apt.pool("trixie", "libffi", "libffi_1.orig.tar.gz") == (
        "http://mirror.test/debian/pool/main/libf/libffi/libffi_1.orig.tar.gz"
    )


def test_security_updates_are_in_an_archive_beside_the_other(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    assert apt.pool("trixie-security", "expat", "expat_1-2.debian.tar.xz") == (
        "http://mirror.test/debian-security/pool/updates/main/e/expat/expat_1-2.debian.tar.xz"
    )
    suite = apt.find_suite(store, "trixie-security", sources=True)
    [line] = (suite.folder / "etc/sources.list").read_text().splitlines()
    assert line.startswith("deb-src ")
    assert line.endswith("http://mirror.test/debian-security trixie-security main")


@pytest.mark.parametrize(
    ("name", "only"),
    [("zlib_1.orig.tar.gz", "--tar-only"), ("zlib_1-1.debian.tar.xz", "--diff-only")],
)
def test_the_index_is_asked_for_the_tarball_of_upstream_or_of_debian(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path, name: str, only: str
) -> None:
    asked: list[Sequence[str]] = []

    def run(argv: Sequence[str], **_: Any) -> process.Completed:
        asked.append(argv)
        return process.Completed(code=100 * ("download-file" in argv), output="404", seconds=0.1)

    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    monkeypatch.setattr(process, "run", run)
    apt.download_source(store, "trixie", "zlib", "1-1", name, tmp_path)
    assert only in asked[-1]


def test_what_the_pool_begins_and_does_not_end_is_asked_of_the_index(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "zlib_1.orig.tar.gz"

    def run(argv: Sequence[str], **_: Any) -> process.Completed:
        pooled = "download-file" in argv
        if pooled:
            file.write_text("a part")
        elif "source" in argv:
            assert not file.exists()
            file.write_text("all")
        return process.Completed(code=100 * pooled, output="403  Forbidden", seconds=0.1)

    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    monkeypatch.setattr(process, "run", run)
    apt.download_source(store, "trixie", "zlib", "1-1", file.name, tmp_path)
    assert file.read_text() == "all"


class Archive:
    """An archive as apt shows it: an index that has one version of each package, and a pool."""

    def __init__(self, index: str, pool: Sequence[str] = ()) -> None:
        self.index, self.pool = index, pool
        self.asked: list[str] = []

    def run(self, argv: Sequence[str], cwd: Path, **_: Any) -> process.Completed:
        output = ""
        if "show" in argv:
            output = self.index or "E: No packages found"
        elif "download" in argv:
            for name, version in (word.split("=") for word in argv[argv.index("download") + 1 :]):
                if f"Package: {name}\nVersion: {version}\n" not in self.index:
                    output = f"E: Version '{version}' for '{name}' was not found"
                else:
                    (cwd / f"{name}_{version.replace(':', '%3a')}_amd64.deb").write_text("index")
        elif "download-file" in argv:
            address, file = argv[-2:]
            self.asked.append(address)
            if address in self.pool:
                (cwd / file).write_text("pool")
            else:
                output = "E: Failed to fetch: 404  Not Found"
        return process.Completed(code=100 * output.startswith("E:"), output=output, seconds=0.1)


INDEX = "Package: dash\nVersion: 1-2\n\nPackage: gcc\nVersion: 4:14-1\nSource: gcc-defaults (1.2)\n"
DASH, GCC = apt.Pin("dash", "1-2", 1, "a"), apt.Pin("gcc", "4:13-1", 1, "b")
OLD_GCC = "http://mirror.test/debian/pool/main/g/gcc-defaults/gcc_13-1_amd64.deb"


def opened(archive: Archive, monkeypatch: pytest.MonkeyPatch, store: Store) -> apt.DebianSuite:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    monkeypatch.setattr(process, "run", archive.run)
    return apt.open_suite(store, "trixie")


def test_a_version_that_the_index_forgot_comes_from_the_pool_of_its_source(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    archive = Archive(INDEX, [OLD_GCC])
    suite = opened(archive, monkeypatch, store)
    assert apt.download(suite, [DASH, GCC], tmp_path) == {}
    assert archive.asked == [OLD_GCC]
    assert apt.find(DASH, tmp_path).read_text() == "index"
    assert apt.find(GCC, tmp_path).read_text() == "pool"


def test_what_the_pool_does_not_have_either_is_reported_with_what_there_is_now(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    archive = Archive(INDEX)
    suite = opened(archive, monkeypatch, store)
    strange = apt.Pin("strange", "1", 1, "c")
    assert apt.download(suite, [DASH, GCC, strange], tmp_path) == {GCC: "4:14-1", strange: ""}
    assert OLD_GCC in archive.asked
    assert not any("/dash/" in address for address in archive.asked)
    with pytest.raises(SourceError, match="gcc 4:13-1"):
        apt.find(GCC, tmp_path)


def test_an_index_that_has_none_of_the_packages_is_no_failure_of_the_network(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    suite = opened(Archive(""), monkeypatch, store)
    assert apt.download(suite, [DASH], tmp_path) == {DASH: ""}
