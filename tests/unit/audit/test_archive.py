"""Archives that must not be unpacked: of each that is refused, nothing remains."""

import bz2
import io
import mmap
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from rootstock.audit import archive, headers

Member = tuple[str, bytes | None]  # a file with its content, or a link to ".."


def tar(members: Sequence[Member]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, ".."
            info.size = len(content or b"")
            file.addfile(info, io.BytesIO(content or b""))
    return made.getvalue()


def conda(folder: Path, package: Sequence[Member], info: Sequence[Member] = ()) -> Path:
    path = folder / "x-1-0.conda"
    with zipfile.ZipFile(path, "w") as file:
        for part, members in (("pkg", package), ("info", info)):
            file.writestr(f"{part}-x-1-0.tar.zst", zstandard.compress(tar(members)))
    return path


def old_conda(folder: Path, members: Sequence[Member]) -> Path:
    path = folder / "x-1-0.tar.bz2"
    path.write_bytes(bz2.compress(tar(members)))
    return path


def wheel(folder: Path, members: Sequence[Member]) -> Path:
    path = folder / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content or b"")
    return path


FORMATS = (conda, old_conda, wheel)


@pytest.mark.parametrize("make", FORMATS)
def test_files_of_each_format_are_unpacked(make: object, tmp_path: Path) -> None:
    assert callable(make)
    made = make(tmp_path, [("lib/a.txt", b"a"), ("b.txt", b"b")])
    archive.unpack(made, tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in files(tmp_path)}
    assert found == {"lib/a.txt": b"a", "b.txt": b"b"}


@pytest.mark.parametrize("in_memory", [0, 1, 1 << 20])
@pytest.mark.parametrize("make", FORMATS)
def test_each_file_is_shown_and_only_those_to_keep_remain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: object, in_memory: int
) -> None:
    assert callable(make)
    monkeypatch.setattr(archive, "_IN_MEMORY", in_memory)
    shown: dict[str, bytes] = {}

    def keep(name: str, data: bytes | mmap.mmap) -> bool:
        shown[name] = data[:]
        return name == "kept"

    made = make(tmp_path, [("lib/a", b"abc"), ("kept", b"12"), ("empty", b"")])
    archive.unpack(made, tmp_path / "out", keep)
    assert shown == {"lib/a": b"abc", "kept": b"12", "empty": b""}
    remain = {"kept"} if in_memory > 2 else {"kept", "a"}  # larger ones are mapped from the disk
    assert {path.name for path in files(tmp_path)} == remain


