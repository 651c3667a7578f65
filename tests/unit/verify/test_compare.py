"""What two packages that were written by hand are reported to differ in."""

import hashlib
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import zstandard

from rootstock.verify.compare import Difference, compare

STEM = "graft-1.0-h0_0"


@dataclass(frozen=True)
class Package:
    """A package to write: content by path, and what its headers say of some of them."""

    files: Mapping[str, bytes] = field(default_factory=lambda: {"share/a.txt": b"one\ntwo\n"})
    modes: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    level: int = 3
    zip_time: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0)

    def write(self, folder: Path) -> Path:
        folder.mkdir()
        paths = [
            {"_path": path, "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in self.files.items()
        ]
        info = {"info/paths.json": json.dumps({"paths": paths}).encode()}
        target = folder / f"{STEM}.conda"
        with zipfile.ZipFile(target, "w") as archive:
            for part, files in (("pkg", self.files), ("info", info)):
                entry = zipfile.ZipInfo(f"{part}-{STEM}.tar.zst", self.zip_time)
                archive.writestr(entry, zstandard.compress(self._tar(files), self.level))
        return target

    def _tar(self, files: Mapping[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.mode = self.modes.get(name, 0o644)
                if name in self.links:
                    entry.type, entry.linkname = tarfile.SYMTYPE, self.links[name]
                else:
                    entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


SAME = Package()


def differences(folder: Path, old: Package, new: Package) -> list[Difference]:
    found = compare(old.write(folder / "1"), new.write(folder / "2"), folder)
    assert {path.name for path in folder.iterdir()} == {"1", "2"}  # the tars are gone
    return list(found)


def test_equal_packages_do_not_differ(tmp_path: Path) -> None:
    assert differences(tmp_path, SAME, SAME) == []


def test_a_text_is_shown_with_its_lines_after_the_paths(tmp_path: Path) -> None:
    other = replace(SAME, files={"share/a.txt": b"one\nother\n"})
    paths, text = differences(tmp_path, SAME, other)
    assert (paths.member, paths.what) == ("info/paths.json", "1 of 1 paths differ")
    assert paths.lines[0].startswith("share/a.txt: sha256 ")
    assert (text.member, text.what) == ("share/a.txt", "different text")
    assert text.lines[-2:] == ("-two", "+other")


def test_what_only_one_has_is_reported(tmp_path: Path) -> None:
    more = replace(SAME, files={**SAME.files, "bin/more": b""})
    _, there = differences(tmp_path, SAME, more)
    assert (there.member, there.what) == ("bin/more", "is only in the rebuilt package")
    (tmp_path / "turned").mkdir()
    _, gone = differences(tmp_path / "turned", more, SAME)
    assert (gone.member, gone.what) == ("bin/more", "is only in the original package")


def test_modes_and_links_are_compared(tmp_path: Path) -> None:
    old = replace(SAME, files={"a": b"", "b": b""}, links={"b": "a"})
    new = replace(old, modes={"a": 0o755}, links={"b": "c"})
    assert [(d.member, d.what) for d in differences(tmp_path, old, new)] == [
        ("a", "mode 0o644 -> 0o755"),
        ("b", "target a -> c"),
    ]


def test_the_order_of_the_files_is_compared(tmp_path: Path) -> None:
    old = replace(SAME, files={"a": b"", "b": b""})
    new = replace(SAME, files={"b": b"", "a": b""})
    found = differences(tmp_path, old, new)
    assert [d.what for d in found if d.member == "pkg"] == ["the files are in another order"]


def test_of_a_binary_the_first_byte_is_reported(tmp_path: Path) -> None:
    old, new = b"\0" * 100 + b"abc", b"\0" * 100 + b"xbcd"
    _, found = differences(
        tmp_path, replace(SAME, files={"lib/x": old}), replace(SAME, files={"lib/x": new})
    )
    assert found.what == "from byte 100, 103 -> 104 bytes"
    assert found.lines == ("original 61 62 63  abc", "rebuilt  78 62 63 64  xbcd")


def elf(content: bytes) -> bytes:
    """An ELF file with the sections `.shstrtab` and `.rodata`, by the System V gABI."""
    names = b"\0.shstrtab\0.rodata\0"
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    start = 64 + len(names) + len(content)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, start, 0, 64, 56, 0, 64, 3, 1)
    sections = bytes(64)
    for name, kind, offset, size in (
        (1, 3, 64, len(names)),
        (11, 1, 64 + len(names), len(content)),
    ):
        sections += struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 0)
    return head + names + content + sections


def test_of_a_library_the_section_is_reported(tmp_path: Path) -> None:
    old, new = (replace(SAME, files={"lib/x.so": elf(text)}) for text in (b"\0one", b"\0two"))
    _, found = differences(tmp_path, old, new)
    assert found.what == "from byte 84 in .rodata"


@pytest.mark.parametrize("cut", [20, 60, 83])
def test_a_damaged_library_has_no_section(tmp_path: Path, cut: int) -> None:
    old, new = (elf(text)[:cut] + b"\0" + text for text in (b"one", b"two"))
    _, found = differences(
        tmp_path, replace(SAME, files={"x": old}), replace(SAME, files={"x": new})
    )
    assert found.what == f"from byte {cut + 1}"


def test_another_packing_of_the_same_is_reported(tmp_path: Path) -> None:
    many = {"a": bytes(range(256)) * 100}
    old, new = (replace(SAME, files=many, level=level) for level in (1, 19))
    [found] = differences(tmp_path, old, new)
    assert found.what == "the same members are packed in another way"


def test_the_zips_own_times_are_compared(tmp_path: Path) -> None:
    found = differences(tmp_path, SAME, replace(SAME, zip_time=(1980, 1, 2, 0, 0, 0)))
    assert {d.member for d in found} == {f"{part}-{STEM}.tar.zst" for part in ("pkg", "info")}
    assert all(d.what.startswith("time (1980, 1, 1") for d in found)


def test_what_is_long_is_cut(tmp_path: Path) -> None:
    old, new = (
        replace(SAME, files={"a": b"\n".join(b"%d %s" % (i, word) for i in range(100))})
        for word in (b"x", b"y")
    )
    _, found = differences(tmp_path, old, new)
    assert len(found.lines) == 21 and found.lines[-1].endswith("lines more")


@pytest.mark.parametrize("cut", [0, 10, 300])
def test_a_package_that_cannot_be_read_is_a_difference(tmp_path: Path, cut: int) -> None:
    old, new = (tmp_path / name / f"{STEM}.conda" for name in ("old", "new"))
    for path in (old, new):
        path.parent.mkdir()
    old.write_bytes(b"PK" + bytes(cut))
    new.write_bytes(b"PK" + bytes(cut + 1))
    [found] = compare(old, new, tmp_path)
    assert "cannot be read" in found.what
