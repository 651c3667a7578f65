"""The rule `undeclared`: what a package uses of others is among its dependencies.

A package uses others by the libraries that its compiled files need, and by the modules that its
modules import. A dependency may be indirect: whoever installs the package gets it, too. What only
happens to be in the environment may be missing in the next one.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rootstock.audit import imports
from rootstock.audit.link import Linker
from rootstock.audit.report import Finding
from rootstock.audit.subject import InstalledPackage
from rootstock.core.names import plain

_LIBRARY = re.compile(r"lib/[^/]+\.so[.\d]*")
# What every Python has. Its package has the rest; see `imports.modules`.
_STANDARD = sys.stdlib_module_names | {"__main__"}


def closure(name: str, members: Mapping[str, InstalledPackage]) -> set[str]:
    """Return a package with its direct and indirect dependencies, as far as they are there."""
    found: set[str] = set()
    left = [name]
    while left:
        one = left.pop()
        if one in members and one not in found:
            found.add(one)
            left += members[one].depends
    return found


def undeclared(
    members: Sequence[InstalledPackage], paths: Mapping[str, Path], linker: Linker
) -> Iterator[Finding]:
    """Yield what packages of an environment use of others and do not depend on."""
    by_name = {member.name: member for member in members}
    own = {member.name: imports.modules(member.files) for member in members}
    modules: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[str]] = defaultdict(set)
    for member in members:
        for module in own[member.name]:
            modules[module.partition(".")[0]].add(member.name)
        for file in member.files:
            files[file].add(member.name)
    for member in members:
        declared = closure(member.name, by_name) | {"python"}
        for file, library in _libraries(member, linker):
            if (owners := files.get(library, set())) and not owners & declared:
                yield _finding(file, f"needs {plain(library)} of", owners, member)
        for module, file in _imports(own[member.name], paths):
            owners = modules.get(module, set()) - {member.name}
            # A plugin of what depends on it is of use only where that is.
            plugin = any(member.name in closure(owner, by_name) for owner in owners)
            if owners and not owners & declared and not plugin:
                yield _finding(file, f"imports {module} of", owners, member)


def _imports(own: Mapping[str, str], paths: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield what modules of a package import of others, and not of Python, each with the file."""
    for module, by in imports.wanted(own, paths).items():
        files = (own[name] for name in by if module not in _STANDARD)
        sure = (file for file in files if imports.surely(paths[file].read_bytes(), module))
        if file := next(sure, ""):
            yield module, file


def _finding(file: str, uses: str, owners: set[str], member: InstalledPackage) -> Finding:
    owner = " or ".join(sorted(owners))
    return Finding(
        rule="undeclared",
        file=plain(file),
        message=f"{uses} {owner}, on which its package {member.name} does not depend; add it to "
        "the dependencies.",
    )


def _libraries(member: InstalledPackage, linker: Linker) -> Iterator[tuple[str, str]]:
    """Yield each compiled file of a package with each file that it is linked with."""
    for file in member.files:
        if file in linker.tree.files and (elf := linker.elf(file)):
            names = linker.load(file).names
            for library in elf.needed:
                if (found := names.get(library)) and found.file:
                    yield file, found.file


def unused(members: Sequence[InstalledPackage], linker: Linker) -> dict[str, list[str]]:
    """Return by package the dependencies that have libraries and no more, and that it never needs.

    That is no fault: it may load them as it runs.
    """
    owner = {file: member.name for member in members for file in member.files}
    libraries = {
        member.name
        for member in members
        if any(_LIBRARY.fullmatch(file) for file in member.files)
        and not any(file.startswith("bin/") for file in member.files)
        and not imports.modules(member.files)
    }
    found = {}
    for member in members:
        used = {owner.get(library, "") for _, library in _libraries(member, linker)}
        if used and (rest := libraries.intersection(member.depends) - used):
            found[member.name] = sorted(rest)
    return found


def unresolved(
    package: InstalledPackage,
    others: Callable[[], Sequence[InstalledPackage]],
    paths: Mapping[str, Path],
) -> Iterator[Finding]:
    """Yield modules that a package imports and that neither it nor its dependencies have.

    `others` returns the dependencies; it is called only if needed.
    """
    found = [*_imports(imports.modules(package.files), paths)]
    names = (imports.modules(one.files) for one in others()) if found else ()
    there = {module.partition(".")[0] for each in names for module in each}
    for module, file in found:
        if module not in there:
            yield Finding(
                rule="undeclared",
                file=plain(file),
                message=f"imports {module}, which none of its dependencies has; add it to the "
                "dependencies, or import it where it is used.",
            )
