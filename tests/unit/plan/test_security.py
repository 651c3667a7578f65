from pathlib import Path

import pytest

from rootstock.core.errors import UsageError
from rootstock.plan import security
from rootstock.plan.checks import findings
from rootstock.plan.recipe import Output, render
from rootstock.plan.security import Analysis, Examined, SourceRecord

TARBALL = "pkg:deb/debian/scion@1.0-2?arch=source&distro=trixie#scion_1.0-2.debian.tar.xz"
SOURCE, PATCHES = "a1" * 32, "b2" * 32
RECIPE = f"""\
package: {{name: scion, version: "1.0"}}
source:
  - url: https://example.org/scion-1.0.tgz
    sha256: "{SOURCE}"
  - url: {TARBALL}
    sha256: "{PATCHES}"
    target_directory: debian
  - path: own.series
    target_directory: debian
build: {{script: [make]}}
tests: [{{script: ["true"]}}]
about: {{license: MIT, summary: A scion}}
extra: {{rootstock: {{origin: source, released: "2024-08-13"}}}}
"""
SERIES = """\
# Of 1.0-2.
CVE-2026-0001-and-CVE-2026-0002.patch
later.patch # CVE-2026-0003, with its tests

CVE-2026-0001-again.patch -p1
"""
ENTRY = f"""\
{SOURCE}:
  debian: {TARBALL}
  sha256: "{PATCHES}"
  later: 1.1-1 1.0-3
  cves:
    CVE-2026-0001: one.patch two.patch
    CVE-2026-0004: ""
  fixed: CVE-2026-0001
  states:
    CVE-2026-0004: {{state: not_affected, justification: code_not_present, why: Not built.}}
"""


def rendered(folder: Path, recipe: str = RECIPE, series: str = SERIES) -> Output:
    (folder / "recipe.yaml").write_text(recipe)
    (folder / "own.series").write_text(series)
    [output] = render(folder, {}, (), "linux-64")
    return output


def test_a_series_names_patches_and_their_cves(tmp_path: Path) -> None:
    found = security.patches_of(rendered(tmp_path))
    assert [(one.name, one.cves) for one in found] == [
        ("CVE-2026-0001-and-CVE-2026-0002.patch", ("CVE-2026-0001", "CVE-2026-0002")),
        ("later.patch", ("CVE-2026-0003",)),
        ("CVE-2026-0001-again.patch", ("CVE-2026-0001",)),
    ]


def test_what_the_recipe_patches_is_fixed_and_the_rest_is_as_somebody_found(tmp_path: Path) -> None:
    harmless = Analysis(state="not_affected", justification="code_not_present", why="Not built.")
    cves = {f"CVE-2026-000{n}": () for n in (1, 4, 5)}
    known = SourceRecord(
        debian=TARBALL,
        sha256=PATCHES,
        later=("1.1-1",),
        cves=cves,
        # What was found out before the recipe had the patch does not count.
        states={"CVE-2026-0004": harmless, "CVE-2026-0001": harmless},
    )
    examined = security.examine([rendered(tmp_path)], {SOURCE: known, "3" * 64: SourceRecord()})
    assert examined
    assert (examined.debian, examined.patched, examined.later) == (TARBALL, TARBALL, ("1.1-1",))
    assert {
        one.cve: (one.analysis.state, one.open, one.patches) for one in examined.vulnerabilities
    } == {
        "CVE-2026-0001": (
            *("resolved_with_pedigree", False),
            ("CVE-2026-0001-and-CVE-2026-0002.patch", "CVE-2026-0001-again.patch"),
        ),
        "CVE-2026-0002": (
            *("resolved_with_pedigree", False),
            ("CVE-2026-0001-and-CVE-2026-0002.patch",),
        ),
        "CVE-2026-0003": ("resolved_with_pedigree", False, ("later.patch",)),
        "CVE-2026-0004": ("not_affected", False, ()),
        "CVE-2026-0005": ("in_triage", True, ()),
    }


def test_without_patches_all_that_is_known_is_open(tmp_path: Path) -> None:
    recipe = RECIPE.replace("  - path: own.series\n    target_directory: debian\n", "")
    output = rendered(tmp_path, recipe)
    assert security.examine([output], {}) is None
    known = SourceRecord(debian=TARBALL, sha256=PATCHES, cves={"CVE-2026-0001": ("one.patch",)})
    examined = security.examine([output], {SOURCE: known})
    assert examined
    assert [one.open for one in examined.vulnerabilities] == [True]


