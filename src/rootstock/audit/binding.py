"""Simulates what a process binds: which file's definition each file gets for each symbol.

It follows glibc's `dlopen` and symbol lookup. A file looks into the global scope: the program with
what it needs, and what was loaded with RTLD_GLOBAL. Then it looks into the scope of the file that
loaded it: that file with what it needs. The first definition with the right version counts. A
symbol that is unique (STB_GNU_UNIQUE) is that which the process had first, in whatever scope. All
is bound when it is loaded, as with LD_BIND_NOW. The system's own libraries are left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from rootstock.audit.link import Linker, Process
from rootstock.core.elf import Elf, unversioned
from rootstock.core.elf_symbols import Symbols


class Definitions:
    """The files that define each of some symbols, and what each file looks up of them.

    `symbols` says what a file has, `names` are the symbols.
    """

    def __init__(
        self,
        elves: Mapping[str, Elf],
        symbols: Callable[[str], Symbols],
        names: frozenset[bytes],
    ) -> None:
        self.symbols = symbols
        self.names = names
        self._files: dict[bytes, list[str]] = defaultdict(list)
        for file, elf in elves.items():
            for key in elf.exports:
                if key.partition(b"@")[0] in names:
                    self._files[key].append(file)
        self._wanted: dict[str, list[tuple[bytes, list[str]]]] = {}

    def bind(self, file: str, scope: Iterable[str]) -> dict[bytes, str]:
        """Return for each key that a file looks up the first file of its scope that has it."""
        symbols = self.symbols(file)
        place: dict[str, int] = {}
        for at, name in enumerate([*([file] if symbols.symbolic else []), *scope]):
            place.setdefault(name, at)
        found = {}
        for key, files in self._wanted_by(file):
            there = [name for name in files if name in place]
            if key in symbols.copied:
                there = [name for name in there if name != file]
            if there:
                found[key] = min(there, key=place.__getitem__)
        return found

    def _wanted_by(self, file: str) -> list[tuple[bytes, list[str]]]:
        """Return the keys that a file looks up, each with all files that could serve it."""
        if file not in self._wanted:
            self._wanted[file] = [
                (key, [*self._files.get(key, ()), *self._files.get(unversioned(key), ())])
                for key in self.symbols(file).looked_up
                if key.partition(b"@")[0] in self.names
            ]
        return self._wanted[file]


class Session:
    """A process in which files are loaded one after the other."""

    def __init__(self, linker: Linker, definitions: Definitions) -> None:
        self.linker, self.definitions = linker, definitions
        self.process = Process()
        self.everywhere: list[str] = []  # the global scope
        self.bindings: dict[str, dict[bytes, str]] = {}
        self._unique: dict[bytes, str] = {}

    def load(self, root: str, *, everywhere: bool = False, program: str = "") -> list[str]:
        """Load a file with what it needs, and bind what is new. Return its scope.

        `everywhere` is RTLD_GLOBAL; it is so for a program. `program` is that of the process.
        """
        loader = self.process.objects.get(program)
        scope = self.linker.extend(self.process, root, loader)
        for file in reversed(scope):  # as ld.so does: what is needed is bound first
            if file not in self.bindings:
                found = self.definitions.bind(file, [*self.everywhere, *scope])
                self.bindings[file] = {key: self._one(key, at) for key, at in found.items()}
        if everywhere:
            self.everywhere += [file for file in scope if file not in self.everywhere]
        return scope

    def _one(self, key: bytes, file: str) -> str:
        name = key.partition(b"@")[0]
        if name not in self.definitions.symbols(file).unique:
            return file
        return self._unique.setdefault(name, file)
