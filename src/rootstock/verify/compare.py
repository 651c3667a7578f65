"""Compares two `.conda` files: which members differ, and how.

The format is that of CEP 35: a zip of `metadata.json` and two zstd-compressed tars. It compares
first the packages' lists (`info/paths.json`), then every member of the tars, by its header and its
content.
"""

import difflib
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import zstandard

_CHUNK = 1 << 20  # bytes
_TEXT = 4 << 20  # bytes: longer texts are compared as binaries
_LINES = 20  # of a diff or a list that the output shows
_WIDTH = 160  # characters of a line that the output shows
_AROUND = 16  # bytes of a binary that the output shows
# Errors from reading a damaged package; RuntimeError is zipfile's for an entry that it cannot
# unpack.
_UNREADABLE = (
    *(ValueError, KeyError, TypeError, EOFError, RuntimeError, RecursionError, struct.error),
    *(zipfile.BadZipFile, tarfile.TarError, zstandard.ZstdError),
)
_PATHS = "info/paths.json"
_ELF = b"\x7fELF\x02\x01"  # 64 bits, little-endian
# The System V gABI: of the header, e_shoff and the three that follow e_ehsize, e_phentsize and
# e_phnum; of a section's header, sh_name, sh_type, sh_flags, sh_addr, sh_offset and sh_size.
_HEADER, _HEADER_AT = struct.Struct("<Q10xHHH"), 40
_SECTION = struct.Struct("<IIQQQQ")
_NOBITS = 8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A member that differs: a short description, and lines that show it.

    `member` is a path in the package, or the name of a part of the zip.
    """

    member: str
    what: str
    lines: tuple[str, ...] = ()


def compare(old: Path, new: Path, scratch: Path) -> tuple[Difference, ...]:
    """Return the differences between two packages; nothing when their bytes are the same.

    It unpacks the tars, one after the other, into the folder `scratch`.
    """
    if _same_bytes(old, new):
        return ()
    try:
        found = tuple(_members(old, new, scratch))
    except _UNREADABLE as error:
        return (Difference(member=new.name, what=f"one of the two cannot be read: {error}"),)
    packed = Difference(member=new.name, what="the same members are packed in another way")
    return found or (packed,)


def _members(old: Path, new: Path, scratch: Path) -> Iterator[Difference]:
    with zipfile.ZipFile(old) as one, zipfile.ZipFile(new) as other:
        yield from _zips(one, other)
        for part in ("info", "pkg"):
            with _tar(one, part, scratch / "old") as was, _tar(other, part, scratch / "new") as now:
                yield from _tars(was, now, part)


def _same_bytes(old: Path, new: Path) -> bool:
    with old.open("rb") as one, new.open("rb") as other:
        return _first_difference(one, other) is None


def _zips(old: zipfile.ZipFile, new: zipfile.ZipFile) -> Iterator[Difference]:
    for one, other in zip_longest(old.infolist(), new.infolist()):
        was, now = (_entry(info) if info else {} for info in (one, other))
        if was != now:
            yield Difference(member=(other or one).filename, what=_changes(was, now))


def _entry(info: zipfile.ZipInfo) -> dict[str, Any]:
    return {
        "name": info.filename,
        "time": info.date_time,
        "attributes": info.external_attr,
        "compression": info.compress_type,
    }


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {was.get(key, '(none)')} -> {now.get(key, '(none)')}"
        for key in (was.keys() | now.keys())
        if was.get(key) != now.get(key)
    )


@contextmanager
def _tar(package: zipfile.ZipFile, part: str, file: Path) -> Iterator[tarfile.TarFile]:
    """Yield the tar of a part, uncompressed in a file."""
    [name] = [n for n in package.namelist() if n.startswith(f"{part}-")]
    with package.open(name) as packed, file.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(packed, out)
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    finally:
        file.unlink()


def _tars(old: tarfile.TarFile, new: tarfile.TarFile, part: str) -> Iterator[Difference]:
    was = {member.name: member for member in old}
    now = {member.name: member for member in new}
    listed = _listed(old, was, new, now)
    if listed:
        yield listed
    for name in sorted(was.keys() | now.keys()):
        if name not in now:
            yield Difference(member=name, what="is only in the original package")
        elif name not in was:
            yield Difference(member=name, what="is only in the rebuilt package")
        else:
            if header := _changes(_header(was[name]), _header(now[name])):
                yield Difference(member=name, what=header)
            if was[name].isreg() and now[name].isreg() and not (listed and name == _PATHS):
                yield from _contents(name, _content(old, was[name]), _content(new, now[name]))
    if was.keys() == now.keys() and list(was) != list(now):
        yield Difference(member=part, what="the files are in another order")


def _header(member: tarfile.TarInfo) -> dict[str, Any]:
    return {
        "type": member.type.decode("ascii", "replace"),
        "mode": oct(member.mode),
        "time": member.mtime,
        "target": member.linkname,
        "owner": (member.uid, member.gid, member.uname, member.gname),
        "extensions": member.pax_headers,
    }


def _listed(
    old: tarfile.TarFile,
    was: Mapping[str, tarfile.TarInfo],
    new: tarfile.TarFile,
    now: Mapping[str, tarfile.TarInfo],
) -> Difference | None:
    """Return how the packages' own lists of their files differ."""
    if _PATHS not in was or _PATHS not in now:
        return None
    lists = []
    for tar, members in ((old, was), (new, now)):
        with _content(tar, members[_PATHS]) as file:
            lists.append({entry["_path"]: entry for entry in json.load(file)["paths"]})
    one, other = lists
    lines = [
        f"{path}: {_changes(one.get(path, {}), other.get(path, {}))}"
        for path in sorted(one.keys() | other.keys())
        if one.get(path) != other.get(path)
    ]
    if not lines:
        return None
    what = f"{len(lines)} of {len(other)} paths differ"
    return Difference(member=_PATHS, what=what, lines=_first(lines))


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    assert content is not None, "a regular file has content"
    return content


