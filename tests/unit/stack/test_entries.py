"""What a wheel becomes: noarch or not, for which Pythons, depending on what."""

from datetime import date

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rootstock.core.errors import UsageError
from rootstock.stack import entries
from rootstock.stack.entries import Chosen
from rootstock.stack.lock import Build, LockEntry
from rootstock.stack.names import Names
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import PackageSettings
from rootstock.stack.wheel import Wheel

NAMES = Names(differing={"tables": "pytables"}, also={})
PYTHONS = ("3.10.20", "3.11.2", "3.13.5")


def wheel(name: str, *requires: str, libraries: tuple[str, ...] = (), python: str = "") -> Wheel:
    return Wheel(
        name=name,
        version="1.0",
        requires=tuple(map(Requirement, requires)),
        requires_python=SpecifierSet(python),
        entry_points=(),
        license="MIT",
        license_files=(),
        summary="",
        homepage="",
        libraries=libraries,
        pure=not libraries,
        scripts=False,
    )


def entry(
    one: Wheel,
    *others: Wheel,
    known: PackageSettings | None = None,
    pythons: tuple[str, ...] = PYTHONS,
) -> LockEntry:
    file = Resolved(
        project=one.name,
        version="1.0",
        file=f"{one.name}-1.0-py3-none-any.whl",
        sha256="0" * 64,
        size=1,
        released=date(2026, 1, 2),
    )
    every = {(other.name, python): other for other in (one, *others) for python in pythons}
    return entries.entry(
        Chosen(file=file, wheel=one, pythons=pythons), every, known or PackageSettings(), NAMES
    )


def test_a_pure_wheel_is_one_noarch_package() -> None:
    made = entry(wheel("bud", "tables>=3,<4", 'x; extra == "y"', python=">=3.9"))
    [build] = made.builds
    assert made.pure
    assert build == Build(
        pythons=("3.10", "3.11", "3.13"), python=">=3.9", depends=("pytables >=3,<4.0a0",)
    )


def test_markers_say_ranges_of_pythons_apart() -> None:
    made = entry(wheel("bud", 'tomli; python_version < "3.11"', python=">=3.8"))
    old, new = made.builds
    assert (old.pythons, old.python, old.depends) == (("3.10",), ">=3.8,<3.11.0a0", ("tomli",))
    assert (new.pythons, new.python, new.depends) == (("3.11", "3.13"), ">=3.11", ())


def test_a_wheel_with_libraries_is_a_package_for_each_python() -> None:
    needed = ("libc.so.6", "libgomp.so.1.0.0", "libstdc++.so.6", "libz.so.1")
    made = entry(wheel("bud", libraries=needed))
    assert [build.pythons for build in made.builds] == [("3.10",), ("3.11",), ("3.13",)]
    assert all(b.depends == ("libgomp", "libstdcxx >=14", "libzlib") for b in made.builds)


def test_an_extra_brings_what_it_asks_for() -> None:
    dask = wheel("dask", "click", 'numpy>=2; extra == "array"', 'dask[array]; extra == "all"')
    made = entry(wheel("bud", "dask[all]>=1"), dask, pythons=("3.11.2",))
    assert made.builds[0].depends == ("dask >=1", "numpy >=2")


def test_what_metadata_lacks_is_added() -> None:
    known = PackageSettings(depends=(Requirement("pytz"),), license="ISC", why="imports it")
    made = entry(wheel("bud", "scion"), known=known)
    assert made.builds[0].depends == ("pytz", "scion")
    assert made.license == "MIT"  # its own, where it has one


def test_a_license_that_is_not_known_is_reported() -> None:
    unknown = Wheel(**{**wheel("bud").__dict__, "license": ""})
    with pytest.raises(UsageError, match="names no license") as caught:
        entry(unknown)
    assert "[packages.bud]" in caught.value.remedy


def test_an_address_is_no_package() -> None:
    with pytest.raises(UsageError, match="is a file, not a package"):
        entry(wheel("bud", "scion @ https://example.org/scion-1.0.tar.gz"))


def test_two_projects_are_not_one_package() -> None:
    with pytest.raises(UsageError, match="a, b would both become the package x"):
        entries.require_owners({"x": ["a", "b", "a"], "y": ["c"]})


def test_nothing_of_a_package_s_own_tests_is_in_its_entry() -> None:
    known = PackageSettings(suite=("--pyargs", "bud"), suite_fails={"bud/t.py::a": "b"}, why="c")
    assert entry(wheel("bud"), known=known) == entry(wheel("bud"))
