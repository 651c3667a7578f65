"""The audit: checks the rules for all packages on a finished file.

It runs nothing of the package. It unpacks it over its dependencies, and works out from the files
alone what would happen on a user's machine.
"""

import fnmatch
import mmap
import posixpath
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rootstock.audit import contents, waivers
from rootstock.audit.link import Linker, Problem, Tree, expand
from rootstock.audit.report import AuditReport, Finding
from rootstock.audit.text import leaks
from rootstock.audit.unpacked import Package, Version, parsed, unpacked
from rootstock.building.artifact import Artifact
from rootstock.core import elf as elf_format
from rootstock.core import process, seal
from rootstock.core.elf import Elf, ElfError
from rootstock.core.names import plain
from rootstock.core.store import Store

_NUMBERED = re.compile(r"GLIBC_([0-9.]+)")
_NAMES_SHOWN = 4
_NAME_LENGTH = 100
_STUBS = "*/sysroot/usr/lib64/*.so.*"  # as in conda-forge's sysroot packages


def audit(
    artifact: Artifact,
    *,
    closure: Sequence[Artifact],
    sysroots: Sequence[Artifact],
    store: Store,
) -> AuditReport:
    """Audit a package file.

    `closure` are the packages it may load from: all its run dependencies. `sysroots` are packages
    with the stub libraries of a glibc, which is their version. For a package of the scope `image`,
    only the rules apply that do not depend on where it runs.

    Raises `AuditFailed` when the file is not the one in the artifact's record.
    """
    started = time.monotonic()
    package = unpacked(artifact, store)
    findings = [*_paths(package), *_leaks(package), *contents.license_info(package)]
    findings += [*contents.names(package), *contents.scripts(package)]
    elves: dict[str, Elf] = {}

    def others() -> list[Package]:
        return [unpacked(other, store) for other in closure]

    if artifact.scope != "image":
        elves, damaged = _elves(package)
        findings += [*damaged, *contents.links(package, others), *_rpaths(elves)]
    if elves:
        glibc = _glibc(package.floor, sysroots, store)
        if glibc:
            findings += _floors(elves, package.floor, glibc)
            findings += _links(elves, package.floor, glibc, package, others())
        else:
            findings.append(_unproven(package.floor))
    return AuditReport(
        filename=artifact.filename,
        declared=_text(package.floor),
        proven=_text(max(map(_needs, elves.values()), default=())),
        elf_files=len(elves),
        findings=tuple(waivers.apply(findings, package.metadata("about.json"))),
        seconds=time.monotonic() - started,
    )


def _text(version: Version) -> str:
    return ".".join(map(str, version))


# ---- rules for all packages


def _paths(package: Package) -> Iterator[Finding]:
    listed = package.listed
    there = {*package.files, *package.links}

    def finding(name: str, what: str) -> Finding:
        return Finding(rule="paths", file=plain(name), message=f"{what}; build the package again.")

    for name in sorted(there - listed.keys()):
        yield finding(name, "is in the package but not in paths.json")
    for name, entry in listed.items():
        kind = entry.get("path_type")
        if kind == "directory":
            if not (package.root / name).is_dir():
                yield finding(name, "is a folder in paths.json but not in the package")
        elif name not in there:
            yield finding(name, "is in paths.json but not in the package")
        elif (kind == "softlink") != (name in package.links):
            yield finding(name, f"is not the {kind} that paths.json says")
        elif name in package.files:
            path = package.files[name]
            process.raise_if_interrupted()
            size, sha256 = entry.get("size_in_bytes"), entry.get("sha256")
            if path.stat().st_size != size or seal.sha256_of(path) != sha256:
                yield finding(name, "has another size or sha256 than in paths.json")


def _leaks(package: Package) -> Iterator[Finding]:
    marked = {
        name: entry["prefix_placeholder"].encode()
        for name, entry in package.listed.items()
        if entry.get("prefix_placeholder")
    }
    for name, path in package.files.items():
        process.raise_if_interrupted()
        if path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = list(leaks(data, marked.get(name, b"")))
        if found:
            yield Finding(
                rule="leak",
                file=plain(name),
                message=f"contains {_some(found)}, a path of the build; map or strip it in "
                "the build script.",
            )


# ---- rules for compiled files


def _elves(package: Package) -> tuple[dict[str, Elf], list[Finding]]:
    elves, damaged = {}, []
    for name, path in package.files.items():
        try:
            elf = elf_format.read(path)
        except ElfError as error:
            damaged.append(
                Finding(
                    rule="elf",
                    file=plain(name),
                    message=f"cannot be audited ({error}); leave it out, or build it again.",
                )
            )
            continue
        if elf:
            elves[name] = elf
    return elves, damaged


