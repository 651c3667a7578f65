"""Locks the analysis stack of a checkout: from ci/stack.toml to ci/stack.lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rootstock.core.checkout import STACK, STACK_LOCK, Checkout
from rootstock.core.errors import UsageError
from rootstock.core.names import listed, quoted
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.plan import matrix as matrices
from rootstock.plan.graph import ids_of
from rootstock.plan.match import finder
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import render_recipes
from rootstock.sources import purl, tools
from rootstock.stack import lock as locks
from rootstock.stack import names, wanted
from rootstock.stack.lock import Lock
from rootstock.stack.make import ResolveContext, make
from rootstock.stack.names import Names

_LIKE = 'Write it like uproot, "uproot>=5" or "dask[array]".'


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A new text of ci/stack.toml, and a line for each requirement that it changes."""

    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LockChange:
    """The changes in a new lock: a line for each new, removed or changed package."""

    lock: Lock
    lines: tuple[str, ...]


def relock(
    checkout: Checkout,
    store: Store,
    listen: Listener,
    *,
    upgrade: Sequence[str] | None = (),
    text: str | None = None,
) -> LockChange:
    """Resolve the sets again, without writing anything.

    Versions stay where they still fit, except for the projects in `upgrade` (None: all). `text`
    replaces the content of ci/stack.toml. Raises what `make` raises, and `UsageError` for an
    unknown project.
    """
    old = locks.load(checkout.stack_lock)
    known = {one.project for one in old.wheels}
    if strange := [one for one in upgrade or () if canonicalize_name(one) not in known]:
        raise UsageError(
            f"{listed(map(quoted, strange))}: {STACK_LOCK} has no such project",
            "Names are those of the Python index. rootstock stack add NAME adds one.",
        )
    asked = wanted.load(checkout.stack, text)
    naming = names.load(checkout.names)
    new = make(asked, naming, old, _context(checkout, naming, store, listen), upgrade)
    return LockChange(lock=new, lines=tuple(differences(old, new)))


def _context(checkout: Checkout, naming: Names, store: Store, listen: Listener) -> ResolveContext:
    matrix = matrices.load(checkout.matrix)
    outputs = render_recipes(checkout.recipes, matrix, matrix.cells)
    pythons = {o.variant["cpython"]: o.version for o in outputs if o.name == "python"}
    by_id = ids_of(outputs)
    find = finder(by_id)
    projects = {name: one.name for one in outputs for name in _projects(one, naming)}
    variants = {cell.python: cell.variant for cell in matrix.cells}
    environment = tools.ensure(checkout.tool("uv"), store, listen)
    return ResolveContext(
        pythons=pythons,
        recipes={
            python: {
                project: by_id[find(name, variant, STACK_LOCK)].version
                for project, name in projects.items()
            }
            for python, variant in variants.items()
        },
        uv=environment / "bin/uv",
        store=store,
        listen=listen,
    )


def _projects(output: Output, naming: Names) -> list[str]:
    """Return the project of the Python index to which an output belongs, if any."""
    urls = [source["url"] for source in output.sources]
    found = {purl.parse(one).name for one in urls if str(one).startswith("pkg:pypi/")}
    own = canonicalize_name(output.name)
    return [canonicalize_name(name) for name in found if canonicalize_name(naming.of(name)) == own]


def with_packages(path: Path, set_: str, packages: Sequence[str]) -> Edit:
    """Add packages to a set in the text of a stack.toml, keeping its comments and order.

    A package that the set has gets the new bound, and the extras of both. With a marker that the
    set does not have, it is added beside the other.

    Raises `UsageError` when it has no such set, a package is not a requirement, or it is not clear
    which requirement of the set to change.
    """
    wanted.load(path)
    document = tomlkit.parse(path.read_text())
    sets = document["sets"]
    if set_ not in sets:
        raise UsageError(
            f"{path} has no set {quoted(set_)}",
            f"Known: {listed(sets)}. Add [sets.{set_}] to it.",
        )
    if not isinstance(sets[set_]["packages"], list):
        sets[set_]["packages"] = [sets[set_]["packages"]]
    own, lines = sets[set_]["packages"], []
    where = f"{STACK}: [sets.{set_}]"
    for given in map(_requirement, packages):
        olds = [Requirement(str(one)) for one in own]
        place = _place(given, olds, f"{path}: [sets.{set_}]")
        if place is None:
            own.append(_text(given))
            lines.append(f'{where} + "{_text(given)}"')
        elif (new := _merged(olds[place], given)) != olds[place]:
            lines.append(f'{where} "{own[place]}" -> "{_text(new)}"')
            own[place] = _text(new)
    return Edit(text=tomlkit.dumps(document), lines=tuple(lines))


def _requirement(text: str) -> Requirement:
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"{quoted(text)} is not a requirement: {str(error).splitlines()[0]}", _LIKE
        ) from error
    if found.url:
        raise UsageError(f"{quoted(text)} is the address of a file, not a project", _LIKE)
    return found


def _place(given: Requirement, olds: Sequence[Requirement], where: str) -> int | None:
    """Return which requirement of a set a new one changes, or None when it is one more."""
    name = canonicalize_name(given.name)
    named = [n for n, old in enumerate(olds) if canonicalize_name(old.name) == name]
    same = [n for n in named if str(olds[n].marker) == str(given.marker)]
    # Without a marker, a new bound is for all Pythons that the set has the project for.
    fitting = same or ([] if given.marker else named)
    if len(fitting) > 1:
        known = listed(quoted(_text(olds[n])) for n in fitting)
        raise UsageError(
            f"{where} has {given.name} more than once: {known}",
            "Repeat the marker of the one to change, or edit the file.",
        )
    return fitting[0] if fitting else None


def _merged(old: Requirement, given: Requirement) -> Requirement:
    new = Requirement(str(old))
    new.extras = old.extras | given.extras
    new.specifier = given.specifier or old.specifier
    return new


def _text(one: Requirement) -> str:
    """Write a requirement as people do in a file that has texts in double quotes."""
    return str(one).replace('"', "'")


def differences(old: Lock, new: Lock) -> list[str]:
    """Return the changes in a new lock, a line for each package."""
    before, after = _summary(old), _summary(new)
    wheels = [{(one.name, one.file): one for one in lock.wheels} for lock in (old, new)]
    made_anew = {
        name for (name, file), one in wheels[1].items() if wheels[0].get((name, file), one) != one
    }
    found = []
    for name in sorted(before.keys() | after.keys()):
        was, is_ = before.get(name), after.get(name)
        if was == is_ and name in made_anew:
            found.append(f"  {name} {is_}: its files or dependencies change")
        elif was == is_:
            continue
        elif was is None:
            found.append(f"+ {name} {is_}")
        elif is_ is None:
            found.append(f"- {name} {was}")
        else:
            found.append(f"  {name} {was} -> {is_}")
    return found


def _summary(lock: Lock) -> Mapping[str, str]:
    """Return the versions of a package by name, with their Pythons where there are several."""
    by_name: dict[str, dict[str, list[str]]] = {}
    for one in lock.wheels:
        pythons = by_name.setdefault(one.name, {}).setdefault(one.version, [])
        pythons += [python for build in one.builds for python in build.pythons]
    return {
        name: ", ".join(
            version if len(versions) == 1 else f"{version} ({' '.join(sorted(set(pythons)))})"
            for version, pythons in versions.items()
        )
        for name, versions in by_name.items()
    }
