"""Finds libraries of an environment that define equal symbols, and files that bind to a wrong one.

Each program is loaded as it starts. Then one process has all that an environment can load: Python,
every library that ROOT's interpreter may load, and every other library. Python loads modules for
themselves (RTLD_LOCAL). But whenever ROOT loads a library, it makes visible to all what the process
has (findings/root_makes_libraries_global.sh). What a file binds to there is compared with what it
binds to alone, with only what it needs.

Symbols of templates and inline functions (weak) are equal wherever the same header was compiled, so
they count only where libraries also share others. So do symbols of C++'s standard library, whose
interface is stable.
"""

import itertools
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rootstock.audit.binding import Definitions, Session
from rootstock.audit.link import Linker
from rootstock.audit.report import Finding, some
from rootstock.audit.subject import Subject
from rootstock.core import elf_symbols, seal
from rootstock.core.elf import Elf
from rootstock.core.formatting import counted
from rootstock.core.names import plain

# Beside a library libNAME.so that cling may load there is one of these, which rootcling makes.
_OF_CLING = ("lib{}_rdict.pcm", "lib{}.rootmap", "{}.pcm")
_LIBRARY = re.compile(r"lib([^/]+)\.so")
_IN_SITE = re.compile(r"/site-packages/([^/]+?)(?:\.libs)?/")  # auditwheel puts libraries there
_MODULE = b"PyInit_"  # PEP 489
# Whoever defines these, they do the same: the namespaces std, __gnu_cxx and __cxxabiv1 in mangled
# names and the runtime (the Itanium C++ ABI), and functions that glibc has since 2.38.
_STANDARD = re.compile(
    rb"_Z(?:GV|T[ISVT]|Z)*N?[VK]*(?:S[tabsiod]|9__gnu_cxx|10__cxxabiv1)"
    rb"|__cxa_|__gxx_|_Unwind_|strlc(?:at|py)$"
)
_NAMESPACE = re.compile(rb"_Z(?:GV|T[ISVT]|Z)*N[VK]*(\d+)(\w+)")
_PREFIX = re.compile(rb"_*([A-Za-z][A-Za-z0-9]*?)(?:_|(?<=[a-z])(?=[A-Z])|$)")


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A file that binds symbols to the library `to`, but without it would to `own`."""

    file: str
    to: str
    own: str
    symbols: int
    example: str
    unique: bool


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Two libraries with equal symbols, and the files that bind to the wrong one.

    `name` is what many of the symbols begin with: namespaces or prefixes. `symbols` are those that
    are neither weak nor unique.
    """

    name: str
    libraries: tuple[str, str]
    symbols: int
    unique: int
    example: str
    bound: tuple[Bound, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**vars(self), "bound": [*map(vars, self.bound)]}