def test_a_package_of_debian_has_fixed_what_its_build_had(tmp_path: Path) -> None:
    recipe = RECIPE[: RECIPE.index("  - url: pkg:deb")] + RECIPE[RECIPE.index("build:") :]
    known = SourceRecord(
        debian=TARBALL,
        sha256=PATCHES,
        cves={
            "CVE-2026-0001": ("one.patch",),
            "CVE-2026-0002": (),
            "CVE-2026-0003": ("new.patch",),
        },
        fixed=("CVE-2026-0001", "CVE-2026-0002"),
    )
    found = security.examine([rendered(tmp_path, recipe)], {SOURCE: known})
    assert found
    assert (found.debian, found.patched) == (TARBALL, TARBALL)
    assert [
        (one.cve, one.analysis.state, one.open, one.patches) for one in found.vulnerabilities
    ] == [
        ("CVE-2026-0001", "resolved_with_pedigree", False, ("one.patch",)),
        ("CVE-2026-0002", "resolved", False, ()),
        ("CVE-2026-0003", "in_triage", True, ()),
    ]


def test_a_source_that_was_compared_with_nothing_has_no_flaws(tmp_path: Path) -> None:
    recipe = RECIPE[: RECIPE.index("  - url: pkg:deb")] + RECIPE[RECIPE.index("build:") :]
    found = security.examine([rendered(tmp_path, recipe)], {SOURCE: SourceRecord(later=("8.2-6",))})
    assert found == Examined(debian="", patched="", later=("8.2-6",), vulnerabilities=())


def test_a_part_of_two_packages_has_the_flaws_of_both(tmp_path: Path) -> None:
    other = "c3" * 32
    plain = RECIPE[: RECIPE.index("  - url: pkg:deb")] + RECIPE[RECIPE.index("build:") :]
    outputs = []
    for name, recipe in (("own", RECIPE), ("other", plain.replace(SOURCE, other))):
        (tmp_path / name).mkdir()
        outputs.append(rendered(tmp_path / name, recipe))
    known = {
        SOURCE: SourceRecord(debian=TARBALL, sha256=PATCHES, later=("1.1-1",)),
        other: SourceRecord(
            debian=TARBALL, sha256=PATCHES, later=("2.1-1",), cves={"CVE-2026-0009": ()}
        ),
    }
    found = security.examine(outputs, known)
    assert found
    assert (found.debian, found.later) == (TARBALL, ("1.1-1", "2.1-1"))
    assert [one.cve for one in found.vulnerabilities if one.open] == ["CVE-2026-0009"]
    assert len(found.vulnerabilities) == 4  # with those that the series of the first names
    assert security.examine([], known) is None


@pytest.mark.parametrize(
    ("recipe", "series", "message"),
    [
        (RECIPE, SERIES, None),
        (RECIPE, "one.patch\n", "own.series does not say which CVE 'one.patch' is for"),
        (
            RECIPE.replace("own.series\n    target_directory: debian", "own.series"),
            SERIES,
            "no source with .debian.tar. in its name has the target_directory of own.series",
        ),
    ],
)
def test_a_series_without_a_tarball_or_a_cve_is_a_fault(
    tmp_path: Path, recipe: str, series: str, message: str | None
) -> None:
    found = findings([rendered(tmp_path, recipe, series)])
    assert [one.message for one in found] == ([message] if message else [])
    assert all(recipe.splitlines()[one.line - 1] == "  - path: own.series" for one in found)


def test_what_is_known_is_read(tmp_path: Path) -> None:
    path = tmp_path / "security.yaml"
    assert security.load(path) == {}
    path.write_text(ENTRY)
    [known] = security.load(path).values()
    assert (known.revision, known.later) == ("1.0-2", ("1.1-1", "1.0-3"))
    assert known.cves == {"CVE-2026-0001": ("one.patch", "two.patch"), "CVE-2026-0004": ()}
    assert known.fixed == ("CVE-2026-0001",)
    assert known.states["CVE-2026-0004"].why == "Not built."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (SOURCE, "a1" * 31, "sha256"),
        ("pkg:deb", "pkg:rpm", "not a package URL"),
        ("CVE-2026-0001", "2026-0001", "'2026-0001' is not one of the CVEs of a1a1a1a1a1a1"),
        ("    CVE-2026-0004: {", "    CVE-2026-0009: {", "'CVE-2026-0009' is not one of the CVEs"),
        ("fixed: CVE-2026-0001", "fixed: CVE-2026-0008", "'CVE-2026-0008' is not one of the CVEs"),
        ("not_affected", "harmless", "state is 'harmless'"),
        ("code_not_present", "luck", "justification is 'luck'"),
        ("not_affected", "exploitable", "not_affected, and only that, has a justification"),
        (", why: Not built.", "", "missing: why"),
    ],
)
def test_an_error_in_what_is_known_has_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "security.yaml"
    path.write_text(ENTRY.replace(old, new, 1) if old != SOURCE else ENTRY.replace(SOURCE, new))
    with pytest.raises(UsageError, match=r"security\.yaml:\d+: ") as caught:
        security.load(path)
    assert message in caught.value.message