def _contents(name: str, old: IO[bytes], new: IO[bytes]) -> Iterator[Difference]:
    with old, new:
        place = _first_difference(old, new)
        if place is None:
            return
        texts = [_text(file) for file in (old, new)]
        if texts[0] is not None and texts[1] is not None:
            lines = difflib.unified_diff(
                texts[0], texts[1], "original", "rebuilt", n=1, lineterm=""
            )
            yield Difference(member=name, what="different text", lines=_first(list(lines)))
        else:
            yield _binaries(name, old, new, place)


def _first_difference(old: IO[bytes], new: IO[bytes]) -> int | None:
    """Return the offset of the first byte that differs, None when there is none."""
    start = 0
    while True:
        one, other = old.read(_CHUNK), new.read(_CHUNK)
        if one != other:
            pairs = enumerate(zip_longest(one, other))
            return start + next(index for index, (left, right) in pairs if left != right)
        if not one:
            return None
        start += len(one)


def _text(file: IO[bytes]) -> list[str] | None:
    file.seek(0)
    data = file.read(_TEXT + 1)
    if len(data) > _TEXT or b"\0" in data:
        return None
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError:
        return None


def _binaries(name: str, old: IO[bytes], new: IO[bytes], place: int) -> Difference:
    sizes, lines = [], []
    for which, file in (("original", old), ("rebuilt", new)):
        sizes.append(file.seek(0, 2))
        file.seek(place)
        data = file.read(_AROUND)
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
        lines.append(f"{which:<9}{data.hex(' ')}  {shown}")
    section = _section(old, place)
    where = f" in {section}" if section else ""
    size = f", {sizes[0]} -> {sizes[1]} bytes" if sizes[0] != sizes[1] else ""
    return Difference(member=name, what=f"from byte {place}{where}{size}", lines=tuple(lines))


def _section(file: IO[bytes], place: int) -> str:
    """Return the section of an ELF file that contains a byte; empty when there is none."""
    file.seek(0)
    data = file.read()
    if not data.startswith(_ELF):
        return ""
    try:
        start, size, count, names = _HEADER.unpack_from(data, _HEADER_AT)
        sections = [_SECTION.unpack_from(data, start + size * index) for index in range(count)]
        strings = sections[names][4]
    except (struct.error, IndexError):
        return ""
    for name, kind, _, _, offset, length in sections:
        if kind != _NOBITS and offset <= place < offset + length:
            begin = strings + name
            return data[begin : data.index(b"\0", begin)].decode("ascii", "replace")
    return ""


def _first(lines: list[str]) -> tuple[str, ...]:
    shown = [line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..." for line in lines]
    left = len(lines) - _LINES
    return (*shown[:_LINES], f"and {left} lines more") if left > 0 else tuple(shown)