def test_the_modes_and_links_are_those_of_the_archive(tmp_path: Path) -> None:
    made = conda(tmp_path, [("a", None), ("b", b"")])
    found = archive.unpack(made, tmp_path / "out")
    assert (found.links, found.modes) == ({"a": ".."}, {"b": 0o100644})


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("../a", b"")], "outside of its folder"),
        ([("/a", b"")], "outside of its folder"),
        ([("a/../../b", b"")], "outside of its folder"),
        ([("a", b"1"), ("a", b"2")], "twice"),
        ([("a", b"1"), ("a/b", b"2")], "is a file but contains files"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_no_package_has(
    make: object, tmp_path: Path, members: Sequence[Member], said: str
) -> None:
    assert callable(make)
    made = make(tmp_path, members)
    with pytest.raises(ValueError, match=said):
        archive.unpack(made, tmp_path / "out")
    assert [*tmp_path.iterdir()] == [made]


@pytest.mark.parametrize("members", [[("a", None), ("a/b", b"")], [("a/b", b""), ("a", None)]])
def test_a_file_behind_a_link(tmp_path: Path, members: Sequence[Member]) -> None:
    for made in (conda(tmp_path, members), old_conda(tmp_path, members)):
        with pytest.raises(ValueError, match="is a link but contains files"):
            archive.unpack(made, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_links_are_made_as_they_are_and_after_all_files(tmp_path: Path) -> None:
    for made in (conda(tmp_path, [("a", None), ("b", b"")]), old_conda(tmp_path, [("a", None)])):
        into = tmp_path / made.suffix
        archive.unpack(made, into)
        assert (into / "a").readlink() == Path("..")


def test_a_part_in_several_frames_is_unpacked_whole(tmp_path: Path) -> None:
    whole = tar([("a", b"1" * 1000), ("b", b"2")])
    made = tmp_path / "x-1-0.conda"
    with zipfile.ZipFile(made, "w") as file:
        frames = zstandard.compress(whole[:700]) + zstandard.compress(whole[700:])
        file.writestr("pkg-x-1-0.tar.zst", frames)
        file.writestr("info-x-1-0.tar.zst", zstandard.compress(tar([])))
    archive.unpack(made, tmp_path / "out")
    assert {path.name: path.stat().st_size for path in files(tmp_path)} == {"a": 1000, "b": 1}


def test_a_part_that_differs_from_its_checksum(tmp_path: Path) -> None:
    made = conda(tmp_path, [("a", b"1")])
    content = bytearray(made.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 16] ^= 1  # of the CRC
    made.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        archive.unpack(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_both_parts_of_a_package_are_one_folder(tmp_path: Path) -> None:
    made = conda(tmp_path, [("a", None)], [("a/index.json", b"{}")])
    with pytest.raises(ValueError, match="is a link but contains files"):
        archive.unpack(made, tmp_path / "out")


PKG, INFO = "pkg-x-1-0.tar.zst", "info-x-1-0.tar.zst"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([PKG, INFO, PKG], f"it has '{PKG}' twice"),
        ([PKG, INFO, INFO], f"it has '{INFO}' twice"),
        ([PKG, INFO, "metadata.json", "metadata.json"], "it has 'metadata.json' twice"),
        ([PKG, "pkg-y-1-0.tar.zst", INFO], "it has 'pkg-y-1-0.tar.zst', but by its name may"),
        ([PKG, INFO, "note.txt"], f"'note.txt', .* only metadata.json, {PKG}, {INFO}$"),
        ([PKG, INFO, f"../{PKG}"], f"it has '../{PKG}', but"),
        ([PKG, INFO, f"/{INFO}"], f"it has '/{INFO}', but"),
        ([PKG], f"it lacks '{INFO}'"),
        (["metadata.json", INFO], f"it lacks '{PKG}'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_parts_of_which_a_client_could_choose(
    tmp_path: Path, names: Sequence[str], said: str
) -> None:
    made = tmp_path / "x-1-0.conda"
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, zstandard.compress(tar([])))
    with pytest.raises(ValueError, match=said):
        archive.unpack(made, tmp_path / "out")
    assert [*tmp_path.iterdir()] == [made]


def test_what_the_audit_reads_as_a_whole_is_of_limited_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(archive, "MOST_METADATA", 3)
    archive.unpack(conda(tmp_path, [("a", b"1234")], [("info/index.json", b"123")]), tmp_path / "a")
    archive.unpack(old_conda(tmp_path, [("info/test/index.json", b"1234")]), tmp_path / "b")
    for made, name in (
        (conda(tmp_path, [], [("info/index.json", b"1234")]), "info/index.json"),
        (old_conda(tmp_path, [("info/paths.json", b"1234")]), "info/paths.json"),
        (wheel(tmp_path, [("x-1.dist-info/METADATA", b"1234")]), "x-1.dist-info/METADATA"),
    ):
        with pytest.raises(ValueError, match=f"'{name}' has more than 3 bytes"):
            archive.unpack(made, tmp_path / "out")


@pytest.mark.parametrize("name", ["info", "info/index.json", "info/paths.json", "info/about.json"])
def test_what_the_audit_reads_is_no_link(tmp_path: Path, name: str) -> None:
    for made in (conda(tmp_path, [], [(name, None)]), old_conda(tmp_path, [(name, None)])):
        with pytest.raises(ValueError, match=f"'{name}' is a link"):
            archive.unpack(made, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_size_below_zero(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a")
    info.size = -1
    made = tmp_path / "x-1-0.tar.bz2"
    made.write_bytes(bz2.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    with pytest.raises((ValueError, tarfile.TarError)):  # newer Pythons refuse it themselves
        archive.unpack(made, tmp_path / "out")


@pytest.mark.parametrize("make", [conda, old_conda])
def test_a_long_name_is_no_long_header(make: object, tmp_path: Path) -> None:
    assert callable(make)
    name = "/".join(["a" * 250] * 3)
    archive.unpack(make(tmp_path, [(name, b"1")]), tmp_path / "out")
    assert [len(path.name) for path in files(tmp_path)] == [250]


def test_headers_that_no_package_has(tmp_path: Path) -> None:
    for name, packed in (
        ("x-1-0.tar.bz2", with_comment(tarfile.XHDTYPE, headers.MOST_OF_ONE)),
        ("y-1-0.tar.bz2", with_comment(tarfile.XGLTYPE, 1)),
        ("z-1-0.tar.bz2", tar([("a", b"")]) + tar([("b", b"")])),
    ):
        (tmp_path / name).write_bytes(bz2.compress(packed))
    for name, said in (
        ("x", "the headers at its beginning have more than 65,536 bytes"),
        ("y", "it has a header for all of its files"),
        ("z", "it has data after the end of its files"),
    ):
        with pytest.raises(ValueError, match=said):
            archive.unpack(tmp_path / f"{name}-1-0.tar.bz2", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def with_comment(kind: bytes, size: int) -> bytes:
    """A tar archive of a file, with a comment of so many bytes on it or on all files."""
    comment, made = {"comment": "c" * size}, io.BytesIO()
    everywhere = comment if kind == tarfile.XGLTYPE else None
    with tarfile.open(fileobj=made, mode="w", pax_headers=everywhere) as file:
        info = tarfile.TarInfo("a")
        info.pax_headers = {} if everywhere else comment
        file.addfile(info)
    return made.getvalue()


def test_a_folder_may_be_in_an_archive_but_not_outside_of_it(tmp_path: Path) -> None:
    for name, good in (("lib", True), ("../lib", False)):
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as file:
            file.addfile(info)
        path = tmp_path / "x-1-0.tar.bz2"
        path.write_bytes(bz2.compress(made.getvalue()))
        if good:
            archive.unpack(path, tmp_path / "good")
        else:
            with pytest.raises(ValueError, match=r"a folder '\.\./lib' outside"):
                archive.unpack(path, tmp_path / "bad")


@pytest.mark.parametrize("make", FORMATS)
def test_more_than_a_package_can_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    made = make(tmp_path, [("a", b"123"), ("b", b"456")])
    archive.unpack(made, tmp_path / "good", most=6)
    with pytest.raises(archive.TooLargeError, match="with 'b' it has more than 5 bytes"):
        archive.unpack(made, tmp_path / "out", most=5)
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    with pytest.raises(ValueError, match="it has more than 1 files"):
        archive.unpack(made, tmp_path / "out")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("size", "most"),
    [
        (0, 1_000_000_000),
        (10_000_000, 1_000_000_000),
        (10_000_001, 1_000_000_100),
        (1 << 40, 64 << 30),
    ],
)
def test_a_large_package_may_unpack_to_more(tmp_path: Path, size: int, most: int) -> None:
    made = tmp_path / "x-1-0.conda"
    with made.open("wb") as file:
        file.truncate(size)  # without a byte on the disk
    assert archive.most_of(made) == most


@pytest.mark.parametrize("make", FORMATS)
def test_folders_count_as_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    archive.unpack(make(tmp_path, [("a/b/c", b"")]), tmp_path / "good")
    with pytest.raises(ValueError, match="it has more than 3 files"):
        archive.unpack(make(tmp_path, [("a/b/c/d", b"")]), tmp_path / "bad")


@pytest.mark.parametrize("make", FORMATS)
def test_a_path_that_linux_does_not_open(tmp_path: Path, make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"'a/a.* of more than 4,096 characters"):
        archive.unpack(make(tmp_path, [("a/" * 2048 + "a", b"")]), tmp_path / "out")


def test_a_zip_file_that_begins_with_other_data(tmp_path: Path) -> None:
    for make in (conda, wheel):
        made = make(tmp_path, [("a", b"1")])
        made.write_bytes(b"#!/bin/sh\n" + made.read_bytes())
        with pytest.raises(ValueError, match="it has other data than its list at"):
            archive.unpack(made, tmp_path / "out")


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
def test_a_truncated_archive(tmp_path: Path, make: object, part: float) -> None:
    assert callable(make)
    made = make(tmp_path, [("a", bytes(range(256)) * 40)])
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(Exception, match=r"."):
        archive.unpack(made, tmp_path / "out")
