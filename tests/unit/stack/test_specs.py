"""Requirements of the Python index mean the same when conda reads them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rattler import PackageRecord
from rattler.package import BuildString

from rootstock.plan.requirement import spec_of
from rootstock.stack import specs


def record(name: str, version: str) -> PackageRecord:
    return PackageRecord(
        name=name, version=version, build=BuildString("0"), build_number=0, subdir="noarch"
    )


def test_examples() -> None:
    result = doctest.testmod(specs)
    assert result.failed == 0 and result.attempted == 2


numbers = st.integers(0, 30)
versions = st.lists(numbers, min_size=2, max_size=3).map(lambda p: ".".join(map(str, p)))


@given(st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]), versions, versions)
def test_a_bound_lets_in_the_same_releases(operator: str, bound: str, version: str) -> None:
    specifiers = SpecifierSet(f"{operator}{bound}")
    found = spec_of(specs.spec("x", specifiers))
    assert found.matches(record("x", version)) == specifiers.contains(Version(version))


@pytest.mark.parametrize(
    ("written", "version", "fits"),
    [
        ("<2", "2.0a1", False),  # PEP 440: not a prerelease of what is excluded
        ("<2", "2.0rc1", False),
        ("==1.*", "1.9", True),
        ("==1.*", "2.0", False),
        ("!=2026.2.0", "2026.2.0", False),
        (">=1.2,!=1.4.*,<2", "1.4.3", False),
        (">=1.2,!=1.4.*,<2", "1.5", True),
        (">=1.0.post1", "1.0.post2", True),
    ],
)
def test_what_is_easily_got_wrong(written: str, version: str, fits: bool) -> None:
    found = spec_of(specs.spec("x", SpecifierSet(written)))
    assert found.matches(record("x", version)) == fits


@pytest.mark.parametrize(
    ("requirement", "python", "extras", "counts"),
    [
        ('a; python_version < "3.11"', "3.10.20", (), True),
        ('a; python_version < "3.11"', "3.11.2", (), False),
        ('a; python_full_version >= "3.11.5"', "3.11.2", (), False),
        ('a; sys_platform == "win32"', "3.11.2", (), False),
        ('a; extra == "array"', "3.11.2", (), False),
        ('a; extra == "array"', "3.11.2", ("array",), True),
        ("a", "3.11.2", (), True),
    ],
)
def test_markers_are_evaluated_for_the_exact_python(
    requirement: str, python: str, extras: tuple[str, ...], counts: bool
) -> None:
    assert specs.holds(Requirement(requirement), python, extras) == counts
