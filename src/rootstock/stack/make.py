"""Makes the lock: resolves every set for every Python, reads the wheels, writes the packages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from rootstock.core.errors import UsageError
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.sources import fetch
from rootstock.sources.source import path_in
from rootstock.stack import clashes, entries, reading, resolve, sdist
from rootstock.stack.entries import Chosen
from rootstock.stack.lock import PREFIX, Lock, LockedSet, LockEntry, Member, Texts
from rootstock.stack.names import Names
from rootstock.stack.reading import STAGE
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import Wanted

_OLD = timedelta(days=2 * 365)


@dataclass(frozen=True, kw_only=True)
class ResolveContext:
    """The inputs of resolving.

    `pythons` are the exact Pythons by their minor version. `recipes` are, for each of these, the
    project versions that recipes make; these are used unless a set pins another.
    """

    pythons: Mapping[str, str]
    recipes: Mapping[str, Mapping[str, str]]
    uv: Path
    store: Store
    listen: Listener


def make(
    wanted: Wanted, naming: Names, old: Lock, context: ResolveContext, upgrade: Sequence[str] | None
) -> Lock:
    """Resolve the sets, and return the new lock.

    Versions of the `old` lock stay where they still fit, except for the projects in `upgrade`
    (None: all). Raises `UsageError` where a set cannot be resolved or a wheel cannot become a
    package, and `SourceError` where a file cannot be fetched or read.
    """
    found = {
        (one.name, python): _resolve(wanted, one.name, python, old, context, upgrade)
        for one in wanted.sets
        for python, exact in context.pythons.items()
        if one.pythons.contains(exact)
    }
    # A set may name only Pythons that the matrix lacks: another matrix may have them.
    packaged = {
        (name, python): [file for file in some if not _by_recipe(file, context.recipes[python])]
        for (name, python), some in found.items()
    }
    own = [*{file.sha256: file for some in packaged.values() for file in some}.values()]
    pythons: dict[str, set[str]] = defaultdict(set)
    for (_, python), some in packaged.items():
        for file in some:
            pythons[file.sha256].add(context.pythons[python])
    wheels = reading.read(own, wanted, context.store, context.listen)
    clashes.require_none(
        {
            f"{name}, Python {python}": [wheels[file.sha256] for file in some]
            for (name, python), some in packaged.items()
        }
    )
    every = {
        (file.project, python): wheels[file.sha256]
        for file in own
        for python in pythons[file.sha256]
    }
    texts = _texts({(f.project, f.version): pythons[f.sha256] for f in own}, wanted, context)
    chosen = [
        Chosen(
            file=file,
            wheel=wheels[file.sha256],
            pythons=tuple(sorted(pythons[file.sha256], key=Version)),
            texts=texts.get((file.project, file.version)),
        )
        for file in own
    ]
    made = [
        entries.entry(one, every, wanted.of(one.file.project), naming)
        for one in sorted(chosen, key=lambda one: (one.file.project, one.file.file))
    ]
    owners = _owners(made)
    return Lock(
        wheels=tuple(sorted(made, key=lambda one: (one.name, Version(one.version), one.file))),
        sets=tuple(
            _set(wanted, name, found, naming, context) for name in sorted({n for n, _ in found})
        ),
        also={name: tuple(more) for name, more in sorted(naming.also.items()) if name in owners},
    )


def _owners(made: Iterable[LockEntry]) -> Mapping[str, Sequence[str]]:
    """Return the projects of each package, by its name; one package has one project."""
    owners: dict[str, list[str]] = defaultdict(list)
    for one in made:
        owners[one.name].append(one.project)
    entries.require_owners(owners)
    return owners


def _resolve(
    wanted: Wanted,
    name: str,
    python: str,
    old: Lock,
    context: ResolveContext,
    upgrade: Sequence[str] | None,
) -> list[Resolved]:
    [own] = [one for one in wanted.sets if one.name == name]
    item = f"{name}, Python {python}"
    context.listen(Event(stage=STAGE, item=item, state="start"))
    pins = own.pins(context.pythons[python])
    bounds = {str(project): known.constraint for project, known in wanted.known.items()}
    for project, version in context.recipes[python].items():
        if (name_ := canonicalize_name(project)) not in pins:
            bounds[name_] = SpecifierSet(f"=={version}")
    sources = {str(name): one.depends for name, one in wanted.known.items() if one.source}
    with context.store.scratch("stack") as folder:
        found = resolve.resolve(
            own.packages,
            bounds,
            context.pythons[python],
            uv=context.uv,
            folder=folder,
            sources=sources,
            known=resolve.as_known(_versions(old, name, python)),
            upgrade=upgrade,
            asker=f"{wanted.path}: [sets.{name}]",
        )
        # A pin may be old, because somebody wrote it.
        own_files = [
            file
            for file in found
            if file.project not in pins and not _by_recipe(file, context.recipes[python])
        ]
        newest = resolve.resolve(
            [Requirement(file.project) for file in own_files],
            {},
            context.pythons[python],
            uv=context.uv,
            folder=folder,
            sources=sources,
            alone=True,
        )
    require_age(own_files, newest, wanted, item)
    message = counted(len(found), "package")
    context.listen(Event(stage=STAGE, item=item, state="done", detail=message))
    return found


def require_age(
    files: Sequence[Resolved], newest: Sequence[Resolved], wanted: Wanted, item: str
) -> None:
    """Raise `UsageError` where a version is much older than one for the same Python.

    To make packages fit together, a resolver goes back as far as it must, and reports nothing.
    """
    of = {file.project: file for file in newest}
    lines = []
    for file in files:
        new = of.get(file.project, file)
        if new.released - file.released > _OLD and not wanted.of(file.project).old:
            lines.append(
                f"    {file.project} {file.version} of {file.released}; the newest is "
                f"{new.version} of {new.released}"
            )
    if lines:
        raise UsageError(
            f"{item}: packages are more than two years older than their newest release:\n"
            + "\n".join(lines),
            'Ask for a newer one in ci/stack.toml, as "NAME>=VERSION", to see the conflict; '
            "or write old = true, and why, below [packages.NAME].",
        )


def _versions(old: Lock, name: str, python: str) -> dict[str, str]:
    """Return the versions, by project, of a lock's set for a Python."""
    projects = {one.name: one.project for one in old.wheels}
    return {
        projects[package]: version
        for one in old.sets
        if one.name == f"{PREFIX}{name}"
        for member in one.members
        if member.python == python
        for package, version in member.packages.items()
        if package in projects
    }


