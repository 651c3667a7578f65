"""Reads `ci/stack.toml`: the sets of packages, and settings for single packages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version
from tomlkit.exceptions import TOMLKitError

from rootstock.core import names
from rootstock.core.audit_rules import WAIVABLE, Waiver
from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.stack import licenses
from rootstock.stack.specs import holds

FILE = "ci/stack.toml"  # in a checkout


@dataclass(frozen=True, kw_only=True)
class WantedSet:
    """A set of packages that is resolved on its own and installed by one name.

    `pythons` are its Pythons, as a specifier. `recipes` are packages made by recipes that the set
    contains as well. `verified` are the Pythons, like 3.11, for which it was ever built and tested.
    """

    name: str
    summary: str
    packages: tuple[Requirement, ...]
    pythons: SpecifierSet
    recipes: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()

    def pins(self, python: str) -> dict[NormalizedName, Version]:
        """Return the versions that it requires by `==`, for an exact Python."""
        found = {}
        for one in self.packages:
            exact = [spec.version for spec in one.specifier if spec.operator == "=="]
            for version in exact:
                if not version.endswith(".*") and holds(one, python):
                    found[canonicalize_name(one.name)] = Version(version)
        return found


@dataclass(frozen=True, kw_only=True)
class PackageSettings:
    """The settings of one package.

    `constraint` bounds its version. `depends` are requirements that its metadata lacks. `drop` are
    shell patterns of files that its package does not get. `source` means that it is made of its
    source distribution; `depends` are all its requirements then. `license` is the SPDX expression
    that its metadata lacks. `license_source` means that only its source distribution has its
    license texts, or that of another version. `waive` are reasons why its package may break rules
    of the audit. `check_env` are variables without which no machine can import its modules. `old`
    allows a version much older than its newest release. `why` is the reason for all of that.

    `suite` are pytest's arguments for the package's own tests, where it has some. `suite_fails` are
    the ids of those that fail, with the reason. No package depends on either.
    """

    constraint: SpecifierSet = field(default_factory=SpecifierSet)
    depends: tuple[Requirement, ...] = ()
    drop: tuple[str, ...] = ()
    source: bool = False
    license: str = ""
    license_source: bool | str = False
    waive: tuple[Waiver, ...] = ()
    check_env: Mapping[str, str] = field(default_factory=dict)
    old: bool = False
    suite: tuple[str, ...] = ()
    suite_fails: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The whole file: the sets, and the settings of packages by their names in the index."""

    path: Path
    sets: tuple[WantedSet, ...]
    known: Mapping[NormalizedName, PackageSettings]

    def of(self, name: str) -> PackageSettings:
        """Return the settings of a package, empty ones by default."""
        return self.known.get(canonicalize_name(name), _NOTHING)


_NOTHING = PackageSettings()


def load(path: Path, text: str | None = None) -> Wanted:
    """Read the file, or `text` in its place.

    Raises `UsageError`, which says what is wrong and in which table.
    """
    try:
        top = tomlkit.parse(path.read_text() if text is None else text).unwrap()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    _require(path, "", top, ("sets", "packages"))
    sets = tuple(_set(path, name, table) for name, table in top.get("sets", {}).items())
    known = {
        canonicalize_name(name): _known(path, name, table)
        for name, table in top.get("packages", {}).items()
    }
    if not sets:
        raise UsageError(f"{path} has no set", 'Write [sets.NAME] and packages = ["NAME", ...].')
    return Wanted(path=path, sets=sets, known=known)


def _set(path: Path, name: str, table: Any) -> WantedSet:
    where = f"sets.{name}"
    _require(path, where, table, ("summary", "packages", "pythons", "recipes", "verified"))
    packages = _requirements(path, where, table.get("packages", []))
    if not packages or name != canonicalize_name(name):
        message = (
            "has no packages" if not packages else "is not a valid name: a-z, 0-9 and single dashes"
        )
        raise UsageError(f"{path}: [{where}] {message}")
    return WantedSet(
        name=name,
        summary=str(table.get("summary", "")),
        packages=packages,
        pythons=_specifiers(path, where, table.get("pythons", "")),
        recipes=_texts(path, where, table, "recipes"),
        verified=_texts(path, where, table, "verified"),
    )


