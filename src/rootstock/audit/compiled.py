"""Rules about compiled files: what they need of glibc and of each other, and where they search."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from rootstock.audit.link import Linker, Problem, Tree, expand
from rootstock.audit.reading import FileRead
from rootstock.audit.report import Finding, some
from rootstock.audit.unpacked import UnpackedPackage, Version, parsed
from rootstock.core import elf as elf_format
from rootstock.core.elf import Elf, ElfError
from rootstock.core.names import plain

_NUMBERED = re.compile(r"GLIBC_([0-9.]+)")
# Versions without a number, and a glibc that surely has them. Debian's 2.36 has only the first, its
# 2.43 has all. Distributions add the others to older ones: Debian's 2.41-12+deb13u5 has them.
_MARKERS = {
    "GLIBC_ABI_DT_RELR": (2, 36),
    "GLIBC_ABI_GNU2_TLS": (2, 43),
    "GLIBC_ABI_DT_X86_64_PLT": (2, 43),
}


def version_text(version: Version) -> str:
    """Return the text of a version's numbers.

    >>> version_text((2, 28))
    '2.28'
    """
    return ".".join(map(str, version))


def elves_of(reads: Mapping[str, FileRead]) -> tuple[dict[str, Elf], list[Finding]]:
    """Return the dynamic ELF files of a package, and findings about those that cannot be read."""
    damaged = [_damaged(name, one.damage) for name, one in reads.items() if one.damage]
    return {name: one.elf for name, one in reads.items() if one.elf}, damaged


def installed_elves(files: Mapping[str, Path]) -> tuple[dict[str, Elf], list[Finding]]:
    """Return the same of an environment, of whose other files nothing is read."""
    elves, damaged = {}, []
    for name, path in files.items():
        try:
            elf = elf_format.read(path)
        except ElfError as error:
            damaged.append(_damaged(name, str(error)))
            continue
        if elf:
            elves[name] = elf
    return elves, damaged


def _damaged(name: str, why: str) -> Finding:
    return Finding(
        rule="elf",
        file=plain(name),
        message=f"cannot be audited ({why}); leave it out, or build it again.",
    )


def rpaths(elves: Mapping[str, Elf]) -> Iterator[Finding]:
    """Yield search paths that are not below the prefix."""
    for name, elf in elves.items():
        for tag, value in (("RPATH", elf.rpath), ("RUNPATH", elf.runpath)):
            if value is None:
                continue
            bad = [e for e in value.split(":") if expand(e, posixpath.dirname(name)) is None]
            if bad:
                yield Finding(
                    rule="rpath",
                    file=plain(name),
                    message=f"has {tag} entries that are not below the prefix: "
                    f"{some([entry or '(empty)' for entry in bad])}; set them relative to "
                    "$ORIGIN, or remove them with patchelf.",
                )


def hardening(elves: Mapping[str, Elf]) -> Iterator[Finding]:
    """Yield files that some systems refuse to load, or that make an attack easy."""
    for name, elf in elves.items():
        file = plain(name)
        if elf.executable_stack:
            message = (
                "asks for an executable stack; mark its assembler code with .note.GNU-stack, or "
                "link it with -z noexecstack."
            )
            yield Finding(rule="stack", file=file, message=message)
        if elf.text_relocations:
            message = "has relocations in its code; compile all of it with -fPIC."
            yield Finding(rule="textrel", file=file, message=message)
        if elf.writable_code:
            message = (
                "has a segment that is writable and executable; link it without -N and without a "
                "linker script of its own."
            )
            yield Finding(rule="segments", file=file, message=message)
        if not elf.relro:
            message = "has a table of addresses that stays writable; link it with -z relro."
            yield Finding(rule="relro", file=file, message=message)


def unproven(declared: Version) -> Finding:
    """Return the finding for a package whose declared glibc cannot be compared with its files."""
    if declared:
        message = (
            f"declares glibc {version_text(declared)}, for which no stub libraries exist to check "
            "it; build it with a sysroot of the channel."
        )
    else:
        message = (
            "has compiled files and declares no `__glibc >=`; build it with "
            "${{ stdlib('c') }}, whose run_exports do."
        )
    return Finding(rule="floor", file="info/index.json", message=message)


def needs(elf: Elf) -> Version:
    """Return the newest glibc that an ELF file requires by its symbol versions."""
    return max((of_version(version) for _, version, _ in elf.requires), default=())


@cache
def of_version(version: str) -> Version:
    """Return the first glibc that has a version of its symbols; empty when that is not known.

    >>> of_version("GLIBC_2.2.5"), of_version("GLIBC_ABI_DT_RELR"), of_version("ZLIB_1.2.0")
    ((2, 2, 5), (2, 36), ())
    """
    if number := _NUMBERED.fullmatch(version):
        return parsed(number[1])
    return _MARKERS.get(version, ())


def _too_new(elf: Elf, declared: Version, known: frozenset[str]) -> list[str]:
    """Return the versions of glibc's symbols that a file needs and the declared glibc lacks.

    GLIBC_PRIVATE belongs to no release: a file that needs it works with one glibc only. `known` are
    the versions that the libraries have: of those without a number, a distribution may have added
    some to an older glibc.
    """
    versions = {version for _, version, _ in elf.requires if version.startswith("GLIBC_")}
    return sorted(
        version
        for version in versions
        if version == "GLIBC_PRIVATE"
        or (version not in known and not () < of_version(version) <= declared)
    )


def floors(
    elves: Mapping[str, Elf], declared: Version, glibc: Mapping[str, Elf], *, here: bool = False
) -> Iterator[Finding]:
    """Yield files that need a newer glibc than the declared one, whose libraries are `glibc`.

    With `here`, `declared` is the version of this machine's glibc.
    """
    if here:
        against = f"this machine has glibc {version_text(declared)}; use a newer system, or a "
        against += "package for this one."
    else:
        against = f"the package declares glibc {version_text(declared)}; compile it against the "
        against += "sysroot, or raise c_stdlib_version in the recipe's variants.yaml."
    known = frozenset(version for stub in glibc.values() for version in stub.provides)
    for name, elf in elves.items():
        for version in _too_new(elf, declared, known):
            suffix = f"@{version}".encode()
            users = sorted(key[: -len(suffix)] for key in elf.wanted if key.endswith(suffix))
            what = f" for {some([user.decode() for user in users])}" if users else ""
            yield Finding(
                rule="floor",
                file=plain(name),
                message=f"needs {version}{what} but {against}",
            )


def links(
    elves: Mapping[str, Elf],
    declared: Version,
    glibc: Mapping[str, Elf],
    package: UnpackedPackage,
    others: Sequence[UnpackedPackage],
) -> Iterator[Finding]:
    """Yield files that lack a library, a version or a symbol in every process that loads them.

    `glibc` are the libraries of the declared glibc, `others` the packages installed beside it.
    """
    every = [*others, package]
    tree = Tree(
        {name: path for each in every for name, path in each.files.items()},
        {name: target for each in every for name, target in each.links.items()},
    )
    read = _reader(elves, tree)
    linker = Linker(tree, read, glibc)
    known = frozenset(version for stub in glibc.values() for version in stub.provides)
    grouped: dict[tuple[str, str], set[str]] = {}
    for problem in _problems(linker, elves, _hosts(tree, read)):
        grouped.setdefault((problem.file, problem.kind), set()).update(problem.what)
    for (file, kind), what in sorted(grouped.items()):
        reported = {f"@{version}" for version in _too_new(elves[file], declared, known)}
        if kind == "symbols":  # those of a version that is missing come with it
            reported |= {name[name.rindex("@") :] for name in grouped.get((file, "version"), ())}
        names = sorted(name for name in what if not name.endswith(tuple(reported)))
        if not names:
            continue  # the rule "floor", or another finding, reports it
        if kind == "library":
            message = (
                f"needs {some(names)}, which neither the package nor its dependencies provide "
                "in its search path; add the dependency to the recipe, or correct its RPATH."
            )
            yield Finding(rule="libraries", file=plain(file), message=message)
        elif kind == "version":
            message = (
                f"needs the versions {some(names)}, which the libraries it loads do not have; "
                "build it with the dependencies that it will run with."
            )
            yield Finding(rule="symbols", file=plain(file), message=message)
        else:
            message = (
                f"needs {some(names)}, which no library it loads and no glibc "
                f"{version_text(declared)} has; link a library that has it, or disable its use."
            )
            yield Finding(rule="symbols", file=plain(file), message=message)


def _reader(elves: Mapping[str, Elf], tree: Tree) -> Callable[[str], Elf | None]:
    """Return a function that reads each file of the tree once, and ignores damaged ones."""
    kept: dict[str, Elf | None] = dict(elves)

    def read(name: str) -> Elf | None:
        if name not in kept:
            try:
                kept[name] = elf_format.read(tree.files[name])
            except ElfError:
                kept[name] = None
        return kept[name]

    return read


def _hosts(tree: Tree, read: Callable[[str], Elf | None]) -> Iterator[str]:
    """Yield files that load plug-ins which use their symbols: programs, and Python's library."""
    for name in sorted(tree.files, key=lambda name: (name.count("/"), name)):
        folder, _, base = name.rpartition("/")
        if folder.endswith("bin") or base.startswith("libpython"):
            elf = read(name)
            if elf and (elf.program or base.startswith("libpython")):
                yield name


def _problems(linker: Linker, elves: Mapping[str, Elf], hosts: Iterable[str]) -> set[Problem]:
    """Return what would stop the files of a package, each loaded on its own.

    A library that fails on its own is correct in two cases. It may be a plug-in of a program that
    has the symbols it lacks. Or a working file of the package loads it, and provides its RPATH or
    symbols.
    """
    own = elves.keys()
    broken = {root: found for root in elves if (found := linker.problems(root, own))}
    plugged = list(hosts) if broken else []

    def is_plugin(root: str) -> bool:
        return not elves[root].program and any(
            not linker.problems(root, own, host) for host in plugged
        )

    alone = {root for root in broken if not is_plugin(root)}
    loaded = {file for root in own - alone for file in linker.load(root).objects}
    too_new = {root for root in alone if elves[root].program or root not in loaded}
    return set[Problem]().union(*(broken[root] for root in too_new))
