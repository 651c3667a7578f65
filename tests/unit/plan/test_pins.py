"""Pins. That these are rattler-build's own results is seen in tests/system/test_recipes.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import Version

from rootstock.plan.pins import pinned, written_out


@pytest.mark.parametrize(
    ("version", "lower", "upper", "spec"),
    [
        ("1.3.1", "x.x.x.x.x.x", "x", ">=1.3.1,<2.0a0"),
        ("1.3.1", "x.x", "x.x", ">=1.3,<1.4.0a0"),
        ("1.3.1", None, "x", "<2.0a0"),
        ("1.3.1", "x", None, ">=1"),
        ("1.3.1", "1.0", "2.0", ">=1.0,<2.0"),
        ("1.3.1", None, "x.x.x.x", "<1.3.1.1.0a0"),
        ("9e", "x.x.x.x.x.x", "x", ">=9e,<10a"),
        ("2026f", "x.x.x.x.x.x", "x", ">=2026f,<2027a"),
        ("1!2.0", "x.x.x.x.x.x", "x", ">=1!2.0,<1!3.0a0"),
        ("1.2rc1", "x.x.x.x.x.x", "x.x", ">=1.2rc1,<1.2a2"),
        ("0.1.0.dev12", "x.x", "x.x.x.x", ">=0.1,<0.1.0.dev13.0a0"),
        ("1_2", "x.x.x.x.x.x", "x", ">=1_2,<2.0a0"),
        ("1.0+local", "x.x.x.x.x.x", "x.x", ">=1.0+local,<1.1.0a0"),
        ("6.40.00", "x.x.x", "x.x.x", ">=6.40.00,<6.40.1.0a0"),
    ],
)
def test_pins_follow_the_order_of_versions(
    version: str, lower: str | None, upper: str | None, spec: str
) -> None:
    assert pinned("zlib", version, lower, upper) == f"zlib {spec}"


# Not of pre-releases, which rattler-build leaves out of some of their own pins: 1.2rc1 is not
# below 1.2a2, nor 1.0a at least 1.
_VERSIONS = st.lists(st.integers(0, 999).map(str), min_size=1, max_size=4).map(".".join)


@given(version=_VERSIONS, lower=st.integers(1, 6), upper=st.integers(1, 6))
def test_a_version_is_within_its_own_pin(version: str, lower: int, upper: int) -> None:
    spec = pinned("zlib", version, ".".join("x" * lower), ".".join("x" * upper))
    low, high = spec.removeprefix("zlib ").split(",")
    assert Version(low.removeprefix(">=")) <= Version(version) < Version(high.removeprefix("<"))


def test_a_pin_to_what_the_recipe_does_not_make_is_an_error() -> None:
    recipe = {
        "package": {"name": "a", "version": "1"},
        "build": {"string": "h0_0"},
        "requirements": {"run": [{"pin_subpackage": {"name": "b", "upper_bound": "x"}}]},
    }
    with pytest.raises(ValueError, match=r"pin_subpackage\('b'\) is no output of this recipe"):
        written_out(recipe, {"a": "1"}, {})


def test_tests_have_pins_as_well() -> None:
    pin = {"pin_subpackage": {"name": "b", "upper_bound": "x"}}
    exact = {"pin_subpackage": {"name": "a", "exact": True}}
    test = {"script": ["true"], "requirements": {"run": [pin, exact, "bzip2"]}}
    recipe = {
        "package": {"name": "a", "version": "1"},
        "build": {"string": "h0_0"},
        "tests": [test, {"python": {"imports": ["a"]}}],
    }
    [written, other] = written_out(recipe, {"a": "1", "b": "2"}, {})["tests"]
    assert written["requirements"] == {"run": ["b <3.0a0", "a ==1 h0_0", "bzip2"]}
    assert other == {"python": {"imports": ["a"]}}


def test_a_test_has_no_host_environment_to_pin_to() -> None:
    recipe = {
        "package": {"name": "a", "version": "1"},
        "build": {"string": "h0_0"},
        "tests": [{"requirements": {"run": [{"pin_compatible": {"name": "b"}}]}}],
    }
    with pytest.raises(ValueError, match="no host environment"):
        written_out(recipe, {"a": "1", "b": "2"}, {})
