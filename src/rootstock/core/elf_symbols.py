"""Reads from an ELF file how its symbols are bound: which it defines how, and which are looked up.

The formats are those of `elf`, with the relocations of the System V gABI and its x86-64 psABI.
`STB_GNU_UNIQUE` is GNU's extension of the gABI, described with GCC's option `-fno-gnu-unique`.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rootstock.core.elf import Reader, wanted_key

_SYMBOL = struct.Struct("<IBBHQQ")
_DYNAMIC = struct.Struct("<qQ")
_SHT_RELA, _SHT_DYNAMIC, _SHT_DYNSYM, _SHT_VERSYM = 4, 6, 11, 0x6FFFFFFF
_DT_SYMBOLIC, _DT_FLAGS, _DF_SYMBOLIC = 16, 30, 2
_COPY = 5  # R_X86_64_COPY: a program has the library's variable in its own memory
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10  # binding
_DEFAULT, _PROTECTED = 0, 3  # visibility
_ABSOLUTE = 0xFFF1  # section of symbols that are no address, such as the names of versions
_HIDDEN_VERSION = 0x8000
# What the static linker itself defines in every file.
_OF_THE_LINKER = {b"_init", b"_fini", b"_end", b"_edata", b"__bss_start", b"_IO_stdin_used"}


@dataclass(frozen=True, kw_only=True)
class Symbols:
    """How the symbols of a dynamic ELF file are bound.

    `strong` are the keys `NAME@VERSION` of what it defines once and for all: neither weak nor
    unique, as templates and inline functions are. `unique` are names of which a process has one,
    wherever they are looked up. `looked_up` are the keys (`wanted_key`) that its relocations look
    up in the process, with those that it defines itself. Of them a program has `copied`: variables
    of a library, which it finds there and then defines for all. With `symbolic`, the dynamic linker
    looks into the file itself first.
    """

    strong: frozenset[bytes]
    unique: frozenset[bytes]
    looked_up: frozenset[bytes]
    copied: frozenset[bytes] = frozenset()
    symbolic: bool = False


def read(path: Path) -> Symbols:
    """Read the symbols of a file that `elf.read` can read."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        reader = Reader(data)
        relocated, copied = _relocated(reader)
        strong, unique, looked_up, copies = set[bytes](), set[bytes](), set[bytes](), set[bytes]()
        for number, name, version, binding, visibility, defined in _symbols(reader):
            if number in relocated and not (defined and visibility == _PROTECTED):
                looked_up.add(wanted_key(name, version))
            if number in copied:
                copies.add(wanted_key(name, version))
            if not defined or number in copied or name in _OF_THE_LINKER:
                continue
            if binding == _UNIQUE:
                unique.add(name)
            elif binding == _GLOBAL:
                strong.add(name + b"@" + version)
        return Symbols(
            strong=frozenset(strong),
            unique=frozenset(unique),
            looked_up=frozenset(looked_up),
            copied=frozenset(copies),
            symbolic=_is_symbolic(reader),
        )


def _relocated(reader: Reader) -> tuple[set[int], set[int]]:
    """Return the numbers of symbols that relocations look up, and of those that are copied."""
    table = reader.section(_SHT_DYNSYM)
    kinds: set[int] = set()
    for section in reader.sections:
        if section.type == _SHT_RELA and reader.sections[section.link] == table:
            words = memoryview(reader.content(section)).cast("Q")
            kinds.update(words[1::3].tolist())
    return {kind >> 32 for kind in kinds}, {k >> 32 for k in kinds if k & 0xFFFFFFFF == _COPY}


def _symbols(reader: Reader) -> Iterator[tuple[int, bytes, bytes, int, int, bool]]:
    """Yield the symbols that other files can see.

    Of each the number, name, version, binding, visibility, and whether the file defines it.
    """
    section = reader.section(_SHT_DYNSYM)
    if section is None:
        return
    versions: dict[int, bytes] = {}
    all(True for _ in reader.requires(versions))
    all(True for _ in reader.provides(versions))
    strings = reader.strings(section)
    count = section.size // _SYMBOL.size
    versym = reader.section(_SHT_VERSYM)
    numbers = (
        struct.unpack_from(f"<{count}H", reader.data, versym.offset) if versym else (1,) * count
    )
    entries = _SYMBOL.iter_unpack(reader.content(section))
    for number, (at, info, other, index, _, _) in enumerate(entries):
        binding, visibility = info >> 4, other & 3
        if (
            binding in (_GLOBAL, _WEAK, _UNIQUE)
            and visibility in (_DEFAULT, _PROTECTED)
            and index != _ABSOLUTE
        ):
            name = strings[at : strings.index(b"\0", at)]
            version = versions.get(numbers[number] & ~_HIDDEN_VERSION, b"")
            yield number, name, version, binding, visibility, index != 0


def _is_symbolic(reader: Reader) -> bool:
    section = reader.section(_SHT_DYNAMIC)
    entries = _DYNAMIC.iter_unpack(reader.content(section)) if section else ()
    return any(
        tag == _DT_SYMBOLIC or (tag == _DT_FLAGS and bool(value & _DF_SYMBOLIC))
        for tag, value in entries
    )
