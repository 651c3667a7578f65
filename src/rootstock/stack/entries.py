"""Entries: the packages that each wheel makes, and their dependencies.

A wheel without ELF files makes one noarch package for all its Pythons. If its markers distinguish
ranges of Pythons, it makes one for each range. Any other makes one package for each Python.
Dependencies on the channel's libraries come from the ELF files themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.stack.lock import Build, LockEntry, Texts
from rootstock.stack.names import Names
from rootstock.stack.resolve import Resolved
from rootstock.stack.specs import bounds, holds, spec
from rootstock.stack.wanted import PackageSettings
from rootstock.stack.wheel import Wheel

# The channel's package that has a library, by the beginning of its soname. The first two have the
# version that the recipes of the runtime make, like numpy's.
_LIBRARIES = {
    "libstdc++.so.": "libstdcxx >=14",
    "libgcc_s.so.": "libgcc >=14",
    "libgomp.so.": "libgomp",
    "libz.so.": "libzlib",
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A chosen wheel, with its metadata and the exact Pythons it was chosen for.

    `texts` is the source of its license texts, where it has none.
    """

    file: Resolved
    wheel: Wheel
    pythons: tuple[str, ...]
    texts: Texts | None = None


def entry(
    chosen: Chosen, every: Mapping[tuple[str, str], Wheel], known: PackageSettings, naming: Names
) -> LockEntry:
    """Make the entry of a wheel; `every` has all wheels by project and exact Python.

    Raises `UsageError` when its license is unknown, or a requirement is a file's address.
    """
    wheel, file = chosen.wheel, chosen.file
    license_ = wheel.license or known.license
    if not license_:
        raise UsageError(
            f"{file.file} names no license that is an SPDX expression",
            f'Find its license, and write license = "..." below [packages.{file.project}] in '
            "ci/stack.toml.",
        )
    depends = {python: _depends(chosen, python, every, known, naming) for python in chosen.pythons}
    return LockEntry(
        name=naming.of(file.project),
        version=conda_version(file.version),
        project=file.project,
        file=file.file,
        sha256=file.sha256,
        size=file.size,
        released=file.released.isoformat(),
        pure=wheel.pure,
        builds=tuple(_noarch(chosen, depends) if wheel.pure else _platform(depends)),
        entry_points=wheel.entry_points,
        scripts=wheel.scripts,
        drop=known.drop,
        license=license_,
        license_files=wheel.license_files,
        summary=wheel.summary,
        homepage=wheel.homepage,
        license_source=chosen.texts,
        waive=known.waive,
        check_env=known.check_env,
    )


def conda_version(version: str) -> str:
    """Write a version of the Python index as conda does.

    >>> conda_version("1.2.0rc1+cpu"), conda_version("2.9.0.post0")
    ('1.2.0rc1+cpu', '2.9.0.post0')
    """
    return str(Version(version))


def _minor(python: str) -> str:
    major, minor, *_ = python.split(".")
    return f"{major}.{minor}"


def _platform(depends: Mapping[str, Sequence[str]]) -> Iterable[Build]:
    for python, specs in depends.items():
        yield Build(pythons=(_minor(python),), python="", depends=tuple(specs))


def _noarch(chosen: Chosen, depends: Mapping[str, Sequence[str]]) -> Iterable[Build]:
    """Yield one build for all Pythons, or one for each range with the same dependencies."""
    groups: list[list[str]] = []
    for python in sorted(depends, key=Version):
        if groups and depends[groups[-1][-1]] == depends[python]:
            groups[-1].append(python)
        else:
            groups.append([python])
    own = chosen.wheel.requires_python
    for place, group in enumerate(groups):
        # The limits from Requires-Python, and those where its dependencies change.
        limits = [str(own)] if str(own) else []
        if place:
            limits.append(f">={_minor(group[0])}")
        if place + 1 < len(groups):
            limits.append(f"<{_minor(groups[place + 1][0])}")
        yield Build(
            pythons=tuple(map(_minor, group)),
            python=bounds(_narrowed(SpecifierSet(",".join(limits)))),
            depends=tuple(depends[group[0]]),
        )


def _narrowed(specifiers: SpecifierSet) -> SpecifierSet:
    """Keep only the narrowest of several lower, and of several upper bounds."""
    lower = [one for one in specifiers if one.operator == ">="]
    upper = [one for one in specifiers if one.operator == "<"]
    drop = set(lower) - {max(lower, key=lambda one: Version(one.version), default=None)}
    drop |= set(upper) - {min(upper, key=lambda one: Version(one.version), default=None)}
    return SpecifierSet(",".join(str(one) for one in specifiers if one not in drop))


def _depends(
    chosen: Chosen,
    python: str,
    every: Mapping[tuple[str, str], Wheel],
    known: PackageSettings,
    naming: Names,
) -> list[str]:
    """Return a package's dependencies, beside Python, on an exact Python: sorted match specs."""
    wanted: dict[str, SpecifierSet] = defaultdict(SpecifierSet)
    seen: set[tuple[str, str]] = set()

    def take(requirements: Iterable[Requirement], extras: Sequence[str], owner: str) -> None:
        for one in requirements:
            if not holds(one, python, extras):
                continue
            if one.url:
                raise UsageError(f"{owner} requires {one}, which is a file, not a package")
            project = canonicalize_name(one.name)
            if project != owner:
                wanted[project] &= one.specifier
            for extra in one.extras:
                if (project, extra) not in seen and (project, python) in every:
                    seen.add((project, extra))
                    its = every[project, python].requires
                    take([r for r in its if _is_of(r, extra, python)], (extra,), project)

    own = chosen.file.project
    take(chosen.wheel.requires, (), own)
    take(known.depends, (), own)
    wanted.pop(canonicalize_name(own), None)
    found = {spec(naming.of(project), specifiers) for project, specifiers in wanted.items()}
    for soname in chosen.wheel.libraries:
        found |= {need for start, need in _LIBRARIES.items() if soname.startswith(start)}
    return sorted(found)


def _is_of(requirement: Requirement, extra: str, python: str) -> bool:
    """Whether a requirement counts only because of an extra."""
    return holds(requirement, python, (extra,)) and not holds(requirement, python)


def require_owners(names: Mapping[str, Sequence[str]]) -> None:
    """Raise `UsageError` where two projects have the same package name."""
    for name, projects in names.items():
        if len(set(projects)) > 1:
            raise UsageError(
                f"{listed(sorted(set(projects)))} would both become the package {name}",
                "Give one of them another name in ci/names.toml.",
            )
