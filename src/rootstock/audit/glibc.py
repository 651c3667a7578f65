"""The libraries of glibc, and which version of it has a symbol first, from a table of them all.

The table is `glibc.txt`, which `scripts/glibc_symbols.py` writes. No glibc has to be there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rootstock.audit.unpacked import Version, parsed

LIBC = "libc.so.6"
# The libraries of glibc, by the beginning of their names. libcrypt.so.1 is not among them: glibc
# 2.38 does not build it by default and 2.39 has it no more (NEWS), and distributions, such as
# Fedora since 28 and Debian since 11, have it from the project libxcrypt, or not at all. Nor is
# libnsl.so.1: since 2.26 nothing can be linked with it, and Fedora and openSUSE have it in a
# package of its own, which few systems install. conda-forge has packages of both.
_NAMES = (
    *("ld-linux-x86-64.so.", "libc.so.", "libm.so.", "libmvec.so.", "libpthread.so.", "libdl.so."),
    *("librt.so.", "libutil.so.", "libresolv.so.", "libanl.so.", "libnss_compat.so.", "libnss_db."),
    *("libnss_dns.so.", "libnss_files.so.", "libnss_hesiod.so.", "libthread_db.so."),
    *("libBrokenLocale.so.", "libc_malloc_debug.so."),
)
# glibc 2.34 moved what these had into libc.so.6, with the old versions (its NEWS). A few symbols
# moved in 2.31 to 2.33, and some of libresolv never did; it has those itself.
_MOVED = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2")
_MOVED_IN = (2, 34)
_MOVED_TOO = b"__isnanf128"  # from libm: Debian's 2.31 has it there, and its 2.36 in libc
_TABLE = Path(__file__).with_name("glibc.txt")


def has(library: str) -> bool:
    """Whether a library is one of glibc's, by its name.

    >>> has("libc.so.6"), has("libcrypt.so.1"), has("libcurl.so.4")
    (True, False, False)
    """
    return library.startswith(_NAMES)


@dataclass(frozen=True)
class GlibcSymbols:
    """The symbols of all versions of glibc up to `newest`.

    `since` are the keys of wanted symbols (`elf.wanted_key`), with and without a version. Each has
    the libraries of glibc that have it, with the first glibc in which they do. `zig` is the version
    of Zig whose wheel has these tables.
    """

    zig: str
    newest: Version
    libraries: frozenset[str]
    since: Mapping[bytes, Mapping[str, Version]]

    def first(self, key: bytes, libraries: Collection[str] = ()) -> Version:
        """Return the first glibc that has a symbol, in one of the libraries if any are given.

        Empty when there is none up to `newest`.
        """
        found = self.since.get(key, {})
        return min((found[name] for name in libraries or found if name in found), default=())


@cache
def symbols() -> GlibcSymbols:
    """Read the table."""
    since: dict[bytes, dict[str, Version]] = defaultdict(dict)
    libraries = set()
    library, version, head = "", b"", {}
    for line in _TABLE.read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            first, second = line.split()
            if not second.startswith("GLIBC_"):
                head[first] = second
                continue
            library, version = first, second.encode()
            libraries.add(library)
            continue
        for name in line.encode().split():
            for place, at in _places(name, library, parsed(version[len(b"GLIBC_") :].decode())):
                for key in (name + b"@" + version, name):
                    since[key][place] = min(at, since[key].get(place, at))
    return GlibcSymbols(head["zig"], parsed(head["newest"]), frozenset(libraries), since)


def _places(name: bytes, library: str, version: Version) -> Iterator[tuple[str, Version]]:
    """Yield the libraries that have a symbol, each with the first glibc in which it has it."""
    yield library, version
    if library in _MOVED or name == _MOVED_TOO:
        yield LIBC, max(version, _MOVED_IN)
