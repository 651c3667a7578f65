"""Versions of glibc's symbols, over files that are only described."""

import pytest

from rootstock.audit import compiled
from rootstock.audit.compiled import floors, needs, of_version
from rootstock.core.elf import Elf

# The versions without a number that glibc has on x86-64, each with the last release without it and
# the first that has it. DT_RELR is in the NEWS of 2.36. The others came after 2.42.
MARKERS = [
    ("GLIBC_ABI_DT_RELR", (2, 35), (2, 36)),
    ("GLIBC_ABI_GNU2_TLS", (2, 42), (2, 43)),
    ("GLIBC_ABI_DT_X86_64_PLT", (2, 42), (2, 43)),
]


def test_every_version_without_a_number_is_here() -> None:
    assert {version for version, _, _ in MARKERS} == compiled._MARKERS.keys()


@pytest.mark.parametrize(("version", "before", "first"), MARKERS)
def test_a_version_without_a_number_needs_the_glibc_that_has_it(
    version: str, before: tuple[int, int], first: tuple[int, int]
) -> None:
    assert of_version(version) == first
    elf = Elf(requires=(("libc.so.6", "GLIBC_2.34", False), ("libc.so.6", version, False)))
    assert needs(elf) == first
    [finding] = floors({"lib/a.so": elf}, before, {})
    assert (finding.rule, finding.file) == ("floor", "lib/a.so")
    assert f"needs {version} but the package declares glibc 2.{before[1]}" in finding.message
    assert [*floors({"lib/a.so": elf}, first, {})] == []


@pytest.mark.parametrize(
    ("version", "with_it"), [("GLIBC_ABI_NOT_YET", []), ("GLIBC_PRIVATE", ["floor"])]
)
def test_a_version_of_no_known_release(version: str, with_it: list[str]) -> None:
    """It fits no glibc by its number, and a private one not even the glibc that has it."""
    assert of_version(version) == ()
    elves = {"lib/a.so": Elf(requires=(("libc.so.6", version, False),))}
    has = {"libc.so.6": Elf(provides=frozenset({version}))}
    assert [one.rule for one in floors(elves, (2, 99), {})] == ["floor"]
    assert [one.rule for one in floors(elves, (2, 99), has)] == with_it
