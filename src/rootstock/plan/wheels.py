"""Renders the stack: each entry of its lock becomes a recipe with nothing left to decide.

An entry is a wheel, or the source distribution of a package that has no wheel.

A build gets such a recipe like one that somebody wrote, and the package contains it like any other.
`rootstock stack show` prints it.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rootstock.core.audit_rules import Waiver
from rootstock.plan.matrix import Cell
from rootstock.plan.recipe import Output
from rootstock.stack.lock import Build, Lock, LockedSet, LockEntry, Member, Texts

_LICENSES = "licences.of.the.wheel"  # where unpack.py puts the files of a wheel's metadata
_SOURCE = "source.distribution"  # where the builder unpacks one for its license texts only
_NOARCH = "noarch"
# Where a set lists the variables of its check; smoke/checks/stack.py reads it there.
SET_FOLDER = "share/rootstock/sets"
_SETUPTOOLS = "setuptools-build"  # the recipe with the tools that build source distributions
# The minimum glibc of ROOT, and so of everything that is used with it.
_FLOOR = "__glibc >=2.28,<3.0.a0"
_OWN: dict[str, Any] = {"license": "BSD-3-Clause", "license_file": ["LICENSE"]}


def outputs(
    lock: Lock,
    path: Path,
    folder: Path,
    cells: Sequence[Cell],
    made: Sequence[Output],
    platform: str,
) -> list[Output]:
    """Return the outputs that a lock, the file `path`, makes for the Pythons of the cells.

    `made` has the outputs of recipes. They take precedence over the same version for the same
    Python; a set may pin another version. `folder` has a folder for each kind of recipe. `wheel`
    has the script that unpacks a wheel, `sdist` the one that builds a source distribution, and
    `set` the license of packages without files.
    """
    pythons = {cell.python: cell.variant["python"] for cell in cells}
    return [
        _output(recipe, variant, subdir, path, folder / kind)
        for recipe, variant, subdir, kind in _recipes(lock, pythons, made, platform)
    ]


def _output(
    recipe: dict[str, Any], variant: dict[str, str], subdir: str, path: Path, folder: Path
) -> Output:
    package = recipe["package"]
    return Output(
        folder=folder,
        name=package["name"],
        version=package["version"],
        build=recipe["build"]["string"],
        subdir=subdir,
        variant=variant,
        recipe=recipe,
        lock=path,
    )


def _is_made(entry: LockEntry, python: str, made: Sequence[Output]) -> bool:
    """Whether a recipe makes an entry's package for a Python, by its variants."""
    return any(
        (one.name, one.version) == (entry.name, entry.version)
        and one.variant.get("python", python) == python
        for one in made
    )


_Made = tuple[dict[str, Any], dict[str, str], str, str]


def _recipes(
    lock: Lock,
    pythons: dict[str, str],
    made: Sequence[Output],
    platform: str,
) -> Iterator[_Made]:
    """Yield each recipe, with its variant, its subdir and the folder of its script."""
    named: dict[tuple[str, str], None] = {}
    verified = {
        (member.python, *package)
        for one in lock.sets
        for member in one.members
        if member.verified
        for package in member.packages.items()
    }
    for entry in lock.wheels:
        own = [one for one in made if one.name == entry.name]
        for build in entry.builds:
            mine = [
                python
                for python in build.pythons
                if python in pythons and not _is_made(entry, pythons[python], own)
            ]
            if not mine:
                continue
            named[entry.name, entry.version] = None
            sound = any((python, entry.name, entry.version) in verified for python in mine)
            recipe = _wheel(entry, build, sound, f"{_tag(build, entry)}_0")
            if entry.is_source:
                recipe["build"]["noarch"] = "python"
                recipe["build"]["script"] = {"content": _building(entry)}
                recipe["requirements"]["build"] = [_SETUPTOOLS]
                recipe["about"] |= _described(license_file=_in_folder(entry))
                recipe["extra"] = _extra(sound, "source", entry.released, entry.waive)
                yield recipe, {"target_platform": _NOARCH}, _NOARCH, "sdist"
            elif entry.pure:
                recipe["build"]["noarch"] = "python"
                yield recipe, {"target_platform": _NOARCH}, _NOARCH, "wheel"
            else:
                recipe["requirements"]["host"] = ["python"]
                recipe["requirements"]["run"] += [_abi(mine[0]), _FLOOR]
                variant = {"python": pythons[mine[0]], "target_platform": platform}
                yield recipe, variant, platform, "wheel"
    recipes = {one.name for one in made}
    for name, version in named:
        for other in lock.also.get(name, ()):
            if other not in recipes:
                recipe = _also(other, name, version)
                yield recipe, {"target_platform": _NOARCH}, _NOARCH, "set"
    for one in lock.sets:
        for member in one.members:
            if member.python in pythons:
                variant = {"python": pythons[member.python], "target_platform": platform}
                packages = dict(member.packages)
                for name, version in member.packages.items():
                    packages |= dict.fromkeys(lock.also.get(name, ()), version)
                recipe = _set(one, member, packages, _variables(lock, member))
                yield recipe, variant, platform, "set"


