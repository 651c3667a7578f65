"""What a revision's tarball says."""

import gzip
import io
import tarfile
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest

from rootstock.maintain import changelog

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


def pack(path: Path) -> Path:
    with tarfile.open(path, "w:xz") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path


def diff(path: Path) -> Path:
    """Write the same as a source package of format 1.0 has it."""
    parts: list[str] = []
    for name, text in FILES.items():
        lines = text.splitlines(keepends=True)
        names = (f"scion-1.0.orig/{name}", f"scion-1.0/{name}", "1970-01-01", "2026-06-14")
        parts += unified_diff([], lines, *names)
    path.write_bytes(gzip.compress("".join(parts).encode()))
    return path


@pytest.mark.parametrize(
    ("write", "name"), [(pack, "scion.debian.tar.xz"), (diff, "scion_1.0-3.diff.gz")]
)
def test_a_revision_names_cves_in_its_changelog_and_its_patches(
    tmp_path: Path, write: Callable[[Path], Path], name: str
) -> None:
    texts = changelog.unpack(write(tmp_path / name))
    assert "debian/rules" not in texts
    assert changelog.read(texts, "1:1.0-3") == {
        "CVE-2026-0001": ("CVE-2026-0001.patch", "plain.patch"),
        "CVE-2026-0002": (),
        "CVE-2026-0003": (),
        "CVE-2026-0004": ("plain.patch",),
    }


@pytest.mark.parametrize(
    ("built", "fixed"),
    [
        ("1:1.0-3", ["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0004"]),
        ("1:1.0-2", ["CVE-2026-0003"]),
        ("1:0.9-1", []),
    ],
)
def test_a_package_has_fixed_what_the_changelog_says_up_to_its_own_revision(
    built: str, fixed: list[str]
) -> None:
    assert sorted(changelog.fixed_in(FILES, "1:1.0-3", built)) == fixed


def test_what_is_named_since_a_date_is_of_any_version() -> None:
    second, first = (entry.date for entry in changelog.entries(FILES)[1:])
    assert changelog.named_since(FILES, second) == ("CVE-2026-0001", "CVE-2026-0002")
    assert changelog.named_since(FILES, first)[-1] == "CVE-2026-0003"
