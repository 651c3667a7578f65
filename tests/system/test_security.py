"""Patches of Debian are applied as their series says, and a release says what is open."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CHECKOUT, COMMAND, ROOT, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
SCION = """
package: {name: scion, version: "1.0"}
source:
  - {url: "UPSTREAM", sha256: "UPSTREAM_SHA256"}
  - {url: "DEBIAN", sha256: "DEBIAN_SHA256", target_directory: debian}
  - {path: own.series, target_directory: debian}
build:
  noarch: generic
  script: [apply-debian-patches, "install -D leaf.txt $PREFIX/share/scion.txt"]
requirements: {build: [debian-patches]}
tests: [{script: ["grep -qx 2 $PREFIX/share/scion.txt"]}]
about: {license: MIT, license_file: leaf.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""
# What users get of a package that is for builds only.
SHOOT = """
package: {name: shoot, version: "1.0"}
build:
  noarch: generic
  script: ["install -D $BUILD_PREFIX/share/scion.txt $PREFIX/share/shoot.txt"]
requirements: {build: [scion]}
tests: [{script: ["grep -qx 2 $PREFIX/share/shoot.txt"]}]
about: {license: MIT, license_file: license.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""
CHANGE = "Description: Another number\n\n--- a/leaf.txt\n+++ b/leaf.txt\n@@ -1 +1 @@\n-{}\n+{}\n"
FIRST, SECOND = "CVE-2026-0001.patch", "second.patch # CVE-2026-0002"


def pack(path: Path, files: Mapping[str, str]) -> tuple[str, str]:
    """Write a tarball; return its URL and its sha256."""
    with tarfile.open(path, "w:xz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest()


def scion(bench: Bench, *series: str) -> str:
    """Add a package that takes patches of a made-up Debian; return the sha256 of its source."""
    upstream = pack(bench.home.parent / "scion-1.0.tar.xz", {"scion-1.0/leaf.txt": "0\n"})
    patches = {"series": "CVE-2026-0001.patch\nsecond.patch\n", "second.patch": CHANGE.format(1, 2)}
    patches["CVE-2026-0001.patch"] = CHANGE.format(0, 1)
    files = {f"debian/patches/{name}": text for name, text in patches.items()}
    debian = pack(bench.home.parent / "scion_1.0-1.debian.tar.xz", files)
    recipe = SCION
    for word, (url, sha256) in (("UPSTREAM", upstream), ("DEBIAN", debian)):
        recipe = recipe.replace(f"{word}_SHA256", sha256).replace(word, url)
    bench.recipe("scion", recipe_yaml=recipe, own_series="\n".join(series))
    runs = ROOT.replace("run: [", "run: [scion, ")
    bench.recipe("root", recipe_yaml=runs)
    applies = bench.checkout / "recipes/small/debian-patches"
    if not applies.exists():
        shutil.copytree(CHECKOUT / "recipes/toolchain/debian-patches", applies)
    return upstream[1]


def releases(bench: Bench, *words: str) -> str:
    command = [*COMMAND, "releases", *words, "--channel", str(bench.channel)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def surveyed(bench: Bench, sha256: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `security --write` says of the only source, and what it writes about it."""
    command = [*COMMAND, "security", "--write", "--json", "--checkout", str(bench.checkout)]
    done = subprocess.run(command, env=bench.env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)["sources"]
    return row, yaml.safe_load((bench.checkout / "ci/security.yaml").read_text())[sha256]


def surveyed_source(
    bench: Bench, file: str, sha256: str, listed: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same for a source of which ci/sources.yaml says that Debian has it."""
    source = f"source: {{url: https://example.org/{file}, sha256: {sha256}}}"
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", source))
    (bench.checkout / "ci/sources.yaml").write_text(f"{sha256}: {listed}\n")
    return surveyed(bench, sha256)


def test_patches_are_applied_and_the_release_says_what_is_open(bench: Bench) -> None:
    source = scion(bench, "# Of 1.0-1.", FIRST, SECOND)
    known = {
        "debian": "pkg:deb/debian/scion@1.0-1?arch=source&distro=trixie#scion_1.0-1.debian.tar.xz",
        "sha256": "0" * 64,
        "later": "1.0-2",
        "cves": {"CVE-2026-0001": FIRST, "CVE-2026-0003": "", "CVE-2026-0004": ""},
        "states": {"CVE-2026-0004": {"state": "resolved", "why": "Version 1.0 has the fix."}},
    }
    (bench.checkout / "ci/security.yaml").write_text(yaml.safe_dump({source: known}))
    done = bench.run("build", *CELL)
    assert done.returncode == 0, done.stderr
    found = json.loads(releases(bench, "--holes", "--json"))
    assert [(one["cve"], one["package"], one["state"]) for one in found["open"]] == [
        ("CVE-2026-0003", "scion", "in_triage")
    ]
    assert [one["cve"] for one in found["patched"]] == ["CVE-2026-0001", "CVE-2026-0002"]
    assert [one["cve"] for one in found["harmless"]] == ["CVE-2026-0004"]
    assert found["later"] == {"scion": "1.0-2"}
    assert found["untracked"] == ["python", "root"]
    assert "CVE-2026-0003  scion 1.0" in releases(bench, "--holes")


def test_a_part_of_a_package_for_builds_has_its_sources_and_what_is_known_of_them(
    bench: Bench,
) -> None:
    source = scion(bench, FIRST, SECOND)
    whole = (bench.checkout / "recipes/small/scion/recipe.yaml").read_text()
    bench.recipe(
        "scion", recipe_yaml=whole.replace("verified: true", "verified: true, scope: image")
    )
    bench.recipe("shoot", recipe_yaml=SHOOT, license_txt="MIT\n")
    bench.recipe("root", recipe_yaml=ROOT.replace("run: [", "run: [shoot, "))
    known = {"cves": {"CVE-2026-0001": FIRST, "CVE-2026-0003": ""}}
    (bench.checkout / "ci/security.yaml").write_text(yaml.safe_dump({source: known}))
    done = bench.run("build", *CELL)
    assert done.returncode == 0, done.stderr
    found = json.loads(releases(bench, "--holes", "--json"))
    stated = {one["cve"]: one["package"] for one in (*found["open"], *found["patched"])}
    assert stated == dict.fromkeys([f"CVE-2026-000{number}" for number in (3, 1, 2)], "shoot")
    assert found["untracked"] == ["python", "root"]
    [sbom] = bench.channel.glob("releases/*/*.cdx.json")
    [shoot] = [one for one in json.loads(sbom.read_text())["components"] if one["name"] == "shoot"]
    hashes = [one["hashes"][0]["content"] for one in shoot["pedigree"]["ancestors"]]
    assert source in hashes and len(hashes) == 2


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ((SECOND, FIRST), "CVE-2026-0001.patch comes before second.patch in Debian's series"),
        ((FIRST, "CVE-2026-0005.patch"), "CVE-2026-0005.patch is not in Debian's series"),
        ((SECOND,), "second.patch does not apply"),
    ],
)
def test_a_build_fails_where_a_patch_is_not_as_in_debians_series(
    bench: Bench, series: tuple[str, ...], message: str
) -> None:
    scion(bench, *series)
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_newest_revision_of_a_source_is_found_in_debians_archives(bench: Bench) -> None:
    # Debian 11 is frozen, and the last revision is among its security updates.
    sha256 = "3c2034c54f811448f516668dce09d24008a0716c3a794dd8639b5388cbde247d"
    listed = "pkg:deb/debian/python3.9@3.9.2-1?arch=source&distro=bullseye#python3.9.orig.tar.xz"
    row, known = surveyed_source(bench, "Python-3.9.2.tar.xz", sha256, listed)
    assert row["debian"].startswith("pkg:deb/debian/python3.9@3.9.2-1+deb11u")
    assert "distro=bullseye-security#" in row["debian"]
    assert {"CVE-2021-3737", "CVE-2025-4516"} <= {*row["open"]}
    assert known["cves"]["CVE-2025-6069"] == "CVE-2025-6069.patch"


def test_a_revision_before_the_compared_one_is_not_a_later_one(bench: Bench) -> None:
    # Debian 13 has mpfr 4.2.2-1, and its newest suite a later revision of the same source.
    sha256 = "b67ba0383ef7e8a8563734e2e889ef5ec3c3b898a01d00fa0a6869ad81c6ce01"
    listed = "pkg:deb/debian/mpfr4@4.2.2-1?arch=source&distro=trixie#mpfr4_4.2.2.orig.tar.xz"
    row, known = surveyed_source(bench, "mpfr-4.2.2.tar.xz", sha256, listed)
    assert row["debian"].startswith("pkg:deb/debian/mpfr4@4.2.2-")
    assert "4.2.2-1" not in row["later"]
    assert "4.2.2-1" not in known.get("later", "").split()


def test_a_package_of_debian_is_compared_with_later_revisions_of_its_source(bench: Bench) -> None:
    # Debian 11 as it was when it was frozen. Its security updates have more patches.
    sha256 = "5ef1bac55f8e8f0736ee554429c77c2cb7c0d03773d6b60a16b552c185aa490f"
    file = "libkrb5support0_1.18.3-6+deb11u5_amd64.deb"
    url = f"pkg:deb/debian/libkrb5support0@1.18.3-6+deb11u5?arch=amd64&distro=bullseye#{file}"
    recipe = ROOT.replace("source: {path: root.txt}", f'source: {{url: "{url}", sha256: {sha256}}}')
    bench.recipe("root", recipe_yaml=recipe.replace("origin: source", "origin: deb"))
    row, known = surveyed(bench, sha256)
    assert row["debian"].startswith("pkg:deb/debian/krb5@1.18.3-6+deb11u")
    assert {"CVE-2025-24528", "CVE-2025-3576"} <= {*row["open"]}
    assert {"CVE-2024-37370", "CVE-2021-36222"} <= {*known["fixed"].split()}
    assert not {*row["open"]} & {*known["fixed"].split()}
