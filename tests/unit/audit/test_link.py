"""A dynamic link on paper, over files that are only described."""

from pathlib import Path

import pytest

from rootstock.audit.compiled import _problems
from rootstock.audit.link import Linker, Problem, Tree, expand
from rootstock.core.elf import Elf, export_keys, unversioned, wanted_key

LIBC = Elf(
    soname="libc.so.6",
    provides=frozenset({"GLIBC_2.2.5", "GLIBC_2.17"}),
    exports=frozenset(
        [
            *export_keys(b"puts", b"GLIBC_2.2.5"),
            *export_keys(b"memcpy", b"GLIBC_2.2.5", hidden=True),
            *export_keys(b"memcpy", b"GLIBC_2.17"),
        ]
    ),
)


def linker(elves: dict[str, Elf], links: dict[str, str] | None = None) -> Linker:
    tree = Tree({name: Path("/x") / name for name in elves}, links or {})
    return Linker(tree, elves.get, {"libc.so.6": LIBC})


def lib(name: str, *needed: str, **fields: object) -> Elf:
    return Elf(soname=name, needed=needed, **fields)  # type: ignore[arg-type]


def missing(elves: dict[str, Elf], root: str) -> set[Problem]:
    return linker(elves).problems(root, elves.keys())


@pytest.mark.parametrize(
    ("entry", "folder", "place"),
    [
        ("$ORIGIN", "lib", "lib"),
        ("${ORIGIN}/../lib", "bin", "lib"),
        ("$ORIGIN/", "lib", "lib"),
        ("$ORIGIN/..", "lib", "."),
        ("$ORIGIN/../..", "lib", None),
        ("/usr/lib", "lib", None),
        ("", "lib", None),
        ("lib", "", None),
        ("$ORIGINAL", "lib", None),
        ("$LIB", "lib", None),
    ],
)
def test_rpath_entries(entry: str, folder: str, place: str | None) -> None:
    assert expand(entry, folder) == place


def test_paths_are_found_through_links_as_the_kernel_does() -> None:
    tree = Tree(
        {"lib/real/liba.so.1.2": Path("x")},
        {
            "lib/liba.so": "real/liba.so.1",
            "lib/real/liba.so.1": "liba.so.1.2",
            "lib64": "lib",
            "loop": "loop",
            "out": "../../etc/passwd",
            "absolute": "/lib/real/liba.so.1.2",
        },
    )
    assert tree.find("lib64/liba.so") == "lib/real/liba.so.1.2"
    assert tree.find("lib64/../lib/real/../liba.so") == "lib/real/liba.so.1.2"
    for path in ("loop", "out", "absolute", "lib/libb.so", "lib/real"):
        assert tree.find(path) is None


def test_runpath_is_not_inherited_and_rpath_is() -> None:
    low = lib("liblow.so")
    middle = lib("libmiddle.so", "liblow.so")
    elves = {"lib/liblow.so": low, "lib/x/libmiddle.so": middle}
    gone = Problem("lib/x/libmiddle.so", "library", ("liblow.so",))
    path = "$ORIGIN/../lib:$ORIGIN/../lib/x"
    with_rpath = {**elves, "bin/a": Elf(program=True, needed=("libmiddle.so",), rpath=path)}
    assert missing(with_rpath, "bin/a") == set()
    with_runpath = {**elves, "bin/a": Elf(program=True, needed=("libmiddle.so",), runpath=path)}
    assert missing(with_runpath, "bin/a") == {gone}
    assert missing(elves, "lib/x/libmiddle.so") == {gone}


def test_runpath_of_a_library_turns_the_rpath_of_its_loader_off() -> None:
    elves = {
        "lib/liblow.so": lib("liblow.so"),
        "lib/x/libmiddle.so": lib("libmiddle.so", "liblow.so", runpath="$ORIGIN"),
        "bin/a": Elf(
            program=True, needed=("libmiddle.so",), rpath="$ORIGIN/../lib/x:$ORIGIN/../lib"
        ),
    }
    assert missing(elves, "bin/a") == {Problem("lib/x/libmiddle.so", "library", ("liblow.so",))}


def test_what_is_loaded_already_is_not_searched_again() -> None:
    elves = {
        "lib/liblow.so": lib("liblow.so"),
        "lib/x/libmiddle.so": lib("libmiddle.so", "liblow.so"),
        "bin/a": Elf(
            program=True,
            needed=("liblow.so", "libmiddle.so"),
            runpath="$ORIGIN/../lib:$ORIGIN/../lib/x",
        ),
    }
    assert missing(elves, "bin/a") == set()


