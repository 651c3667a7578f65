"""Simulates a dynamic link: what ld.so would find and bind, without running anything.

The search is that of ld.so(8). For a file with a RUNPATH, it searches a library only in this. For
others it searches the RPATHs of the file and of all its loaders. Then it searches the system's
libraries. It searches no folder of the machine: the system is glibc only. It binds all symbols at
once, as with LD_BIND_NOW, so that a failure in the middle of a run shows here.
"""

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from rootstock.core.elf import Elf, unversioned

_MOST_LINKS = 40  # the kernel's own limit of symbolic links in one path
_ORIGIN = ("$ORIGIN", "${ORIGIN}")

# Every process has these, even if no file asks for them.
_ALWAYS = ("libc.so.6", "ld-linux-x86-64.so.2")


@dataclass(frozen=True)
class Tree:
    """The files and symbolic links of a prefix, by their relative paths."""

    files: Mapping[str, Path]
    links: Mapping[str, str]

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders with a file or a link somewhere below them."""
        found: set[str] = set()
        for name in (*self.files, *self.links):
            folder = posixpath.dirname(name)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def find(self, path: str) -> str | None:
        """Return the file that a path leads to through symbolic links, or None."""
        found = self.follow(path)
        return found if found in self.files else None

    def follow(self, path: str) -> str | None:
        """Return a path with its links resolved, whether anything exists there or not.

        None when it leads out of the prefix or, for a circle of links, nowhere.
        """
        rest = path.split("/")[::-1]
        done: list[str] = []
        followed = 0
        while rest:
            part = rest.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            target = self.links.get("/".join([*done, part]))
            if target is None:
                done.append(part)
                continue
            followed += 1
            if target.startswith("/") or followed > _MOST_LINKS:
                return None
            rest.extend(target.split("/")[::-1])
        return "/".join(done)


def expand(entry: str, folder: str) -> str | None:
    """The folder of the prefix that an RPATH entry means for a file in `folder`.

    None when it does not begin with $ORIGIN or lies outside of the prefix.

    >>> expand("$ORIGIN/../lib", "bin"), expand("$ORIGIN/../..", "bin"), expand("/lib", "bin")
    ('lib', None, None)
    """
    for origin in _ORIGIN:
        if entry == origin or entry.startswith(origin + "/"):
            path = posixpath.normpath(posixpath.join(folder, entry[len(origin) + 1 :]))
            return None if path == ".." or path.startswith("../") else path
    return None


@dataclass(frozen=True)
class Loaded:
    """A file of the prefix in a process, found at `path`, loaded by `loader`.

    For a library of the system, `path` and `file` are empty.
    """

    path: str
    file: str
    elf: Elf
    loader: "Loaded | None" = None


@dataclass(frozen=True)
class Problem:
    """An unmet need of `file` that would stop a process.

    `kind` is library, version or symbols; `what` are library names, versions as
    `libc.so.6@GLIBC_2.34`, or symbols as `memcpy@GLIBC_2.14`.
    """

    file: str
    kind: Literal["library", "version", "symbols"]
    what: tuple[str, ...]


@dataclass
class Process:
    """What was loaded into a process: files of the prefix, and libraries by the names they have."""

    objects: dict[str, Loaded] = field(default_factory=dict)
    names: dict[str, Loaded] = field(default_factory=dict)
    missing: list[Problem] = field(default_factory=list)

    def elves(self) -> list[Elf]:
        """Return all loaded files, each at least once."""
        return [loaded.elf for loaded in self.names.values()]


class Linker:
    """Links files of a prefix (`tree`, read with `elf`) against the system's libraries."""

    def __init__(
        self, tree: Tree, elf: Callable[[str], Elf | None], system: Mapping[str, Elf]
    ) -> None:
        self.tree, self.elf, self.system = tree, elf, system
        self._processes: dict[str, Process] = {}
        self._lacking: dict[str, frozenset[bytes]] = {}

    def load(self, root: str) -> Process:
        """Return the process that loading a dynamic ELF file makes."""
        if root not in self._processes:
            self._processes[root] = Process()
            self.extend(self._processes[root], root)
        return self._processes[root]

    def extend(self, process: Process, root: str, loader: Loaded | None = None) -> list[str]:
        """Load a dynamic ELF file into a process; return its scope.

        The scope is the file and the files of the prefix that it needs, breadth first, whether they
        were loaded before or not. `loader` is the program of the process.
        """
        elf = self.elf(root)
        if elf is None:
            raise ValueError(f"{root} is not a dynamic ELF file")
        first = process.objects.setdefault(root, Loaded(root, root, elf, loader))
        process.names.setdefault(elf.soname or posixpath.basename(root), first)
        for name in _ALWAYS:
            if name in self.system:
                process.names.setdefault(name, Loaded("", "", self.system[name]))
        scope = {root: first}
        queue = [first]
        for loaded in queue:
            for name in loaded.elf.needed:
                found = process.names.get(name) or self._find(process, loaded, name)
                if found is None:
                    process.missing.append(Problem(loaded.file, "library", (name,)))
                elif found.file and found.file not in scope:
                    scope[found.file] = found
                    queue.append(found)
        return list(scope)

    def _find(self, process: Process, loaded: Loaded, name: str) -> Loaded | None:
        """Find a library that the process does not have by this name, and load it."""
        found = self._search(loaded, name)
        if found is not None:
            found = process.objects.setdefault(found.file, found)
            process.names.setdefault(found.elf.soname or name, found)
        elif name in self.system:
            found = Loaded("", "", self.system[name])
        if found is not None:
            process.names[name] = found
        return found

    def _search(self, loaded: Loaded, name: str) -> Loaded | None:
        if "/" in name:
            return None
        for entry, folder in _search_path(loaded):
            place = expand(entry, folder)
            if place is None:
                continue
            path = posixpath.normpath(posixpath.join(place, name))
            file = self.tree.find(path)
            elf = self.elf(file) if file is not None else None
            if file is not None and elf is not None:
                return Loaded(path, file, elf, loaded)
        return None

    def problems(self, root: str, files: Collection[str], host: str | None = None) -> set[Problem]:
        """Return what would stop the process of `root`, for those objects that are in `files`.

        With a `host`, it acts as if this file had loaded `root` with dlopen: the host's symbols are
        available, and those of everything that it loads itself.
        """
        process = self.load(root)
        problems = {problem for problem in process.missing if problem.file in files}
        # A missing library, already reported, may have the missing symbols.
        incomplete = bool(problems)
        elves = [*process.elves(), *(self.load(host).elves() if host else ())]
        for file, loaded in process.objects.items():
            if file not in files:
                continue
            for library, version, weak in loaded.elf.requires:
                provider = process.names.get(library)
                # From a library without any versions, ld.so takes what it has.
                versions = provider.elf.provides if provider else None
                if versions and version not in versions and not weak:
                    problems.add(Problem(file, "version", (f"{library}@{version}",)))
            if incomplete:
                continue
            if lacking := _unserved(self._lacking_alone(file), elves):
                names = tuple(sorted(key.decode(errors="replace") for key in lacking))
                problems.add(Problem(file, "symbols", names))
        return problems

    def _lacking_alone(self, file: str) -> frozenset[bytes]:
        """Return the symbols that neither a file nor anything it loads provides."""
        if file not in self._lacking:
            process = self.load(file)
            wanted = process.objects[file].elf.wanted
            self._lacking[file] = _unserved(wanted, process.elves())
        return self._lacking[file]


def _search_path(loaded: Loaded) -> Iterable[tuple[str, str]]:
    """Yield the search path for the needs of `loaded`, each entry with its $ORIGIN."""
    folder = posixpath.dirname(loaded.path)
    if loaded.elf.runpath is not None:
        yield from ((entry, folder) for entry in loaded.elf.runpath.split(":"))
        return
    one: Loaded | None = loaded
    while one is not None:
        if one.elf.runpath is None and one.elf.rpath is not None:
            folder = posixpath.dirname(one.path)
            yield from ((entry, folder) for entry in one.elf.rpath.split(":"))
        one = one.loader


def _unserved(wanted: frozenset[bytes], elves: Sequence[Elf]) -> frozenset[bytes]:
    for elf in elves:
        if not wanted:
            return wanted
        wanted -= elf.exports
    names = frozenset(map(unversioned, wanted))
    for elf in elves:
        names -= elf.exports
    return frozenset(key for key in wanted if unversioned(key) in names)
