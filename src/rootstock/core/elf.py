"""Reads from an ELF file what a dynamic linker reads: names, paths, versions and symbols.

The formats are those of the System V gABI, its x86-64 psABI, and the "Symbol Versioning" chapter of
the Linux Standard Base. It reads files by their section headers, and refuses a loadable file
without them, because it could not check it.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"\x7fELF"

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_DYNAMIC = struct.Struct("<qQ")
_NEED = struct.Struct("<HHIII")
_NEED_VERSION = struct.Struct("<IHHII")
_DEFINITION = struct.Struct("<HHHHIII")

_CLASS64_LITTLE = b"\x02\x01"
_X86_64 = 62
_EXECUTABLE, _SHARED = 2, 3  # e_type
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_PT_GNU_STACK, _PT_GNU_RELRO = 0x6474E551, 0x6474E552
_EXECUTES, _WRITES = 1, 2  # p_flags
_SHT_DYNAMIC, _SHT_DYNSYM = 6, 11
_SHT_VERDEF, _SHT_VERNEED, _SHT_VERSYM = 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 14, 15, 29
_DT_TEXTREL, _DT_FLAGS, _DF_TEXTREL = 22, 30, 4
_WEAK = 2  # symbol binding; VER_FLG_WEAK has the same value
_GLOBAL_BINDINGS = {1, 2, 10}  # global, weak, and GNU's unique
_VISIBLE = {0, 3}  # default and protected; others cannot bind to hidden and internal ones
_HIDDEN_VERSION = 0x8000
_BASE_VERSION = 2  # the lowest index that a version of the file's own can have
# Names may share their ends, and a table may lead to the same entry again, so a small file can have
# more of them than memory holds. Of 2,353 libraries and programs here, none has more than 0.24.
_MOST_OF_NAMES = 4  # times the size of the file


class ElfError(ValueError):
    """An ELF file that cannot be read, or that no Linux on x86-64 loads."""


@dataclass(frozen=True, kw_only=True)
class Elf:
    """A dynamic ELF file.

    `program` is true when the kernel can start it. `rpath` and `runpath` are None when the file has
    none. `requires` are the versions it needs of its libraries, as (library, version, weak),
    `provides` the versions it defines. `wanted` are the symbols that it needs, and `exports` those
    it offers. Both are keys from `wanted_key` and `export_keys`: a symbol is found when its key, or
    that of `unversioned`, is among the exports.

    `executable_stack` is true when it asks for one, `text_relocations` when the dynamic linker has
    to change its code, `writable_code` when a segment is writable and executable. `relro` is true
    when its table of addresses becomes read-only after the addresses were found.
    """

    program: bool = False
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    requires: tuple[tuple[str, str, bool], ...] = ()
    provides: frozenset[str] = frozenset()
    wanted: frozenset[bytes] = frozenset()
    exports: frozenset[bytes] = frozenset()
    executable_stack: bool = False
    text_relocations: bool = False
    writable_code: bool = False
    relro: bool = True


def wanted_key(name: bytes, version: bytes = b"") -> bytes:
    """The key of a symbol that a file needs, with the version it needs.

    >>> wanted_key(b"memcpy", b"GLIBC_2.14")
    b'memcpy@GLIBC_2.14'
    """
    return name + b"@" + version if version else name


def export_keys(name: bytes, version: bytes = b"", *, hidden: bool = False) -> tuple[bytes, ...]:
    """The keys of a symbol that a file offers, as glibc's `check_match` compares them.

    A request without a version accepts every version that is not hidden. A definition without a
    version satisfies every request.

    >>> export_keys(b"memcpy", b"GLIBC_2.14"), export_keys(b"Py_Main")
    ((b'memcpy@GLIBC_2.14', b'memcpy'), (b'Py_Main', b'Py_Main@'))
    """
    if not version:
        return name, name + b"@"
    versioned = name + b"@" + version
    return (versioned,) if hidden else (versioned, name)


def unversioned(key: bytes) -> bytes:
    """The key of a definition without a version, which also satisfies the wanted `key`.

    >>> unversioned(b"memcpy@GLIBC_2.14"), unversioned(b"Py_Main")
    (b'memcpy@', b'Py_Main@')
    """
    return key.partition(b"@")[0] + b"@"


def read(path: Path) -> Elf | None:
    """Read a file; return None when the dynamic linker does not handle it.

    Such files are not ELF, or object files, static programs and separate debug information.

    Raises `ElfError` when the file is damaged, stripped of its section headers or made for another
    architecture.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return parse(data)


