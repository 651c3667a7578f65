from collections.abc import Mapping
from pathlib import Path

import pytest

from rootstock.audit import declared
from rootstock.audit.link import Linker, Tree
from rootstock.audit.subject import InstalledPackage
from rootstock.core.elf import Elf

SITE = "lib/python3.11/site-packages"


def member(name: str, *files: str, depends: tuple[str, ...] = ()) -> InstalledPackage:
    return InstalledPackage(name=name, depends=depends, files=files)


def linker(elves: Mapping[str, Elf]) -> Linker:
    return Linker(Tree({name: Path("/x") / name for name in elves}, {}), elves.get, {})


ELVES = {
    "lib/libtop.so": Elf(soname="libtop.so", needed=("liblow.so",), rpath="$ORIGIN"),
    "lib/liblow.so": Elf(soname="liblow.so"),
}


@pytest.mark.parametrize(
    ("depends", "said"),
    [(("low",), False), (("middle",), False), ((), True), (("other",), True)],
)
def test_the_package_of_a_library_is_a_dependency(depends: tuple[str, ...], said: bool) -> None:
    members = [
        member("top", "lib/libtop.so", depends=depends),
        member("middle", depends=("low",)),
        member("low", "lib/liblow.so"),
    ]
    found = [*declared.undeclared(members, {}, linker(ELVES))]
    assert [(one.rule, one.file) for one in found] == [("undeclared", "lib/libtop.so")] * said
    assert all("needs lib/liblow.so of low" in one.message for one in found)


def test_a_library_that_no_package_has_is_not_reported_of() -> None:
    members = [member("top", "lib/libtop.so")]
    assert [*declared.undeclared(members, {}, linker(ELVES))] == []


@pytest.mark.parametrize("depends", [("numpy",), ("pandas",), ("python",)])
def test_the_package_of_a_module_is_a_dependency(tmp_path: Path, depends: tuple[str, ...]) -> None:
    (tmp_path / "x.py").write_text("import numpy, json, nobody\n")
    members = [
        member("x", f"{SITE}/x.py", depends=depends),
        member("pandas", depends=("numpy",)),
        member("numpy", f"{SITE}/numpy/__init__.py"),
    ]
    found = [*declared.undeclared(members, {f"{SITE}/x.py": tmp_path / "x.py"}, linker({}))]
    if depends == ("python",):
        [finding] = found
        assert (finding.rule, finding.file) == ("undeclared", f"{SITE}/x.py")
        assert "imports numpy of numpy, on which its package x does not depend" in finding.message
    else:
        assert found == []


def test_a_plugin_imports_what_depends_on_it(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import host\n")
    members = [
        member("x", f"{SITE}/x.py", depends=("python",)),
        member("host", f"{SITE}/host.py", depends=("x",)),
    ]
    paths = {f"{SITE}/x.py": tmp_path / "x.py"}
    assert [*declared.undeclared(members, paths, linker({}))] == []


def test_dependencies_with_libraries_that_nothing_needs() -> None:
    members = [
        member("top", "lib/libtop.so", depends=("low", "idle", "tool", "module")),
        member("low", "lib/liblow.so"),
        member("idle", "lib/libidle.so.1"),
        member("tool", "lib/libtool.so", "bin/tool"),
        member("module", "lib/libmodule.so", f"{SITE}/module.py"),
    ]
    assert declared.unused(members, linker(ELVES)) == {"top": ["idle"]}


def test_what_a_package_imports_is_in_its_dependencies(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import numpy, json\nimport pytz\n")
    paths = {"site-packages/x.py": tmp_path / "x.py"}
    others = [member("numpy", f"{SITE}/numpy/__init__.py"), member("python")]
    found = [*declared.unresolved(member("x", *paths), lambda: others, paths)]
    assert [(one.file, one.message.partition(",")[0]) for one in found] == [
        ("site-packages/x.py", "imports pytz")
    ]


def test_dependencies_are_not_read_for_what_imports_only_pythons_modules(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import __main__, json\n")
    paths = {"site-packages/x.py": tmp_path / "x.py"}

    def others() -> list[InstalledPackage]:
        raise AssertionError

    assert [*declared.unresolved(member("x", *paths), others, paths)] == []
