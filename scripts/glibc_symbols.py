"""Writes src/rootstock/audit/glibc.txt: the symbols of every glibc, out of Zig's wheel.

The wheel is the source of the recipe sysroot_linux-64. It needs Python 3.10 or newer, and nothing
else.
"""

from __future__ import annotations

import argparse
import textwrap
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
TABLE = CHECKOUT / "src/rootstock/audit/glibc.txt"
MEMBER = "ziglang/lib/libc/glibc/abilists"
TARGET = "x86_64-linux-gnu"
_SONAMES = {
    "c": "libc.so.6",
    "dl": "libdl.so.2",
    "ld": "ld-linux-x86-64.so.2",
    "m": "libm.so.6",
    "pthread": "libpthread.so.0",
    "resolv": "libresolv.so.2",
    "rt": "librt.so.1",
    "util": "libutil.so.1",
}
_LAST = 0x80  # the bit of a list's last item

Version = tuple[int, int, int]


class Reader:
    """Reads Zig's file `abilists`, whose format the README of ziglang/libc-abi-tools describes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.libraries = [self.text() for _ in range(self.byte())]
        self.versions = [(self.byte(), self.byte(), self.byte()) for _ in range(self.byte())]
        self.targets = [self.text() for _ in range(self.byte())]

    def byte(self) -> int:
        """Read a byte."""
        self.at += 1
        return self.data[self.at - 1]

    def text(self) -> str:
        """Read a text that ends with a zero."""
        start, self.at = self.at, self.data.index(0, self.at) + 1
        return self.data[start : self.at - 1].decode()

    def number(self) -> int:
        """Read a number in LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & ~_LAST) << shift
            shift += 7
            if not byte & _LAST:
                return value

    def symbols(self, target: str) -> Iterator[tuple[str, Version, str]]:
        """Yield each symbol of a target: its library, version and name."""
        bit = 1 << self.targets.index(target)
        for sized in (False, True):  # functions, then objects, which have a size
            name = ""
            for _ in range(self.byte() | self.byte() << 8):
                name = name or self.text()
                targets = self.number()
                if sized:
                    self.number()
                library = self.byte()
                for version in self.chosen():
                    if targets & bit:
                        yield self.libraries[library & ~_LAST], version, name
                if library & _LAST:
                    name = ""

    def chosen(self) -> Iterator[Version]:
        """Read a list of versions, by their numbers."""
        last = False
        while not last:
            index = self.byte()
            last = bool(index & _LAST)
            yield self.versions[index & ~_LAST]


def table(wheel: Path) -> str:
    """Return the table's text, from Zig's wheel."""
    with zipfile.ZipFile(wheel) as archive:
        reader = Reader(archive.read(MEMBER))
    found: dict[tuple[str, Version], list[str]] = defaultdict(list)
    for library, version, name in reader.symbols(TARGET):
        found[_SONAMES[library], version].append(name)
    zig = wheel.name.split("-")[1]
    newest = ".".join(map(str, reader.versions[-1][:2]))
    return "\n".join([*_head(zig, newest), *_sections(found)]) + "\n"


def _head(zig: str, newest: str) -> Sequence[str]:
    return (
        f"# The symbols of glibc up to {newest} on x86-64: a library and a version, then the names",
        "# that it has with this version. scripts/glibc_symbols.py takes them from Zig's wheel,",
        "# where they come from glibc's own files *.abilist.",
        f"zig {zig}",
        f"newest {newest}",
    )


def _sections(found: Mapping[tuple[str, Version], Sequence[str]]) -> Iterator[str]:
    for (library, version), names in sorted(found.items()):
        text = ".".join(map(str, version if version[2] else version[:2]))
        yield f"{library} GLIBC_{text}"
        yield from textwrap.wrap(
            " ".join(sorted(set(names))), 100, initial_indent=" ", subsequent_indent=" "
        )


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="the wheel of ziglang that the recipe names")
    TABLE.write_text(table(parser.parse_args().wheel))


if __name__ == "__main__":
    main()