def _rpaths(elves: Mapping[str, Elf]) -> Iterator[Finding]:
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
                    f"{_some([entry or '(empty)' for entry in bad])}; set them relative to "
                    "$ORIGIN, or remove them with patchelf.",
                )


def _unproven(declared: Version) -> Finding:
    if declared:
        message = (
            f"declares glibc {_text(declared)}, for which no stub libraries exist to check "
            "it; build it with a sysroot of the channel."
        )
    else:
        message = (
            "has compiled files and declares no `__glibc >=`; build it with "
            "${{ stdlib('c') }}, whose run_exports do."
        )
    return Finding(rule="floor", file="info/index.json", message=message)


def _needs(elf: Elf) -> Version:
    """Return the newest glibc that an ELF file requires by number."""
    numbers = (_NUMBERED.fullmatch(version) for _, version, _ in elf.requires)
    return max((parsed(number[1]) for number in numbers if number), default=())


def _too_new(elf: Elf, declared: Version, known: frozenset[str]) -> list[str]:
    """Return the versions of glibc's symbols that a file needs and the declared glibc lacks.

    GLIBC_PRIVATE belongs to no release: a file that needs it works with one glibc only. Markers
    such as GLIBC_ABI_DT_RELR are compared with those in the stub libraries.
    """
    versions = {version for _, version, _ in elf.requires if version.startswith("GLIBC_")}
    return sorted(
        version
        for version in versions
        if version == "GLIBC_PRIVATE"
        or (
            parsed(number[1]) > declared
            if (number := _NUMBERED.fullmatch(version))
            else version not in known
        )
    )


def _floors(
    elves: Mapping[str, Elf], declared: Version, glibc: Mapping[str, Elf]
) -> Iterator[Finding]:
    known = frozenset(version for stub in glibc.values() for version in stub.provides)
    for name, elf in elves.items():
        for version in _too_new(elf, declared, known):
            suffix = f"@{version}".encode()
            users = sorted(key[: -len(suffix)] for key in elf.wanted if key.endswith(suffix))
            what = f" for {_some([user.decode() for user in users])}" if users else ""
            yield Finding(
                rule="floor",
                file=plain(name),
                message=f"needs {version}{what} but the package declares glibc "
                f"{_text(declared)}; compile it against the sysroot, or raise "
                "c_stdlib_version in the recipe's variants.yaml.",
            )


def _glibc(declared: Version, sysroots: Sequence[Artifact], store: Store) -> dict[str, Elf]:
    """Return the stub libraries of a glibc, by name: the declared one, or the next older one."""
    older = [sysroot for sysroot in sysroots if parsed(sysroot.version) <= declared]
    if not older:
        return {}
    sysroot = max(older, key=lambda sysroot: parsed(sysroot.version))
    files = unpacked(sysroot, store).files.items()
    found = {
        posixpath.basename(name): elf_format.read(path)
        for name, path in files
        if fnmatch.fnmatchcase(name, _STUBS)
    }
    return {name: elf for name, elf in found.items() if elf}


def _links(
    elves: Mapping[str, Elf],
    declared: Version,
    glibc: Mapping[str, Elf],
    package: Package,
    others: Sequence[Package],
) -> Iterator[Finding]:
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
        too_new = tuple(f"@{version}" for version in _too_new(elves[file], declared, known))
        names = sorted(name for name in what if not (too_new and name.endswith(too_new)))
        if not names:
            continue  # the rule "floor" reports it
        if kind == "library":
            message = (
                f"needs {_some(names)}, which neither the package nor its dependencies provide "
                "in its search path; add the dependency to the recipe, or correct its RPATH."
            )
            yield Finding(rule="libraries", file=plain(file), message=message)
        elif kind == "version":
            message = (
                f"needs the versions {_some(names)}, which the libraries it loads do not have; "
                "build it with the dependencies that it will run with."
            )
            yield Finding(rule="symbols", file=plain(file), message=message)
        else:
            message = (
                f"needs {_some(names)}, which no library it loads and no glibc "
                f"{_text(declared)} has; link a library that has it, or disable its use."
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


def _some(names: Sequence[str]) -> str:
    """Join the first few names, each shortened.

    >>> _some(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d and 2 more'
    """
    shown = ", ".join(name[:_NAME_LENGTH] for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
