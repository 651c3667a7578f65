"""Converts requirements of the Python index to match specs of conda."""

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version

# The marker variables of the only platform (PEP 508), without Python's version.
_PLATFORM = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "sys_platform": "linux",
}


def environment(python: str) -> dict[str, str]:
    """Return the values of a marker's variables for an exact Python such as 3.11.2."""
    major, minor, *_ = python.split(".")
    return {
        **_PLATFORM,
        "implementation_version": python,
        "python_full_version": python,
        "python_version": f"{major}.{minor}",
    }


def holds(requirement: Requirement, python: str, extras: Iterable[str] = ()) -> bool:
    """Whether a requirement applies to an exact Python and the requested extras."""
    if requirement.marker is None:
        return True
    known: Mapping[str, str] = environment(python)
    return any(requirement.marker.evaluate({**known, "extra": one}) for one in (*extras, ""))


def bounds(specifiers: SpecifierSet) -> str:
    """Convert version specifiers (PEP 440) to conda's form; empty when there are none.

    >>> bounds(SpecifierSet(">=1.2,<2"))
    '>=1.2,<2.0a0'
    >>> bounds(SpecifierSet("~=1.4.2")), bounds(SpecifierSet("==1.*")), bounds(SpecifierSet(""))
    ('>=1.4.2,<1.5.0a0', '1.*', '')
    """
    return ",".join(part for one in sorted(specifiers, key=_order) for part in _bound(one))


def _order(one: Specifier) -> tuple[bool, str]:
    return one.operator in ("<", "<="), str(one)


def _bound(one: Specifier) -> list[str]:
    version = one.version
    if one.operator == "~=":
        release = version.split(".")[:-1]
        above = ".".join([*release[:-1], str(int(release[-1]) + 1)])
        return [f">={version}", f"<{above}.0a0"]
    if one.operator == "<" and not Version(version).is_prerelease:
        # PEP 440 excludes the prereleases of the bound; conda sorts them below it.
        return [f"<{version}.0a0" if _is_plain(version) else f"<{version}"]
    if one.operator == "==" and version.endswith(".*"):
        return [version]
    if one.operator == "===":
        return [f"=={version}"]
    return [f"{one.operator}{version}"]


def _is_plain(version: str) -> bool:
    return all(part.isdigit() for part in version.split("."))


def spec(name: str, specifiers: SpecifierSet) -> str:
    """Make a match spec from a conda name and version specifiers."""
    return f"{name} {bounds(specifiers)}".strip()