class _Environment:
    """The compiled files of an environment, how they are linked, and who owns them."""

    def __init__(self, subject: Subject, elves: Mapping[str, Elf], linker: Linker) -> None:
        self.elves, self.linker = elves, linker
        self.package, self.owners = subject.package, subject.owners
        self.symbols = cache(lambda file: elf_symbols.read(self.package.files[file]))
        self.definitions = Definitions(elves, self.symbols, self._shared())
        self.alone = cache(self._alone)
        self.equal = cache(self._equal)
        self.are_of_one = cache(self._are_of_one)
        self.programs = [file for file, elf in elves.items() if elf.program]
        named = (f for f in self.programs if re.search(r"(^|/)python3?(\.\d+)?$", f))
        self.python = min(named, default="")

    def _shared(self) -> frozenset[bytes]:
        """Return the names that different libraries define, other than as weak."""
        owners: dict[bytes, tuple[str, int]] = {}
        shared = set()
        for file, elf in self.elves.items():
            # Of the same name and size: the same library under its other names.
            library = elf.soname or file, self.package.files[file].stat().st_size
            for name in {*map(_name, self.symbols(file).strong), *self.symbols(file).unique}:
                if owners.setdefault(name, library) != library and not _STANDARD.match(name):
                    shared.add(name)
        return frozenset(shared)

    def _alone(self, file: str) -> tuple[list[str], Mapping[bytes, str]]:
        """Return a file with all that it needs, and what it binds to among these."""
        session = Session(self.linker, self.definitions)
        if self.python:
            self.linker.extend(session.process, self.python)  # for its RPATH
        scope = session.load(file, program=self.python)
        return scope, session.bindings[file]

    def _equal(self, one: str, other: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the symbols that two files share, other than weak ones: strong, and unique."""
        first, second = self.symbols(one), self.symbols(other)
        names = self.definitions.names
        strong = {key for key in first.strong & second.strong if _name(key) in names}
        return frozenset(map(_name, strong)), first.unique & second.unique & names

    def sessions(self) -> Iterator[Session]:
        """Yield a process for each program, and one with all that it can load."""
        for program in self.programs:
            session = Session(self.linker, self.definitions)
            session.load(program, everywhere=True)
            yield session
        session = Session(self.linker, self.definitions)
        if self.python:
            session.load(self.python, everywhere=True)
        libraries = sorted(file for file, elf in self.elves.items() if not elf.program)
        of_cling = [*filter(self._is_of_cling, libraries)]
        modules = sorted(libraries, key=lambda file: not self._is_module(file))
        for file in (*of_cling, *modules):
            if self._is_new(file, session):
                session.load(file, everywhere=bool(of_cling), program=self.python)
        yield session

    def _is_of_cling(self, file: str) -> bool:
        folder, base = posixpath.split(file)
        named = _LIBRARY.fullmatch(base)
        tables = (posixpath.join(folder, table.format(named[1])) for table in _OF_CLING if named)
        return any(table in self.package.files for table in tables)

    def _is_module(self, file: str) -> bool:
        stem = posixpath.basename(file).partition(".")[0]
        return _MODULE + stem.encode() in self.elves[file].exports

    def _are_of_one(self, one: str, other: str) -> bool:
        """Whether two files belong together: they are of one package, or have the same content."""
        first, second = self.package.files[one], self.package.files[other]
        return self._owner(one) == self._owner(other) or (
            first.stat().st_size == second.stat().st_size
            and seal.sha256_of(first) == seal.sha256_of(second)
        )

    def _owner(self, file: str) -> str:
        """Return the package of a file; of one that pip installed, its folder in site-packages."""
        inner = _IN_SITE.search(file)
        return self.owners.get(file, (inner[1] if inner else file,))[0]

    def _is_new(self, file: str, session: Session) -> bool:
        """Whether a process has neither a file, nor one of the same name that others need."""
        soname = self.elves[file].soname
        return file not in session.process.objects and soname not in session.process.names


def duplicates(subject: Subject, elves: Mapping[str, Elf], linker: Linker) -> list[Duplicate]:
    """Return the libraries of an environment that define equal symbols, the most equal first.

    `elves` are all its compiled files, which `linker` links. Libraries of one package count only
    where files bind to the wrong one of them.
    """
    environment = _Environment(subject, elves, linker)
    bound: dict[tuple[str, str], dict[str, Bound]] = defaultdict(dict)
    loaded: set[str] = set()
    for session in environment.sessions():
        loaded |= session.bindings.keys()
        for one in _wrong(environment, session):
            bound[_pair(one.to, one.own)].setdefault(one.file, one)
    pairs = {pair for pair in _pairs(environment, loaded) if environment.equal(*pair)[0]}
    found = [_duplicate(environment, pair, bound[pair].values()) for pair in {*pairs, *bound}]
    return sorted(found, key=lambda one: (not one.bound, -one.symbols, one.libraries))


def _wrong(environment: _Environment, session: Session) -> Iterator[Bound]:
    """Yield the files of a process that bind to another library than alone."""
    for file, bindings in session.bindings.items():
        scope, alone = environment.alone(file)
        keys: dict[tuple[str, str], list[bytes]] = defaultdict(list)
        for key, to in bindings.items():
            own = alone.get(key, to)
            if to != own and (own == file or to not in scope):
                keys[to, own].append(_name(key))
        for (to, own), names in keys.items():
            strong, unique = environment.equal(to, own)
            wrong = sorted({*names} & (strong | unique))
            if wrong and strong and not environment.are_of_one(to, own):
                yield Bound(
                    file=file,
                    to=to,
                    own=own,
                    symbols=len(wrong),
                    example=_text(wrong[0]),
                    unique=all(name in unique for name in wrong),
                )


def _pairs(environment: _Environment, loaded: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of files that define a symbol, each more than once."""
    files: dict[bytes, list[str]] = defaultdict(list)
    for file in sorted(loaded):
        symbols = environment.symbols(file)
        for name in {*map(_name, symbols.strong), *symbols.unique} & environment.definitions.names:
            files[name].append(file)
    for several in {tuple(each) for each in files.values()}:
        for pair in itertools.combinations(several, 2):
            # A process has one program.
            if not ({*pair} <= {*environment.programs} or environment.are_of_one(*pair)):
                yield pair


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _duplicate(
    environment: _Environment, pair: tuple[str, str], bound: Iterable[Bound]
) -> Duplicate:
    strong, unique = environment.equal(*pair)
    names = strong or unique
    return Duplicate(
        name=_common(names),
        libraries=pair,
        symbols=len(strong),
        unique=len(unique),
        example=_text(min(names)),
        bound=tuple(sorted(bound, key=lambda one: one.file)),
    )


def _common(names: Collection[bytes]) -> str:
    """Return the namespaces or prefixes that a quarter of the symbols or more have.

    >>> _common([b"ZSTD_copy", b"ZSTD_free", b"LZ4_free"]), _common([b"_ZN5XrdCl3Env3FooEv"])
    ('ZSTD, LZ4', 'XrdCl')
    """
    count = Counter(filter(None, map(_first, names)))
    return ", ".join(_text(name) for name, n in count.most_common() if 4 * n >= len(names))


def _first(name: bytes) -> bytes:
    if mangled := _NAMESPACE.match(name):
        return mangled[2][: int(mangled[1])]
    prefix = _PREFIX.match(name)
    return prefix[1] if prefix and not name.startswith(b"_Z") else b""


def _name(key: bytes) -> bytes:
    return key.partition(b"@")[0]


def _text(name: bytes) -> str:
    return plain(name.decode(errors="replace"))


def findings(found: Iterable[Duplicate]) -> Iterator[Finding]:
    """Yield a finding for each library that files bind to in place of their own."""
    to: dict[str, list[tuple[str, Bound]]] = defaultdict(list)
    for one in found:
        for bound in one.bound:
            to[bound.to].append((one.name, bound))
    for file, bounds in sorted(to.items()):
        names = list(dict.fromkeys(n for name, _ in bounds for n in name.split(", ") if n))
        files = sorted({bound.file for _, bound in bounds})
        most = max((bound for _, bound in bounds), key=lambda bound: bound.symbols)
        named = f" ({some(names)})" if names else ""
        yield Finding(
            rule="interposed",
            file=plain(file),
            message=f"defines symbols that other libraries have, too{named}. Where it was loaded "
            f"first, {counted(len(files), 'file')} may bind to it in place of their own, as for "
            f"{most.example}: {some([*map(plain, files)])}. Build one of them with hidden symbols "
            "or other names, or keep them in two environments.",
        )
