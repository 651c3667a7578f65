"""Files that two packages of an environment have."""

from pathlib import Path

from rootstock.audit.clash import clashes
from rootstock.audit.unpacked import UnpackedPackage


def package(*files: str, **links: str) -> UnpackedPackage:
    return UnpackedPackage(Path(), {name: Path(name) for name in files}, links)


def test_packages_that_share_folders_only_do_not_clash() -> None:
    assert not list(clashes({"a": package("bin/a", "bin/b"), "b": package("bin/c", "a")}))


def test_a_file_that_two_packages_have_is_reported() -> None:
    [line] = clashes({"one": package("bin/x", "bin/y"), "two": package("bin/x")})
    assert line == "  clash: bin/x is in two and in one"


def test_so_is_a_link() -> None:
    [line] = clashes({"one": package("x"), "two": package(x="y")})
    assert "x is in two and in one" in line


def test_case_and_the_form_of_letters_do_not_count() -> None:
    found = list(clashes({"one": package("A", "e\u0301"), "two": package("a", "\u00e9")}))
    assert [line.partition(" is in ")[2] for line in found] == [
        "two and in one (as A)",
        "two and in one (as e\u0301)",
    ]
