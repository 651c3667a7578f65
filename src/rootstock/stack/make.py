"""Make the lock: resolve every set for every Python, read the wheels, write down the packages."""

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
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.sources import fetch
from rootstock.sources.source import Source, path_in
from rootstock.stack import entries, resolve, sdist, wheel
from rootstock.stack.entries import Chosen
from rootstock.stack.lock import PREFIX, Lock, Member, Set, Texts
from rootstock.stack.names import Names
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import Wanted
from rootstock.stack.wheel import Wheel

STAGE = "stack"
_OLD = timedelta(days=2 * 365)


@dataclass(frozen=True, kw_only=True)
class Means:
    """What resolving needs.

    `pythons` are the exact Pythons by their minor version; `recipes` are, for each of these, the
    versions of the projects that a recipe makes, which come from there unless a set pins another.
    """

    pythons: Mapping[str, str]
    recipes: Mapping[str, Mapping[str, str]]
    uv: Path
    store: Store
    listen: Listener


def source_of(file: Resolved) -> Source:
    """Where a wheel or a source distribution comes from."""
    url = f"pkg:pypi/{file.project}@{file.version}#{file.file}"
    return Source(urls=(url,), sha256=file.sha256, filename=file.file)


def make(
    wanted: Wanted, naming: Names, old: Lock, means: Means, upgrade: Sequence[str] | None
) -> Lock:
    """The lock that the sets come to.

    Versions of the `old` lock stay where they still fit, but for the projects in `upgrade` (None:
    all). Raises `UsageError` where a set cannot be resolved or a wheel made into a package, and
    `SourceError` where one cannot be had or read.
    """
    found = {
        (one.name, python): _resolve(wanted, one.name, python, old, means, upgrade)
        for one in wanted.sets
        for python, exact in means.pythons.items()
        if one.pythons.contains(exact)
    }
    # A set whose Pythons the matrix has none of is no mistake: another matrix may have them.
    files = {file.sha256: file for some in found.values() for file in some}
    pythons: dict[str, set[str]] = defaultdict(set)
    for (_, python), some in found.items():
        for file in some:
            if not _by_recipe(file, means.recipes[python]):
                pythons[file.sha256].add(means.pythons[python])
    own = [files[sha256] for sha256 in pythons]
    wheels = _read(own, wanted, means)
    every = {
        (file.project, python): wheels[file.sha256]
        for file in own
        for python in pythons[file.sha256]
    }
    texts = _texts({(f.project, f.version): pythons[f.sha256] for f in own}, wanted, means)
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
    owners: dict[str, list[str]] = defaultdict(list)
    for one in made:
        owners[one.name].append(one.project)
    entries.require_owners(owners)
    return Lock(
        wheels=tuple(sorted(made, key=lambda one: (one.name, Version(one.version), one.file))),
        sets=tuple(
            _set(wanted, name, found, naming, means) for name in sorted({n for n, _ in found})
        ),
        also={name: tuple(more) for name, more in sorted(naming.also.items()) if name in owners},
    )


def _resolve(
    wanted: Wanted,
    name: str,
    python: str,
    old: Lock,
    means: Means,
    upgrade: Sequence[str] | None,
) -> list[Resolved]:
    [own] = [one for one in wanted.sets if one.name == name]
    item = f"{name}, Python {python}"
    means.listen(Event(stage=STAGE, item=item, state="start"))
    pins = own.pins(means.pythons[python])
    bounds = {str(project): known.constraint for project, known in wanted.known.items()}
    for project, version in means.recipes[python].items():
        if (name_ := canonicalize_name(project)) not in pins:
            bounds[name_] = SpecifierSet(f"=={version}")
    sources = {str(name): one.depends for name, one in wanted.known.items() if one.source}
    with means.store.scratch("stack") as folder:
        found = resolve.resolve(
            own.packages,
            bounds,
            means.pythons[python],
            uv=means.uv,
            folder=folder,
            sources=sources,
            known=resolve.as_known(_versions(old, name, python)),
            upgrade=upgrade,
        )
        # What is pinned is not old in silence.
        own_files = [
            file
            for file in found
            if file.project not in pins and not _by_recipe(file, means.recipes[python])
        ]
        newest = resolve.resolve(
            [Requirement(file.project) for file in own_files],
            {},
            means.pythons[python],
            uv=means.uv,
            folder=folder,
            sources=sources,
            alone=True,
        )
    require_age(own_files, newest, wanted, item)
    told = f"{len(found)} packages"
    means.listen(Event(stage=STAGE, item=item, state="done", detail=told))
    return found