def test_no_folder_of_the_machine_is_looked_into() -> None:
    elves = {"lib/a.so": lib("a.so", "libz.so.1", "libc.so.6", "/lib/libm.so.6")}
    assert missing(elves, "lib/a.so") == {
        Problem("lib/a.so", "library", ("libz.so.1",)),
        Problem("lib/a.so", "library", ("/lib/libm.so.6",)),
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (wanted_key(b"puts", b"GLIBC_2.2.5"), True),
        (wanted_key(b"puts"), True),
        (wanted_key(b"memcpy", b"GLIBC_2.2.5"), True),
        (wanted_key(b"memcpy"), True),
        (wanted_key(b"puts", b"GLIBC_2.34"), False),
        (wanted_key(b"_dl_find_object"), False),
        (wanted_key(b"own", b"V1"), True),  # defined here without a version
    ],
)
def test_symbols_are_bound_by_name_and_version(wanted: bytes, found: bool) -> None:
    own = frozenset(export_keys(b"own"))
    elves = {"a.so": lib("a.so", "libc.so.6", wanted=frozenset({wanted}), exports=own)}
    gone = Problem("a.so", "symbols", (wanted.decode(),))
    assert missing(elves, "a.so") == (set() if found else {gone})


def test_hidden_versions_serve_only_those_who_ask_for_them() -> None:
    keys = export_keys(b"old", b"V1", hidden=True)
    assert wanted_key(b"old", b"V1") in keys
    assert wanted_key(b"old") not in keys
    assert unversioned(wanted_key(b"old", b"V2")) not in keys


def test_versions_that_a_library_does_not_define() -> None:
    requires = (
        ("libc.so.6", "GLIBC_2.17", False),
        ("libc.so.6", "GLIBC_2.34", False),
        ("libc.so.6", "GLIBC_2.36", True),  # weak: ld.so lets it pass
    )
    elves = {"a.so": lib("a.so", "libc.so.6", requires=requires)}
    assert missing(elves, "a.so") == {Problem("a.so", "version", ("libc.so.6@GLIBC_2.34",))}


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("GLIBCXX_3.4.33", True),  # GCC 14's newest two
        ("CXXABI_1.3.15", True),
        ("GLIBCXX_3.4.34", False),  # GCC 15's
        ("CXXABI_1.3.16", False),
    ],
)
def test_versions_of_cxx_are_those_of_the_installed_libstdcxx(version: str, found: bool) -> None:
    soname = "libstdc++.so.6"
    provides = frozenset({"GLIBCXX_3.4", "GLIBCXX_3.4.33", "CXXABI_1.3", "CXXABI_1.3.15"})
    requires = tuple((soname, one, False) for one in ("GLIBCXX_3.4", "CXXABI_1.3", version))
    elves = {
        f"lib/{soname}": lib(soname, "libc.so.6", provides=provides),
        "lib/a.so": lib("a.so", soname, rpath="$ORIGIN", requires=requires),
    }
    gone = Problem("lib/a.so", "version", (f"{soname}@{version}",))
    assert missing(elves, "lib/a.so") == (set() if found else {gone})


def test_a_host_gives_its_symbols_to_what_it_loads() -> None:
    plugin = lib("plugin.so", wanted=frozenset({b"Py_Main"}))
    python = lib("", program=True, exports=frozenset(export_keys(b"Py_Main")))
    one = linker({"plugin.so": plugin, "bin/python": python})
    assert one.problems("plugin.so", {"plugin.so"}) == {
        Problem("plugin.so", "symbols", ("Py_Main",))
    }
    assert one.problems("plugin.so", {"plugin.so"}, "bin/python") == set()


def test_a_host_gives_the_symbols_of_its_own_libraries_too() -> None:
    elves = {
        "plugin.so": lib("plugin.so", wanted=frozenset({b"log10"})),
        "bin/python": lib("", "libm.so.6", program=True, rpath="$ORIGIN/../lib"),
        "lib/libm.so.6": lib("libm.so.6", exports=frozenset(export_keys(b"log10"))),
    }
    one = linker(elves)
    assert one.problems("plugin.so", {"plugin.so"}) != set()
    assert one.problems("plugin.so", {"plugin.so"}, "bin/python") == set()


def test_symbols_are_not_reported_of_where_a_library_is_missing() -> None:
    elves = {"a.so": lib("a.so", "libz.so.1", wanted=frozenset({b"inflate"}))}
    assert missing(elves, "a.so") == {Problem("a.so", "library", ("libz.so.1",))}


def test_libraries_that_need_each_other() -> None:
    elves = {
        "lib/a.so": lib("a.so", "b.so", rpath="$ORIGIN", wanted=frozenset({b"b"})),
        "lib/b.so": lib("b.so", "a.so", rpath="$ORIGIN", exports=frozenset(export_keys(b"b"))),
    }
    assert missing(elves, "lib/a.so") == set()


def test_what_a_plugin_loads_is_right_with_it() -> None:
    # As numpy's modules: they need Python's symbols, and their RPATH finds what the Fortran
    # runtime that comes with them needs.
    python = lib("", program=True, exports=frozenset(export_keys(b"Py_Main")))
    own = {
        "lib/py/module.so": lib(
            "", "fortran.so", rpath="$ORIGIN/libs:$ORIGIN/..", wanted=frozenset({b"Py_Main"})
        ),
        "lib/py/libs/fortran.so": lib("fortran.so", "libgcc_s.so.1", rpath="$ORIGIN"),
    }
    other = {"bin/python": python, "lib/libgcc_s.so.1": lib("libgcc_s.so.1")}
    one = linker({**own, **other})
    assert _problems(one, own, ["bin/python"]) == set()
    assert {problem.file for problem in _problems(one, own, [])} == set(own)
