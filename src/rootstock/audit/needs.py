"""What each file of a package needs of glibc, symbol by symbol, without the package's dependencies.

Its version does not always show the minimum glibc. glibc may not have the symbol with that version,
or has it in another library. A symbol without a version may be newer than all versions that the
file requires. So each is looked up.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from rootstock.audit import compiled, glibc, stable_abi
from rootstock.audit.compiled import version_text
from rootstock.audit.report import Finding, some
from rootstock.audit.unpacked import Version
from rootstock.core.elf import Elf, unversioned
from rootstock.core.names import plain


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a file needs.

    `glibc` is the oldest that has all its symbols, empty when it needs none, and `symbol` the first
    one that no older glibc has. `absent` are symbols that it wants of glibc and no glibc has.
    `unbound` are symbols that neither the package nor any glibc has, where nothing else is loaded.
    """

    glibc: Version = ()
    symbol: str = ""
    absent: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()


def of_files(elves: Mapping[str, Elf]) -> dict[str, Need]:
    """Return what each of a package's files needs."""
    libraries = _Libraries(elves)
    return {name: _need(elf, libraries) for name, elf in sorted(elves.items())}


def floors(
    needs: Mapping[str, Need], elves: Mapping[str, Elf], declared: Version
) -> Iterator[Finding]:
    """Yield files that need a newer glibc than the declared one, though no version says so."""
    for name, need in needs.items():
        if need.glibc > declared >= compiled.needs(elves[name]):
            yield Finding(
                rule="floor",
                file=plain(name),
                message=f"needs {need.symbol}, which is new in glibc {version_text(need.glibc)}, "
                f"but the package declares glibc {version_text(declared)}; link it with that one, "
                "or declare the newer one.",
            )


def symbols(
    needs: Mapping[str, Need], elves: Mapping[str, Elf], *, alone: bool
) -> Iterator[Finding]:
    """Yield files with symbols that nothing has.

    A library may be a plug-in, and have symbols of the program that loads it. That can always be
    Python. It can be another one unless the package is `alone`, without dependencies.
    """
    for name, need in needs.items():
        if need.absent:
            yield Finding(
                rule="symbols",
                file=plain(name),
                message=f"needs {some(need.absent)}, which no glibc has; link it again, with the "
                "libraries of one glibc.",
            )
        unbound = [
            one
            for one in need.unbound
            if elves[name].program or (alone and not one.startswith(stable_abi.PREFIXES))
        ]
        if unbound:
            yield Finding(
                rule="symbols",
                file=plain(name),
                message=f"needs {some(unbound)}, which neither the package nor any glibc has; link "
                "a library that has it, or disable its use.",
            )


class _Libraries:
    """The libraries of a package, by their names."""

    def __init__(self, elves: Mapping[str, Elf]) -> None:
        self.elves = elves
        self.by_name = {posixpath.basename(name): elf for name, elf in elves.items()}
        self.by_name |= {elf.soname: elf for elf in elves.values() if elf.soname}

    @cached_property
    def exports(self) -> frozenset[bytes]:
        return frozenset[bytes]().union(*(elf.exports for elf in self.elves.values()))

    def lacking(self, elf: Elf) -> Set[bytes]:
        """Return the symbols that a file has of no library of the package.

        Empty when it loads one that is neither of the package nor of glibc, and may have them.
        """
        if not self._complete(elf):
            return frozenset()
        wanted = elf.wanted - self.exports
        return {key for key in wanted if unversioned(key) not in self.exports}

    def _complete(self, elf: Elf) -> bool:
        queue, seen = [*elf.needed], set[str]()
        for name in queue:
            if name in seen or glibc.has(name):
                continue
            if name not in self.by_name:
                return False
            seen.add(name)
            queue += self.by_name[name].needed
        return True


def _need(elf: Elf, libraries: _Libraries) -> Need:
    versioned = dict(_of_glibc(elf, libraries))
    others = {
        key: glibc.symbols().first(key) for key in libraries.lacking(elf) if b"@GLIBC_" not in key
    }
    # Some versions come without a symbol: that of a weak one, or one for all of the file.
    tags = {version: compiled.of_version(version) for _, version, _ in elf.requires}
    known = {_text(key): since for key, since in {**versioned, **others}.items()}
    every = [*sorted(known.items()), *sorted(tags.items())]
    newest = max((since for _, since in every), default=())
    return Need(
        glibc=newest,
        symbol=next((one for one, since in every if newest and since == newest), ""),
        absent=tuple(sorted(_text(key) for key, since in versioned.items() if not since)),
        unbound=tuple(sorted(_text(key) for key, since in others.items() if not since)),
    )


def _text(key: bytes) -> str:
    return plain(key.decode(errors="replace"))


def _of_glibc(elf: Elf, libraries: _Libraries) -> Iterator[tuple[bytes, Version]]:
    """Yield the symbols with a version of glibc's, each with the first glibc that has it."""
    table = glibc.symbols()
    known = table.libraries - libraries.by_name.keys()  # a package may have a glibc of its own
    sources: dict[bytes, set[str]] = defaultdict(set)
    for library, tag, _ in elf.requires:
        if glibc.has(library):
            sources[tag.encode()].add(library)
    for key in sorted(elf.wanted):
        version = key.partition(b"@")[2]
        said = compiled.of_version(version.decode(errors="replace"))
        if version in sources and said:
            in_table = said <= table.newest and sources[version] <= known
            yield key, table.first(key, sources[version]) if in_table else said