def require_age(
    files: Sequence[Resolved], newest: Sequence[Resolved], wanted: Wanted, item: str
) -> None:
    """Raise `UsageError` where a version is much older than one that the same Python could have.

    To hold packages together, a resolver goes back as far as it must, and says nothing.
    """
    of = {file.project: file for file in newest}
    lines = []
    for file in files:
        new = of.get(file.project, file)
        if new.released - file.released > _OLD and not wanted.of(file.project).old:
            lines.append(
                f"    {file.project} {file.version} of {file.released}; there is {new.version} of "
                f"{new.released}"
            )
    if lines:
        raise UsageError(
            f"{item}: packages are more than two years older than their newest release:\n"
            + "\n".join(lines),
            'Ask for a newer one in ci/stack.toml, as "NAME>=VERSION", to see what keeps it back; '
            "or write old = true, and why, below [packages.NAME].",
        )


def _versions(old: Lock, name: str, python: str) -> dict[str, str]:
    """The versions, by project, that a lock has in a set for a Python."""
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
    """Whether a recipe makes what a wheel would, by the recipes' versions for its Python."""
    made = recipes.get(file.project)
    return made is not None and Version(made) == Version(file.version)


def _texts(
    releases: Mapping[tuple[str, str], Iterable[str]], wanted: Wanted, means: Means
) -> dict[tuple[str, str], Texts]:
    """What has the licence texts of wheels that have none, by project and version.

    It is the source distribution of the release that people say they are in. `releases` are all
    projects and versions, with exact Pythons that each is for.
    """
    found = {}
    for (project, version), pythons in releases.items():
        told = wanted.of(project).license_source
        if not told:
            continue
        release = told if isinstance(told, str) else version
        file = _source_distribution(project, release, min(pythons), means)
        source = source_of(file)
        fetch.fetch([source], {}, means.store, means.listen)
        texts = sdist.licence_texts(path_in(means.store, source))
        found[project, version] = Texts(
            version=release, file=file.file, sha256=file.sha256, files=texts
        )
    return found


def _source_distribution(project: str, version: str, python: str, means: Means) -> Resolved:
    with means.store.scratch("stack") as folder:
        try:
            [found] = resolve.resolve(
                [Requirement(f"{project}=={version}")],
                {},
                python,
                uv=means.uv,
                folder=folder,
                sources={project: ()},
                alone=True,
            )
        except UsageError as error:
            raise UsageError(
                f"{project} {version}: there is no source distribution to take its licence's texts "
                f"from:\n{error.message}",
                f"Take license_source out of [packages.{project}] in ci/stack.toml.",
            ) from error
    return found


def _read(files: Iterable[Resolved], wanted: Wanted, means: Means) -> dict[str, Wheel]:
    """What the files say, by sha256; those that the store lacks are fetched."""
    files = sorted(files, key=lambda one: one.project)
    sources = [source_of(file) for file in files]
    fetch.fetch(sources, {}, means.store, means.listen)
    found = {}
    for file, source in zip(files, sources, strict=True):
        path = path_in(means.store, source)
        known = wanted.of(file.project)
        read = sdist.read(path) if sdist.is_sdist(file.file) else None
        found[file.sha256] = read or wheel.read(path, known.drop)
    return found


def _set(
    wanted: Wanted,
    name: str,
    found: Mapping[tuple[str, str], Sequence[Resolved]],
    naming: Names,
    means: Means,
) -> Set:
    [own] = [one for one in wanted.sets if one.name == name]
    members = {python: some for (set_, python), some in found.items() if set_ == name}
    newest = max(file.released for some in members.values() for file in some)
    return Set(
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
                | {one: _version(wanted, name, one, means.recipes[python]) for one in own.recipes},
                verified=python in own.verified,
            )
            for python, some in members.items()
        ),
    )


def _version(wanted: Wanted, name: str, package: str, recipes: Mapping[str, str]) -> str:
    """The version of a package of a set that a recipe makes."""
    if (version := recipes.get(canonicalize_name(package))) is None:
        raise UsageError(
            f"{wanted.path}: [sets.{name}] no recipe makes {package} of a project of the index",
            "What comes as a wheel belongs in `packages`.",
        )
    return version