def _by_recipe(file: Resolved, recipes: Mapping[str, str]) -> bool:
    """Whether a recipe makes the same version as a wheel, for the wheel's Python."""
    made = recipes.get(file.project)
    return made is not None and Version(made) == Version(file.version)


def _texts(
    releases: Mapping[tuple[str, str], Iterable[str]], wanted: Wanted, context: ResolveContext
) -> dict[tuple[str, str], Texts]:
    """Return the sources of license texts for wheels that have none, by project and version.

    That is the source distribution of the release that ci/stack.toml names. `releases` are all
    projects and versions, each with its exact Pythons.
    """
    found = {}
    for (project, version), pythons in releases.items():
        setting = wanted.of(project).license_source
        if not setting:
            continue
        release = setting if isinstance(setting, str) else version
        file = _source_distribution(project, release, min(pythons), context)
        source = reading.source_of(file)
        fetch.fetch([source], {}, context.store, context.listen)
        texts = sdist.license_texts(path_in(context.store, source))
        found[project, version] = Texts(
            version=release, file=file.file, sha256=file.sha256, files=texts
        )
    return found


def _source_distribution(
    project: str, version: str, python: str, context: ResolveContext
) -> Resolved:
    with context.store.scratch("stack") as folder:
        try:
            [found] = resolve.resolve(
                [Requirement(f"{project}=={version}")],
                {},
                python,
                uv=context.uv,
                folder=folder,
                sources={project: ()},
                alone=True,
            )
        except UsageError as error:
            raise UsageError(
                f"{project} {version}: there is no source distribution with its license texts"
                f":\n{error.message}",
                f"Remove license_source from [packages.{project}] in ci/stack.toml.",
            ) from error
    return found


def _set(
    wanted: Wanted,
    name: str,
    found: Mapping[tuple[str, str], Sequence[Resolved]],
    naming: Names,
    context: ResolveContext,
) -> LockedSet:
    [own] = [one for one in wanted.sets if one.name == name]
    members = {python: some for (set_, python), some in found.items() if set_ == name}
    newest = max(file.released for some in members.values() for file in some)
    return LockedSet(
        name=f"{PREFIX}{name}",
        summary=own.summary,
        version=newest.strftime("%Y.%m.%d"),
        members=tuple(
            Member(
                python=python,
                packages={
                    naming.of(file.project): entries.conda_version(file.version)
                    for file in sorted(some, key=lambda file: naming.of(file.project))
                }
                | {
                    one: _version(wanted, name, one, context.recipes[python]) for one in own.recipes
                },
                verified=python in own.verified,
            )
            for python, some in members.items()
        ),
    )


def _version(wanted: Wanted, name: str, package: str, recipes: Mapping[str, str]) -> str:
    """Return the version of a set's package that a recipe makes."""
    if (version := recipes.get(canonicalize_name(package))) is None:
        raise UsageError(
            f"{wanted.path}: [sets.{name}] no recipe makes {package} from a project of the index",
            "Move packages that come as wheels to `packages`.",
        )
    return version
