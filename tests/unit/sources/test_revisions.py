from rootstock.sources import revisions

SHOWN = (
    """\
Package: scion
Binary: scion, libscion1
Version: 1:1.0-2+deb13u1
Files:
 00000000000000000000000000000001 10 scion_1.0.orig.tar.xz
Checksums-Sha256:
 AAAA 10 scion_1.0.orig.tar.xz
 BBBB 5 scion_1.0-2+deb13u1.debian.tar.xz
Directory: pool/updates/main/s/scion

Package: scion
Version: 0.9-1
Checksums-Sha256:
 CCCC 7 scion_0.9-1.diff.gz
""".replace("AAAA", "a" * 64)
    .replace("BBBB", "b" * 64)
    .replace("CCCC", "c" * 64)
)


def test_what_apt_shows_of_sources_is_revisions_with_files() -> None:
    first, second = revisions.parse(SHOWN, "trixie-security")
    assert (first.name, first.version, first.suite) == (
        "scion",
        "1:1.0-2+deb13u1",
        "trixie-security",
    )
    assert first.files == {
        "scion_1.0.orig.tar.xz": "a" * 64,
        "scion_1.0-2+deb13u1.debian.tar.xz": "b" * 64,
    }
    assert first.purl == (
        "pkg:deb/debian/scion@1:1.0-2+deb13u1?arch=source&distro=trixie-security"
        "#scion_1.0-2+deb13u1.debian.tar.xz"
    )
    assert (second.version, second.tarball) == ("0.9-1", "scion_0.9-1.diff.gz")


def test_nothing_is_shown_of_what_a_suite_lacks() -> None:
    assert revisions.parse("", "trixie") == []
