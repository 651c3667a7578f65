"""The file that is made of what Debian knows, and the recipes that it is about."""

from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.maintain import security
from rootstock.plan import graph as graphs
from rootstock.plan import security as known
from rootstock.plan.key import Builder
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import load_matrix, render_recipes
from rootstock.plan.security import FIXED, Analysis, SourceRecord

CHECKOUT = Checkout(Path(__file__).parents[3])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    purl = "pkg:deb/debian/scion@1:1.0-3?arch=source&distro=trixie#scion_1.0-3.debian.tar.xz"
    full = SourceRecord(
        debian=purl,
        sha256="1e" + "0" * 62,
        later=("1:1.1-1", "1:1.0-4"),
        cves={
            f"CVE-2026-000{n}": some for n, some in ((1, ("a.patch", "b.patch")), (2, ()), (3, ()))
        },
        fixed=("CVE-2026-0003",),
        states={
            "CVE-2026-0001": Analysis(state="exploitable", why="So: it is # open."),
            "CVE-2026-0002": Analysis(
                state="not_affected", why="ä", justification="code_not_present"
            ),
        },
    )
    bare = SourceRecord(later=("8.2-6",))
    found = [
        security.Surveyed(
            source=source,
            packages=("scion",),
            version="1.0",
            known=one,
            vulnerabilities=(),
            outdated=False,
        )
        for source, one in (("1" * 64, full), ("2" * 64, bare))
    ]
    path = tmp_path / "security.yaml"
    path.write_text(security.text_of(found))
    assert known.load(path) == {"1" * 64: full, "2" * 64: bare}


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    matrix = load_matrix(CHECKOUT)
    return render_recipes(CHECKOUT.recipes, matrix, matrix.cells)


def test_recipes_take_patches_of_the_revision_that_ci_security_yaml_has(
    outputs: list[Output],
) -> None:
    data = known.load(CHECKOUT.security)
    found = [(output, known.examine([output], data)) for output in outputs]
    patched = {(o.name, o.version): one for o, one in found if one and one.patched}
    assert ("python", "3.11.2") in patched
    assert [name for name, one in patched.items() if one.patched != one.debian] == []


def test_packages_of_debian_are_compared_and_have_all_patches_of_their_source(
    outputs: list[Output],
) -> None:
    data = known.load(CHECKOUT.security)
    of_debian = [o for o in outputs if o.extra["origin"] == "deb" and "scope" not in o.extra]
    assert {"libssl1.1", "krb5", "xorg-libx11"} <= {output.name for output in of_debian}
    found = {output.name: known.examine([output], data) for output in of_debian}
    assert [name for name, one in found.items() if not one or not one.debian] == []
    of_source = [data[entry["sha256"]] for one in of_debian for entry in one.sources]
    lacking = [
        (one.debian, cve)
        for one in of_source
        for cve, patches in one.cves.items()
        if patches and cve not in one.fixed
    ]
    assert lacking == []


def test_packages_of_gcc_are_compared_by_the_source_that_they_are_parts_of(
    outputs: list[Output],
) -> None:
    libraries = ("libatomic", "libgcc", "libgomp", "libstdcxx", "libstdcxx-devel_linux-64")
    parts = ("gcc", "gxx", *libraries)
    cell = replace(load_matrix(CHECKOUT).cells[0], sets=())
    graph = graphs.plan(outputs, [cell], parts, Builder(image="i", parts={}), {})
    data = known.load(CHECKOUT.security)
    found = {
        node.output.name: known.examine(graph.origins(id_), data)
        for id_, node in graph.nodes.items()
    }
    revisions = {name: one.debian if (one := found[name]) else "" for name in parts}
    assert [name for name, one in revisions.items() if "/gcc-14@14.2.0-" not in one] == []


def test_a_state_is_of_a_cve_that_no_patch_fixes_and_no_cve_lacks_one(
    outputs: list[Output],
) -> None:
    data = known.load(CHECKOUT.security)
    wrong = set()
    for output in outputs:
        entries = [data[e["sha256"]] for e in output.sources if e["sha256"] in data]
        stated = {cve for one in entries for cve in one.states}
        by_debian = {cve for one in entries for cve in one.fixed}
        for one in getattr(known.examine([output], data), "vulnerabilities", ()):
            fixed = one.analysis.state == FIXED or one.cve in by_debian
            if fixed == (one.cve in stated):
                wrong.add((output.name, output.version, one.cve))
    assert wrong == set()