def parse(data: bytes | mmap.mmap) -> Elf | None:
    """Read the content of a file, as `read` does."""
    if data[: len(MAGIC)] != MAGIC:
        return None
    try:
        return Reader(data).elf()
    except ElfError:
        raise
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise ElfError(f"damaged: {error}") from error


@dataclass(frozen=True)
class _Section:
    type: int
    offset: int
    size: int
    link: int


class Reader:
    """Reads one file; `data` is its content."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.left = _MOST_OF_NAMES * len(data)  # bytes of names
        (ident, self.type, machine, _, _, segments, sections, _, _, _, self.segment_count, _,
         section_count, _) = _HEADER.unpack_from(data)  # fmt: skip
        if ident[4:6] != _CLASS64_LITTLE or machine != _X86_64:
            raise ElfError("not made for x86-64")
        self.segments_at = segments
        self.sections = [
            _Section(type=f[1], offset=f[4], size=f[5], link=f[6])
            for f in (
                _SECTION.unpack_from(data, sections + i * _SECTION.size)
                for i in range(section_count)
            )
        ]

    def elf(self) -> Elf | None:
        """Return what the dynamic linker reads, if it handles such a file."""
        headers = [
            _SEGMENT.unpack_from(self.data, self.segments_at + i * _SEGMENT.size)
            for i in range(self.segment_count)
        ]
        segments = {kind: size for kind, _, _, _, _, size, _, _ in headers}
        flags = {kind: flags for kind, flags, *_ in headers}
        if self.type not in (_EXECUTABLE, _SHARED) or not segments.get(_PT_DYNAMIC):
            return None
        dynamic = self.section(_SHT_DYNAMIC)
        if dynamic is None:
            # Separate debug information has the segment, but an empty section.
            if self.sections and self.section(_SHT_DYNSYM) is None:
                return None
            raise ElfError("its section headers are stripped")
        strings = self.strings(dynamic)
        tags: dict[int, list[str]] = {}
        text_relocations = False
        for tag, value in _DYNAMIC.iter_unpack(self.content(dynamic)):
            if tag == 0:
                break
            if tag in (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH):
                tags.setdefault(tag, []).append(self.name(strings, value).decode())
            text_relocations |= tag == _DT_TEXTREL
            text_relocations |= tag == _DT_FLAGS and bool(value & _DF_TEXTREL)
        versions: dict[int, bytes] = {}
        requires = tuple(self.requires(versions))
        provides = frozenset(self.provides(versions))
        wanted, exports = self.symbols(versions)
        return Elf(
            program=self.type == _EXECUTABLE or _PT_INTERP in segments,
            soname=tags.get(_DT_SONAME, [""])[0],
            needed=tuple(tags.get(_DT_NEEDED, ())),
            rpath=tags.get(_DT_RPATH, [None])[0],
            runpath=tags.get(_DT_RUNPATH, [None])[0],
            requires=requires,
            provides=provides,
            wanted=wanted,
            exports=exports,
            # Without the header, glibc takes the default of the architecture: executable.
            executable_stack=bool(flags.get(_PT_GNU_STACK, _EXECUTES) & _EXECUTES),
            text_relocations=text_relocations,
            writable_code=any(
                kind == _PT_LOAD and flag & _EXECUTES and flag & _WRITES
                for kind, flag, *_ in headers
            ),
            relro=_PT_GNU_RELRO in segments,
        )

    def section(self, kind: int) -> _Section | None:
        """Return the section of a type."""
        return next((section for section in self.sections if section.type == kind), None)

    def content(self, section: _Section) -> bytes:
        """Return the bytes of a section."""
        return self.data[section.offset : section.offset + section.size]

    def strings(self, section: _Section) -> bytes:
        """Return the table with the names that a section uses."""
        return self.content(self.sections[section.link])

    def name(self, table: bytes, at: int) -> bytes:
        """Return a name of a table of names, by its place.

        Raises `ElfError` for more names than a file can have without repeating them, as a file does
        that is made to take all memory.
        """
        end = table.find(b"\0", at)
        if end < 0:
            raise IndexError("a name lies outside of the string table")
        self.count(end - at)
        return table[at:end]

    def count(self, size: int) -> None:
        """Count so many bytes of names; raise `ElfError` as `name` does."""
        self.left -= size
        if self.left < 0:
            raise ElfError("damaged: its names and versions are longer than the file")

    def requires(self, versions: dict[int, bytes]) -> Iterator[tuple[str, str, bool]]:
        """Yield the needed versions of libraries; put their numbers here into `versions`."""
        section = self.section(_SHT_VERNEED)
        if section is None:
            return
        strings = self.strings(section)
        at, more = section.offset, True
        while more:
            self.count(_NEED.size)
            _, count, library, first, step = _NEED.unpack_from(self.data, at)
            inner = at + first
            for _ in range(count):
                self.count(_NEED_VERSION.size)  # the same entry may come again
                _, flags, number, name, inner_step = _NEED_VERSION.unpack_from(self.data, inner)
                versions[number] = self.name(strings, name)
                yield (
                    self.name(strings, library).decode(),
                    versions[number].decode(),
                    bool(flags & _WEAK),
                )
                inner += inner_step
            at, more = at + step, step > 0

    def provides(self, versions: dict[int, bytes]) -> Iterator[str]:
        """Yield the versions this file defines; put their numbers into `versions`."""
        section = self.section(_SHT_VERDEF)
        if section is None:
            return
        strings = self.strings(section)
        at, more = section.offset, True
        while more:
            self.count(_DEFINITION.size)
            _, _, number, _, _, first, step = _DEFINITION.unpack_from(self.data, at)
            (name,) = struct.unpack_from("<I", self.data, at + first)
            # Number 1 is the file itself, not a version of its symbols.
            if number >= _BASE_VERSION:
                versions[number] = self.name(strings, name)
                yield versions[number].decode()
            at, more = at + step, step > 0

    def symbols(self, versions: dict[int, bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the keys of the wanted symbols, and of the offered ones."""
        section = self.section(_SHT_DYNSYM)
        if section is None:
            return frozenset(), frozenset()
        strings, entries = self.strings(section), self.content(section)
        count = len(entries) // _SYMBOL.size
        versym = self.section(_SHT_VERSYM)
        numbers = (
            struct.unpack_from(f"<{count}H", self.data, versym.offset) if versym else (1,) * count
        )
        wanted: set[bytes] = set()
        exports: set[bytes] = set()
        for (name, info, other, index, _, _), number in zip(
            _SYMBOL.iter_unpack(entries), numbers, strict=True
        ):
            binding = info >> 4
            if binding not in _GLOBAL_BINDINGS or other & 3 not in _VISIBLE or not name:
                continue
            version = versions.get(number & ~_HIDDEN_VERSION, b"")
            text = self.name(strings, name)
            self.count(len(version))
            if index == 0:
                if binding != _WEAK:
                    wanted.add(wanted_key(text, version))
            else:
                hidden = number > _HIDDEN_VERSION + _BASE_VERSION
                exports.update(export_keys(text, version, hidden=hidden))
        return frozenset(wanted), frozenset(exports)