def _abi(python: str) -> str:
    """The match spec of a Python's ABI."""
    return f"python_abi {python}.* *_cp{python.replace('.', '')}"


def _tag(build: Build, entry: LockEntry) -> str:
    """The beginning of a build string: its Python, or the oldest Python where that matters."""
    if entry.pure and len(entry.builds) == 1:
        return "py"
    return f"py{build.pythons[0].replace('.', '')}"


def _wheel(entry: LockEntry, build: Build, verified: bool, string: str) -> dict[str, Any]:
    files = [f"{_LICENSES}/{file.partition('/')[2]}" for file in entry.license_files]
    words = ["/usr/bin/python3", "$RECIPE_DIR/unpack.py", entry.file, *entry.drop]
    script = " ".join(f'"{w}"' if w.startswith("$") else shlex.quote(w) for w in words)
    has_programs = entry.scripts or (bool(entry.entry_points) and not entry.pure)
    python: dict[str, Any] = {"entry_points": list(entry.entry_points)}
    if not entry.pure:
        python["skip_pyc_compilation"] = ["**/*.py"]  # the script has compiled them
    sources = [_from_index(entry.project, entry)]
    if texts := entry.license_source:
        # The builder unpacks it there; the script ignores it.
        sources.append({**_from_index(entry.project, texts), "target_directory": _SOURCE})
        files += [f"{_SOURCE}/{file}" for file in texts.files]
    return {
        "schema_version": 1,
        "context": {},
        "package": {"name": entry.name, "version": entry.version},
        "source": sources,
        "build": {
            "number": 0,
            "string": string,
            "script": {"content": script},
            "python": python,
            # The script relocates.
            "dynamic_linking": {"binary_relocation": False},
            # Programs that are scripts name the Python of their environment.
            "prefix_detection": {"ignore": not has_programs},
        },
        "requirements": {"run": [f"python {build.python}".strip(), *build.depends]},
        "tests": [],  # the smoke tests import every module, in the environment it is for
        "about": _described(
            homepage=entry.homepage,
            license=entry.license,
            license_file=files,
            summary=entry.summary,
        ),
        "extra": _extra(verified, "wheel", entry.released, entry.waive),
    }


def _from_index(project: str, one: LockEntry | Texts) -> dict[str, str]:
    return {"url": f"pkg:pypi/{project}@{one.version}#{one.file}", "sha256": one.sha256}


def _building(entry: LockEntry) -> str:
    """The script that builds a source distribution in the folder where it is unpacked."""
    words = [word for program in entry.entry_points for word in ("--program", program)]
    words += [word for pattern in entry.drop for word in ("--drop", pattern)]
    # Then the iteration order of sets cannot affect the bytes.
    start = 'PYTHONHASHSEED=0 /usr/bin/python3 "$RECIPE_DIR/build.py"'
    return " ".join([start, *map(shlex.quote, words)])


def _in_folder(entry: LockEntry) -> list[str]:
    return [file.partition("/")[2] for file in entry.license_files]


def _described(**about: str | list[str]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if value}


def _extra(
    verified: bool, origin: str, released: str, waive: Sequence[Waiver] = ()
) -> dict[str, Any]:
    own: dict[str, Any] = {"origin": origin, "scope": "channel", "verified": verified}
    own |= {"released": released} if released else {}
    own |= {"audit": [asdict(one) for one in waive]} if waive else {}
    return {"rootstock": own}


def _also(name: str, whole: str, version: str) -> dict[str, Any]:
    """A package that is another name for a package."""
    return {
        "schema_version": 1,
        "context": {},
        "package": {"name": name, "version": version},
        "build": {
            "number": 0,
            "string": "py_0",
            "noarch": "generic",
            "script": {"content": ""},
        },
        "requirements": {"run": [f"{whole} =={version}"]},
        "tests": [],
        "about": {**_OWN, "summary": f"Another name for {whole}"},
        "extra": _extra(True, "source", ""),
    }


def _variables(lock: Lock, member: Member) -> dict[str, str]:
    """The variables without which modules of a set cannot be imported."""
    return {
        name: value
        for entry in lock.wheels
        if member.packages.get(entry.name) == entry.version
        for name, value in entry.check_env.items()
    }


def _set(
    one: LockedSet, member: Member, packages: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, Any]:
    """A package that depends on all packages of a set, in the versions tested together.

    Where modules need `variables`, it has a file with them, which the check of the set reads.
    """
    python = member.python
    tag = python.replace(".", "")
    run = [f"python {python}.*", _abi(python)]
    script = ""
    if variables:
        text = shlex.quote(json.dumps({"check_env": variables}, sort_keys=True))
        place = f'"$PREFIX/{SET_FOLDER}"'
        script = f"mkdir -p {place} && printf '%s\\n' {text} > {place}/{one.name}.json"
    return {
        "schema_version": 1,
        "context": {},
        "package": {"name": one.name, "version": one.version},
        "build": {"number": 0, "string": f"py{tag}_0", "script": {"content": script}},
        "requirements": {
            "run": [*run, *(f"{name} =={version}" for name, version in packages.items())]
        },
        "tests": [],
        "about": {**_OWN, "summary": one.summary},
        "extra": _extra(member.verified, "source", one.version.replace(".", "-")),
    }
