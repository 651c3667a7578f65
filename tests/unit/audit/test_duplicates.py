"""Copies of libraries in an environment, over files that are only described."""

from pathlib import Path

import pytest

from rootstock.audit import duplicates
from rootstock.audit.duplicates import Duplicate
from rootstock.audit.link import Linker, Tree
from rootstock.audit.subject import Subject
from rootstock.audit.unpacked import UnpackedPackage
from rootstock.core import elf_symbols
from rootstock.core.elf import Elf, export_keys
from rootstock.core.elf_symbols import Symbols

ZSTD = (b"ZSTD_free", b"ZSTD_copy")


class Environment:
    """Files of packages, each with what it defines and looks up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.elves: dict[str, Elf] = {}
        self.symbols: dict[str, Symbols] = {}
        self.owners: dict[str, tuple[str, ...]] = {}

    def add(
        self,
        name: str,
        package: str,
        *needed: str,
        strong: tuple[bytes, ...] = (),
        unique: tuple[bytes, ...] = (),
        wants: tuple[bytes, ...] = (),
        content: str = "",
        soname: str = "",
        module: bool = False,
    ) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content or name)
        self.owners[name] = (package,)
        init = (b"PyInit_" + path.stem.encode(),) if module else ()
        keys = [key for one in (*strong, *unique, *init) for key in export_keys(one)]
        self.elves[name] = Elf(
            soname=soname or path.name,
            needed=needed,
            exports=frozenset(keys),
            rpath="$ORIGIN",
            program=name.startswith("bin/"),
        )
        self.symbols[name] = Symbols(
            strong=frozenset(one + b"@" for one in strong),
            unique=frozenset(unique),
            looked_up=frozenset({*strong, *unique, *wants}),
        )

    def duplicates(self, monkeypatch: pytest.MonkeyPatch, *others: str) -> list[Duplicate]:
        files = {name: self.folder / name for name in (*self.elves, *others)}
        read = {self.folder / name: one for name, one in self.symbols.items()}
        monkeypatch.setattr(elf_symbols, "read", read.__getitem__)
        subject = Subject(
            name="env",
            kind="environment",
            package=UnpackedPackage(self.folder, files, {}),
            declared=(),
            owners=self.owners,
        )
        linker = Linker(Tree(files, {}), self.elves.get, {})
        return duplicates.duplicates(subject, self.elves, linker)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def bound(found: list[Duplicate]) -> set[tuple[str, str]]:
    return {(one.file, one.to) for pair in found for one in pair.bound}


def test_two_modules_each_with_its_own_copy_are_no_fault(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add("site/a.so", "a", strong=ZSTD, module=True)
    environment.add("site/b.so", "b", strong=ZSTD, module=True)
    [pair] = environment.duplicates(monkeypatch)
    assert (pair.name, pair.libraries, pair.symbols) == ("ZSTD", ("site/a.so", "site/b.so"), 2)
    assert (pair.example, pair.bound) == ("ZSTD_copy", ())
    assert [*duplicates.findings([pair])] == []


def test_with_root_one_module_sees_the_copy_of_another(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add("lib/libCore.so", "root")
    environment.add("site/a.so", "a", strong=ZSTD, module=True)
    environment.add("site/b.so", "b", strong=ZSTD, module=True)
    found = environment.duplicates(monkeypatch, "lib/Core.pcm")
    assert bound(found) == {("site/b.so", "site/a.so")}


def test_what_cling_loads_is_seen_by_all(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add("lib/libCore.so", "root", strong=ZSTD)
    environment.add("site/b.so", "b", strong=ZSTD, module=True)
    environment.add("lib/libuse.so", "b", "libown.so", wants=ZSTD)
    environment.add("lib/libown.so", "b", strong=ZSTD)
    for table in ("lib/libCore_rdict.pcm", "lib/libCore.rootmap", "lib/Core.pcm"):
        found = environment.duplicates(monkeypatch, table)
        assert bound(found) == {
            ("site/b.so", "lib/libCore.so"),
            ("lib/libuse.so", "lib/libCore.so"),
            ("lib/libown.so", "lib/libCore.so"),
        }
    [finding] = duplicates.findings(found)
    assert (finding.rule, finding.file) == ("interposed", "lib/libCore.so")
    assert "(ZSTD)" in finding.message
    assert "3 files may bind to it in place of their own, as for ZSTD_copy" in finding.message
    assert bound(environment.duplicates(monkeypatch)) == set()


def test_what_a_program_needs_first_is_seen_by_the_rest(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add("bin/one", "one", "liba.so", "libb.so")
    environment.elves["bin/one"] = Elf(
        program=True, needed=("liba.so", "libb.so"), rpath="$ORIGIN/../lib"
    )
    environment.add("lib/liba.so", "a", strong=ZSTD)
    environment.add("lib/libb.so", "b", strong=ZSTD)
    assert bound(environment.duplicates(monkeypatch)) == {("lib/libb.so", "lib/liba.so")}


def test_a_unique_symbol_counts_where_the_libraries_share_others(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    unique = (b"_ZZN5XrdCl3Env3getEvE3one",)
    environment.add("site/a.so", "a", unique=unique, module=True)
    environment.add("site/b.so", "b", unique=unique, module=True)
    assert environment.duplicates(monkeypatch) == []
    strong = (b"_ZN5XrdCl3Env3putEv",)
    environment.add("site/a.so", "a", unique=unique, strong=strong, module=True)
    environment.add("site/b.so", "b", unique=unique, strong=strong, module=True)
    [pair] = environment.duplicates(monkeypatch)
    assert (pair.name, pair.symbols, pair.unique) == ("XrdCl", 1, 1)
    assert [(one.file, one.to, one.unique) for one in pair.bound] == [
        ("site/b.so", "site/a.so", True)
    ]


@pytest.mark.parametrize(
    "name",
    [
        b"_ZNSt6vectorIiE3fooEv",
        b"_ZTISt9exception",
        b"_ZZNSt19_Sp_make_shared_tag5_S_tiEvE5__tag",
        b"_ZN9__gnu_cxx3fooEv",
        b"__cxa_call_terminate",
        b"strlcpy",
    ],
)
def test_what_the_standard_libraries_define_is_left_out(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    environment.add("lib/liba.so", "a", strong=(name,))
    environment.add("lib/libb.so", "b", strong=(name,))
    assert environment.duplicates(monkeypatch, "lib/a.pcm") == []


def test_libraries_of_one_package_and_equal_files_are_left_out(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add("lib/liba.so", "a", strong=ZSTD, content="1")
    environment.add("lib/libb.so", "a", strong=ZSTD, content="22")
    environment.add("lib/libc.so", "c", strong=ZSTD, content="1")
    found = environment.duplicates(monkeypatch, "lib/a.pcm")
    assert [one.libraries for one in found] == [("lib/libb.so", "lib/libc.so")]
    assert bound(found) == set()


def test_a_library_of_the_same_name_that_was_loaded_first(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, content in (("a", "1"), ("b", "22")):
        environment.add(f"site/{package}/{package}.so", package, "libz.so", wants=ZSTD, module=True)
        environment.add(f"site/{package}/libz.so", package, strong=ZSTD, content=content)
    assert bound(environment.duplicates(monkeypatch)) == {("site/b/b.so", "site/a/libz.so")}
