"""What a revision's tarball says, and the file that is made of it."""

import io
import tarfile
from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.maintain import security
from rootstock.plan import security as known
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import load_matrix, render_recipes
from rootstock.plan.security import FIXED, Analysis, SourceRecord

CHECKOUT = Checkout(Path(__file__).parents[3])

CHANGELOG = """\
scion (1:1.0-3) trixie; urgency=medium

  * CVE-2026-0001: a first one
  * CVE-2026-0002

 -- A Person <a@example.org>  Sun, 14 Jun 2026 14:32:03 +0200

scion (1:1.0-2) trixie; urgency=medium

  * CVE-2026-0003

 -- A Person <a@example.org>  Sat, 13 Jun 2026 14:32:03 +0200

scion (1:0.9-1) unstable; urgency=medium

  * CVE-2025-0001

 -- A Person <a@example.org>  Sat, 13 Jun 2025 14:32:03 +0200
"""
CHANGE = "--- a/CVE-2026-9999\n+++ b/file\n@@ -1 +1 @@\n-CVE-2026-9998\n+CVE-2026-9997\n"
FILES = {
    "debian/changelog": CHANGELOG,
    "debian/patches/series": "CVE-2026-0001.patch\nplain.patch # Debian's\n\nnone.patch\n",
    "debian/patches/CVE-2026-0001.patch": CHANGE,
    "debian/patches/plain.patch": f"Subject: fix CVE-2026-0004\n and CVE-2026-0001\n{CHANGE}",
    "debian/patches/none.patch": CHANGE,
    "debian/patches/unused.patch": f"Subject: CVE-2026-0005\n{CHANGE}",
    "debian/rules": "CVE-2026-0006\n",
}


def tarball(path: Path) -> Path:
    with tarfile.open(path, "w:xz") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_a_tarball_names_cves_in_its_changelog_and_its_patches(tmp_path: Path) -> None:
    assert security.read(tarball(tmp_path / "scion.debian.tar.xz"), "1:1.0-3") == {
        "CVE-2026-0001": ("CVE-2026-0001.patch", "plain.patch"),
        "CVE-2026-0002": (),
        "CVE-2026-0003": (),
        "CVE-2026-0004": ("plain.patch",),
    }


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    purl = "pkg:deb/debian/scion@1:1.0-3?arch=source&distro=trixie#scion_1.0-3.debian.tar.xz"
    full = SourceRecord(
        debian=purl,
        sha256="1e" + "0" * 62,
        later=("1:1.1-1", "1:1.0-4"),
        cves={"CVE-2026-0001": ("a.patch", "b.patch"), "CVE-2026-0002": ()},
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
    found = [(output, known.examine(output, data)) for output in outputs]
    patched = {(o.name, o.version): one for o, one in found if one and one.patched}
    assert ("python", "3.11.2") in patched
    assert [name for name, one in patched.items() if one.patched != one.debian] == []


def test_a_state_is_of_a_cve_that_no_patch_fixes_and_no_cve_lacks_one(
    outputs: list[Output],
) -> None:
    data = known.load(CHECKOUT.security)
    wrong = set()
    for output in outputs:
        stated = {
            cve for e in output.sources if e["sha256"] in data for cve in data[e["sha256"]].states
        }
        for vulnerability in getattr(known.examine(output, data), "vulnerabilities", ()):
            fixed = vulnerability.analysis.state == FIXED
            if fixed == (vulnerability.cve in stated):
                wrong.add((output.name, output.version, vulnerability.cve))
    assert wrong == set()