def _known(path: Path, name: str, table: Any) -> PackageSettings:
    where = f"packages.{name}"
    _require(path, where, table, (*PackageSettings.__dataclass_fields__,))
    known = PackageSettings(
        constraint=_specifiers(path, where, table.get("constraint", "")),
        depends=_requirements(path, where, table.get("depends", [])),
        drop=_texts(path, where, table, "drop"),
        source=bool(table.get("source", False)),
        license=_license(path, where, table),
        license_source=_release(path, where, table.get("license_source", False)),
        waive=_waivers(path, where, table.get("waive", [])),
        check_env=_variables(path, where, table.get("check_env", {})),
        old=bool(table.get("old", False)),
        suite=_texts(path, where, table, "suite"),
        suite_fails=_reasons(path, where, table),
        why=str(table.get("why", "")),
    )
    if known.source and "depends" not in table:
        raise UsageError(
            f"{path}: [{where}] has source but no depends",
            "Read its setup.py, and write all its requirements as depends = [...], empty if it has "
            "none: rootstock does not run its code to find them.",
        )
    if known.source and known.license_source:
        raise UsageError(
            f"{path}: [{where}] has source and license_source",
            "A package made of its source distribution has its license texts: remove "
            "license_source.",
        )
    if known.suite_fails and not known.suite:
        raise UsageError(
            f"{path}: [{where}] has suite_fails but no suite",
            'Write how to run its tests: suite = ["--pyargs", "MODULE"].',
        )
    if not known.why:
        raise UsageError(
            f"{path}: [{where}] has no why",
            "Write the reason, so that others know when to remove the entry.",
        )
    return known


def _require(path: Path, where: str, table: Any, keys: Sequence[str]) -> None:
    message = f"[{where}]" if where else "the file"
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: {message} is not a table")
    for key in table:
        if key not in keys:
            raise UsageError(
                f"{path}: {message} has the unknown key {key}", f"Known: {listed(keys)}"
            )


def _license(path: Path, where: str, table: Mapping[str, Any]) -> str:
    """Read the license of a package: an SPDX expression, or nothing."""
    if "license" not in table:
        return ""
    value = table["license"]
    if found := licenses.spdx(value) if isinstance(value, str) else "":
        return found
    raise UsageError(
        f"{path}: [{where}] license is {names.quoted(value)}, which is not an SPDX expression",
        'Write it like "BSD-3-Clause" or "MIT OR Apache-2.0"; one that SPDX does not list is '
        '"LicenseRef-NAME".',
    )


def _release(path: Path, where: str, value: Any) -> bool | str:
    """Whether license texts come from a source distribution, or that one's version."""
    try:
        return value if isinstance(value, bool) else str(Version(value))
    except (InvalidVersion, TypeError) as error:
        raise UsageError(
            f"{path}: [{where}] license_source is {names.quoted(value)}",
            'Write true for its own source distribution, or another version of it, as "1.2".',
        ) from error


def _waivers(path: Path, where: str, tables: Any) -> tuple[Waiver, ...]:
    """Read the reasons why a package may break rules of the audit."""
    found = []
    for table in tables if isinstance(tables, list) else [tables]:
        texts = table if isinstance(table, Mapping) else {}
        message = [texts.get(key) for key in ("rule", "file", "why")]
        good = len(texts) == len(message) and all(isinstance(x, str) and x.strip() for x in message)
        if not good or texts["rule"] not in WAIVABLE:
            raise UsageError(
                f"{path}: [{where}] waive has {names.quoted(table)}, which is not a waiver",
                'Write it like waive = [{rule = "licence", file = "info/licenses", why = "..."}]. '
                f"Rules: {listed(WAIVABLE)}.",
            )
        found.append(Waiver(**texts))
    return tuple(found)


def _variables(path: Path, where: str, table: Any) -> Mapping[str, str]:
    """Read environment variables by name."""
    message = 'Write it like check_env = {NAME = "value"}.'
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: [{where}] check_env is not a table", message)
    try:
        return {names.variable(key): names.line(value) for key, value in table.items()}
    except names.NotAllowed as error:
        raise UsageError(f"{path}: [{where}] check_env: {error}", message) from error


def _texts(path: Path, where: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Read a list of texts in a table."""
    found = table.get(key, [])
    if not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
        raise UsageError(
            f"{path}: [{where}] {key} is not a list of texts", f'Write it like {key} = ["a", "b"].'
        )
    return tuple(found)


def _reasons(path: Path, where: str, table: Mapping[str, Any]) -> dict[str, str]:
    """Read the failing tests by their ids, each with its reason."""
    found = table.get("suite_fails", {})
    if not (
        isinstance(found, Mapping)
        and all(isinstance(why, str) and test and why.strip() for test, why in found.items())
    ):
        raise UsageError(
            f"{path}: [{where}] suite_fails has no reason for each test",
            'Write it like suite_fails = {"module/tests/test_it.py::test_that" = "why it fails"}.',
        )
    return dict(found)


def _requirements(path: Path, where: str, values: Any) -> tuple[Requirement, ...]:
    found = []
    for text in values if isinstance(values, list) else [values]:
        try:
            found.append(Requirement(str(text)))
        except InvalidRequirement as error:
            message = str(error).partition("\n")[0]
            raise UsageError(
                f"{path}: [{where}] {text!r} is not a requirement: {message}",
                'Write it like "uproot", "uproot>=5" or "dask[array]" (PEP 508).',
            ) from error
    return tuple(found)


def _specifiers(path: Path, where: str, text: Any) -> SpecifierSet:
    try:
        return SpecifierSet(str(text))
    except InvalidSpecifier as error:
        raise UsageError(
            f"{path}: [{where}] {text!r} is not a version bound", 'Write it like ">=3.10,<3.13".'
        ) from error
