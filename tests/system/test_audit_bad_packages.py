"""Packages that are broken in one way each: the audit finds that, and nothing else.

Each function below breaks one thing of a good package. Its decorator names the rule and the kinds
of packages in which the audit has to find it.
"""

import os
import shutil
import stat
import struct
import tarfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.audit.inspection import inspect
from rootstock.audit.rules import audit
from rootstock.audit.subject import opened
from rootstock.core.audit_rules import RULES
from rootstock.core.elf import Reader
from rootstock.core.errors import UsageError
from rootstock.core.store import Store

from .compiling import Compiler
from .packing import Parcel, record

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc on this machine"),
]

Change = Callable[[Parcel, Compiler], None]
CONDA, OLD, WHEEL, ENVIRONMENT, OWN = "conda", "old_conda", "wheel", "environment", "own"
FOREIGN = (CONDA, OLD, WHEEL)
LIBC, LIBM = "libc.so.6", "libm.so.6"
LIB = "lib/liba.so"
BUILD = b"/rootstock/build/out/work"

BAD: list[Any] = []
GOOD: list[Any] = []


def breaks(rule: str, *kinds: str) -> Callable[[Change], Change]:
    """Have a package, changed so, break a rule in each of the kinds."""

    def add(change: Change) -> Change:
        for kind in kinds:
            name = f"{rule}-{change.__name__.strip('_')}-{kind}"
            BAD.append(pytest.param(rule, kind, change, id=name))
        return change

    return add


def keeps(*kinds: str) -> Callable[[Change], Change]:
    """Have a package, changed so, break no rule in any of the kinds."""

    def add(change: Change) -> Change:
        for kind in kinds:
            GOOD.append(pytest.param(kind, change, id=f"{change.__name__.strip('_')}-{kind}"))
        return change

    return add


# ---- floor


@breaks("floor", *FOREIGN)
def newer_symbol(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("arc4random@GLIBC_2.36", of=LIBC)


@breaks("floor", CONDA, WHEEL)
def newer_symbol_of_libm(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("exp@GLIBC_2.29", of=LIBM)


@breaks("floor", CONDA, WHEEL)
def newer_symbol_that_is_weak(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("arc4random@GLIBC_2.36", of=LIBC, weak=True)


@breaks("floor", CONDA, WHEEL, ENVIRONMENT)
def private_symbol(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("_dl_signal_error@GLIBC_PRIVATE", of=LIBC)


@breaks("floor", CONDA, WHEEL)
def version_without_a_number(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("relr@GLIBC_ABI_DT_RELR", of=LIBC, weak=True)


@breaks("floor", *FOREIGN)
def new_symbol_without_a_version(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("_dl_find_object")


@breaks("floor", CONDA, WHEEL)
def symbol_that_was_in_another_library(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("pthread_create@GLIBC_2.2.5", of=LIBC)


@breaks("floor", CONDA, OLD)
def nothing_declared(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("puts@GLIBC_2.2.5", of=LIBC)
    made.index["depends"] = []


@breaks("floor", WHEEL)
def no_platform_tag(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("puts@GLIBC_2.2.5", of=LIBC)
    made.tag = "linux_x86_64"


@breaks("floor", ENVIRONMENT)
def newer_than_this_machine(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("not_yet@GLIBC_2.99", of=LIBC)


# ---- symbols


@breaks("symbols", *FOREIGN, ENVIRONMENT)
def symbol_with_another_version(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("memcpy@GLIBC_2.15", of=LIBC)


@breaks("symbols", CONDA, WHEEL, ENVIRONMENT)
def symbol_that_glibc_never_had(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("no_such_function@GLIBC_2.17", of=LIBC)


@breaks("symbols", CONDA, WHEEL)
def symbol_of_another_library(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("exp@GLIBC_2.2.5", of=LIBC)


@breaks("symbols", *FOREIGN, ENVIRONMENT)
def program_with_a_symbol_of_nothing(made: Parcel, cc: Compiler) -> None:
    made.index["depends"].append("other")
    made.files["bin/a"] = cc.needing("lost", "-pie", "-Wl,-rpath,$ORIGIN/../lib", of="liblow.so")
    made.files["lib/liblow.so"] = cc.library("void low(){}", name="liblow.so")


@breaks("symbols", CONDA, WHEEL, ENVIRONMENT)
def library_with_a_symbol_of_nothing(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("gone")


@breaks("symbols", CONDA, WHEEL, ENVIRONMENT)
def symbol_that_the_other_library_lost(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("lost", "-Wl,-rpath,$ORIGIN", of="liblow.so")
    made.files["lib/liblow.so"] = cc.library("void low(){}", name="liblow.so")


@breaks("symbols", ENVIRONMENT)
def version_that_the_other_library_lost(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("low@LOW_2", "-Wl,-rpath,$ORIGIN", of="liblow.so")
    cc.needing("low@LOW_1", of="liblow.so")
    made.files["lib/liblow.so"] = (cc.folder / "liblow.so").read_bytes()


# ---- libraries


@breaks("libraries", ENVIRONMENT)
def library_of_nothing(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("low", "-Wl,-rpath,$ORIGIN", of="liblow.so")


@breaks("libraries", ENVIRONMENT)
def library_out_of_reach(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("low", "-Wl,-rpath,$ORIGIN", of="liblow.so")
    made.files["lib/x/liblow.so"] = (cc.folder / "liblow.so").read_bytes()


@breaks("libraries", ENVIRONMENT)
def library_that_some_systems_have(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("crypt@GLIBC_2.2.5", of="libcrypt.so.1")


# ---- undeclared


@breaks("undeclared", OWN)
def module_of_nothing(made: Parcel, cc: Compiler) -> None:
    made.files["site-packages/x/__init__.py"] = b"from x import y\n"
    made.files["site-packages/x/y.py"] = b"import json\nimport of_nobody.at_all\n"


@keeps(OWN, CONDA, WHEEL, ENVIRONMENT)
def module_that_may_be_missing(made: Parcel, cc: Compiler) -> None:
    made.files["site-packages/x/__init__.py"] = b"try:\n    import of_nobody\nexcept E:\n    pass\n"
    made.files["site-packages/x/optional.py"] = b"import of_nobody\n"


# ---- rpath


@breaks("rpath", *FOREIGN, ENVIRONMENT)
def rpath_of_the_system(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-rpath,/opt/lib,--disable-new-dtags")


@breaks("rpath", CONDA, WHEEL)
def runpath_of_the_system(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-rpath,/opt/lib,--enable-new-dtags")


@breaks("rpath", CONDA, ENVIRONMENT)
def rpath_out_of_the_prefix(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-rpath,$ORIGIN/../..")


@breaks("rpath", CONDA)
def rpath_with_an_empty_entry(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-rpath,$ORIGIN:")


@breaks("rpath", CONDA)
def rpath_of_the_current_folder(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-rpath,lib")


# ---- stack, textrel, segments, relro


def segments(content: bytes, kind: int, change: Callable[[int, int], tuple[int, int]]) -> bytes:
    """Change the kind and the flags of the program headers of a kind."""
    made = bytearray(content)
    (start,) = struct.unpack_from("<Q", made, 32)
    size, count = struct.unpack_from("<HH", made, 54)
    for at in range(start, start + size * count, size):
        found, flags = struct.unpack_from("<II", made, at)
        if found == kind:
            struct.pack_into("<II", made, at, *change(found, flags))
    return bytes(made)


NULL, LOAD, STACK = 0, 1, 0x6474E551


@breaks("stack", *FOREIGN, ENVIRONMENT)
def stack_that_runs_code(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-z,execstack")


@breaks("stack", CONDA, WHEEL)
def stack_without_a_header(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = segments(cc.library(), STACK, lambda _, flags: (NULL, flags))


@breaks("textrel", *FOREIGN, ENVIRONMENT)
def relocation_in_code(made: Parcel, cc: Compiler) -> None:
    code = 'int b; __asm__(".text; .quad b");'
    made.files[LIB] = cc.library(code, "-Wl,-z,notext")


@breaks("segments", *FOREIGN, ENVIRONMENT)
def code_that_can_be_written(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = segments(cc.library(), LOAD, lambda kind, _: (kind, 7))


@breaks("relro", *FOREIGN, ENVIRONMENT)
def addresses_that_stay_writable(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library("void a(){}", "-Wl,-z,norelro")


# ---- elf


@breaks("elf", *FOREIGN, ENVIRONMENT)
def library_that_is_cut_off(made: Parcel, cc: Compiler) -> None:
    content = cc.library()
    made.files[LIB] = content[: len(content) // 2]


@breaks("elf", CONDA, WHEEL)
def library_of_another_machine(made: Parcel, cc: Compiler) -> None:
    content = bytearray(cc.library())
    struct.pack_into("<H", content, 18, 183)  # e_machine: AArch64
    made.files[LIB] = bytes(content)


@breaks("elf", CONDA, WHEEL)
def library_without_section_headers(made: Parcel, cc: Compiler) -> None:
    content = bytearray(cc.library())
    struct.pack_into("<Q", content, 40, 0)  # e_shoff
    struct.pack_into("<HH", content, 60, 0, 0)  # e_shnum, e_shstrndx
    made.files[LIB] = bytes(content)


@breaks("elf", CONDA, WHEEL)
def version_that_comes_again_and_again(made: Parcel, cc: Compiler) -> None:
    content = bytearray(cc.needing("puts@GLIBC_2.2.5", of=LIBC))
    table = Reader(bytes(content)).section(0x6FFFFFFE)  # SHT_GNU_verneed
    assert table
    struct.pack_into("<H", content, table.offset + 2, 0xFFFF)  # vn_cnt; vna_next of the only is 0
    made.files[LIB] = bytes(content)


@breaks("elf", CONDA, WHEEL)
def names_that_share_their_ends(made: Parcel, cc: Compiler) -> None:
    content = bytearray(cc.library("".join(f"void a{n:0200}(){{}}" for n in range(100))))
    reader = Reader(bytes(content))
    symbols = reader.section(11)  # SHT_DYNSYM
    assert symbols
    names = reader.sections[symbols.link]
    content[names.offset + 1 : names.offset + names.size - 1] = b"a" * (names.size - 2)
    for number in range(1, symbols.size // 24):
        struct.pack_into("<I", content, symbols.offset + number * 24, number)  # st_name
    made.files[LIB] = bytes(content)


# ---- leak


@breaks("leak", *FOREIGN, OWN, ENVIRONMENT)
def build_path_in_a_text(made: Parcel, cc: Compiler) -> None:
    made.files["bin/x-config"] = b"prefix=" + BUILD


@breaks("leak", CONDA, WHEEL, ENVIRONMENT)
def build_path_in_a_library(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.library(f'const char *a = "{BUILD.decode()}/a.c";')


@breaks("leak", CONDA, OLD, OWN, ENVIRONMENT)
def link_to_the_system(made: Parcel, cc: Compiler) -> None:
    made.links["lib/x"] = "/usr/lib"


@breaks("leak", CONDA, OLD, ENVIRONMENT)
def link_out_of_the_prefix(made: Parcel, cc: Compiler) -> None:
    made.links["lib/x"] = "../../lib"


# ---- license


@breaks("licence", CONDA, OLD, OWN, ENVIRONMENT)
def license_without_a_name(made: Parcel, cc: Compiler) -> None:
    made.index["license"] = ""


@breaks("licence", CONDA, OLD, OWN)
def license_without_a_text(made: Parcel, cc: Compiler) -> None:
    made.texts = []


@breaks("licence", WHEEL)
def license_that_no_metadata_names(made: Parcel, cc: Compiler) -> None:
    made.metadata = "License-File: LICENSE\n"


@breaks("licence", WHEEL)
def license_that_spdx_does_not_have(made: Parcel, cc: Compiler) -> None:
    made.metadata = "License-Expression: BSD-like\nLicense-File: LICENSE\n"


@breaks("licence", WHEEL)
def license_file_that_is_missing(made: Parcel, cc: Compiler) -> None:
    made.metadata += "License-File: NOTICE\n"


@breaks("licence", WHEEL)
def license_of_a_wheel_without_a_text(made: Parcel, cc: Compiler) -> None:
    made.metadata, made.texts = "License: MIT\n", []


# ---- paths


@breaks("paths", CONDA, OLD, OWN)
def file_that_is_not_listed(made: Parcel, cc: Compiler) -> None:
    made.files["share/x/b.txt"] = b"b"
    made.unlisted.add("share/x/b.txt")


@breaks("paths", CONDA, OLD, OWN)
def file_that_is_only_listed(made: Parcel, cc: Compiler) -> None:
    made.entries["share/x/b.txt"] = {}


@breaks("paths", CONDA, OLD)
def file_with_another_hash(made: Parcel, cc: Compiler) -> None:
    made.entries["share/x/a.txt"] = {"sha256": "0" * 64}


@breaks("paths", CONDA)
def file_with_another_size(made: Parcel, cc: Compiler) -> None:
    made.entries["share/x/a.txt"] = {"size_in_bytes": 2}


@breaks("paths", CONDA)
def link_that_is_listed_as_a_file(made: Parcel, cc: Compiler) -> None:
    made.links["share/x/b.txt"] = "a.txt"
    made.entries["share/x/b.txt"] = {"path_type": "hardlink"}


@breaks("paths", CONDA)
def folder_that_is_only_listed(made: Parcel, cc: Compiler) -> None:
    made.entries["share/y"] = {"path_type": "directory"}


# ---- names


@breaks("names", *FOREIGN, ENVIRONMENT, OWN)
def names_that_differ_in_case(made: Parcel, cc: Compiler) -> None:
    made.files["share/x/A.txt"] = b"a"


@breaks("names", CONDA, WHEEL)
def folders_that_differ_in_case(made: Parcel, cc: Compiler) -> None:
    made.files["share/X/b.txt"] = b"b"


@breaks("names", CONDA, WHEEL)
def names_that_differ_in_their_form(made: Parcel, cc: Compiler) -> None:
    for form in ("NFC", "NFD"):
        made.files[unicodedata.normalize(form, "share/x/\u00e4.txt")] = b"a"


@breaks("names", CONDA, ENVIRONMENT)
def name_with_a_control_character(made: Parcel, cc: Compiler) -> None:
    made.files["share/x/b\n.txt"] = b"b"


@breaks("names", CONDA, OLD)
def name_with_a_backslash(made: Parcel, cc: Compiler) -> None:
    made.files["share/x\\b.txt"] = b"b"


# ---- links


@breaks("links", OWN, ENVIRONMENT)
def link_to_nothing(made: Parcel, cc: Compiler) -> None:
    made.links["lib/x"] = "gone"


@breaks("links", OWN, ENVIRONMENT)
def links_in_a_circle(made: Parcel, cc: Compiler) -> None:
    made.links["lib/x"] = "x"


# ---- scripts


@breaks("scripts", CONDA, OLD, OWN)
def script_after_linking(made: Parcel, cc: Compiler) -> None:
    made.files["bin/.x-post-link.sh"] = b"true"


@breaks("scripts", CONDA)
def script_before_linking(made: Parcel, cc: Compiler) -> None:
    made.files["bin/.x-pre-link.sh"] = b"true"


@breaks("scripts", CONDA)
def script_before_removal(made: Parcel, cc: Compiler) -> None:
    made.files["Scripts/.x-pre-unlink.bat"] = b"rem"


# ---- modes


@breaks("modes", CONDA, OLD, ENVIRONMENT)
def program_with_its_owners_rights(made: Parcel, cc: Compiler) -> None:
    made.files["bin/x"] = b"#!/bin/sh\n"
    made.modes["bin/x"] = 0o4755


@breaks("modes", CONDA, OLD, ENVIRONMENT)
def program_with_its_groups_rights(made: Parcel, cc: Compiler) -> None:
    made.files["bin/x"] = b"#!/bin/sh\n"
    made.modes["bin/x"] = 0o2755


@breaks("modes", CONDA, OLD, ENVIRONMENT)
def file_that_all_can_change(made: Parcel, cc: Compiler) -> None:
    made.modes["share/x/a.txt"] = 0o666


@breaks("modes", CONDA, OLD, ENVIRONMENT)
def folder_that_all_can_change(made: Parcel, cc: Compiler) -> None:
    made.modes["share/x"] = 0o777


@breaks("modes", CONDA, OLD, ENVIRONMENT)
def file_that_none_can_read(made: Parcel, cc: Compiler) -> None:
    made.modes["share/x/a.txt"] = 0o000


@breaks("modes", CONDA, OLD)
def folder_that_one_user_can_read(made: Parcel, cc: Compiler) -> None:
    made.modes["share/x"] = 0o700


@breaks("modes", WHEEL)
def link_in_a_wheel(made: Parcel, cc: Compiler) -> None:
    made.files["share/x/b.txt"] = b"a.txt"
    made.modes["share/x/b.txt"] = stat.S_IFLNK | 0o777


# ---- abi3


@breaks("abi3", WHEEL)
def symbol_that_the_stable_abi_got_later(made: Parcel, cc: Compiler) -> None:
    made.python = "cp39-abi3"
    made.files["x/module.abi3.so"] = cc.needing("PyUnicode_AsUTF8AndSize")


@breaks("abi3", WHEEL)
def symbol_that_the_stable_abi_lacks(made: Parcel, cc: Compiler) -> None:
    made.python = "cp39-abi3"
    made.files["x/module.abi3.so"] = cc.needing("PyCode_New")


# ---- waiver


@breaks("waiver", OWN)
def waiver_of_nothing(made: Parcel, cc: Compiler) -> None:
    one = {"rule": "leak", "file": "bin/*", "why": "It is old."}
    made.about = {"extra": {"rootstock": {"audit": [one]}}}


@breaks("waiver", OWN)
def waiver_without_a_reason(made: Parcel, cc: Compiler) -> None:
    made.about = {"extra": {"rootstock": {"audit": [{"rule": "leak", "file": "bin/*"}]}}}


# ---- good ones


@keeps(CONDA, OLD, WHEEL, ENVIRONMENT, OWN)
def a_text(made: Parcel, cc: Compiler) -> None:
    pass


@keeps(CONDA, OLD, WHEEL, ENVIRONMENT)
def a_library_of_glibc(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("memcpy@GLIBC_2.14", of=LIBC)


@keeps(CONDA, WHEEL, ENVIRONMENT)
def two_libraries(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("low@LOW_1", "-Wl,-rpath,$ORIGIN", of="liblow.so")
    made.files["lib/liblow.so"] = (cc.folder / "liblow.so").read_bytes()


@keeps(CONDA, WHEEL, ENVIRONMENT)
def a_program_and_its_plugin(made: Parcel, cc: Compiler) -> None:
    host = cc.library("void given(){} void _start(){}", "-pie", "-rdynamic", name="host")
    made.files |= {"bin/host": host, "lib/plugin.so": cc.needing("given")}


@keeps(CONDA, WHEEL)
def a_library_that_was_libpthread_before(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("pthread_create@GLIBC_2.2.5", of="libpthread.so.0")


@keeps(CONDA, WHEEL)
def a_symbol_of_another_package(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("gone", of="libother.so")


@keeps(CONDA, WHEEL)
def a_module_of_python(made: Parcel, cc: Compiler) -> None:
    made.files["x/module.so"] = cc.needing("PyLong_FromLong")


@keeps(WHEEL)
def a_module_of_the_stable_abi(made: Parcel, cc: Compiler) -> None:
    made.python = "cp310-abi3"
    made.files["x/module.abi3.so"] = cc.needing("PyUnicode_AsUTF8AndSize")


@keeps(CONDA, WHEEL)
def a_plugin_of_another_package(made: Parcel, cc: Compiler) -> None:
    made.index["depends"].append("host")
    made.metadata += "Requires-Dist: host\n"
    made.files[LIB] = cc.needing("gone")


@keeps(CONDA, WHEEL)
def a_library_that_not_all_systems_have(made: Parcel, cc: Compiler) -> None:
    made.files[LIB] = cc.needing("crypt@GLIBC_2.2.5", of="libcrypt.so.1")


@keeps(CONDA, OLD, OWN, ENVIRONMENT)
def links_within(made: Parcel, cc: Compiler) -> None:
    made.links |= {"share/x/b.txt": "a.txt", "share/y": "x"}


@keeps(CONDA, OLD)
def a_shared_folder_of_a_group(made: Parcel, cc: Compiler) -> None:
    made.modes |= {"share/x": 0o2775, "share/x/a.txt": 0o664}


@keeps(OWN)
def a_waiver(made: Parcel, cc: Compiler) -> None:
    made.files["bin/x-config"] = b"prefix=" + BUILD
    one = {"rule": "leak", "file": "bin/*", "why": "It says how it was built."}
    made.about = {"extra": {"rootstock": {"audit": [one]}}}


# ---- the tests


@pytest.fixture(scope="module")
def cc(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("compiled"))


def broken(kind: str, made: Parcel, folder: Path) -> list[str]:
    """The rules that a package breaks, each once for each finding."""
    if kind == OWN:
        store = Store(folder / "store")
        store.prepare()
        report = audit(made.artifact(folder), closure=(), sysroots=(), store=store)
        return [finding.rule for finding in report.broken]
    target = getattr(made, kind)(folder)
    return [one.rule for one in inspect(opened(target, "x", folder / "scratch")).findings]


@pytest.mark.parametrize(("rule", "kind", "change"), BAD)
def test_what_is_broken_is_found_and_nothing_else(
    tmp_path: Path, cc: Compiler, rule: str, kind: str, change: Change
) -> None:
    made = Parcel()
    change(made, cc)
    assert broken(kind, made, tmp_path) == [rule]


@pytest.mark.parametrize(("kind", "change"), GOOD)
def test_a_good_package_passes(tmp_path: Path, cc: Compiler, kind: str, change: Change) -> None:
    made = Parcel()
    change(made, cc)
    assert broken(kind, made, tmp_path) == []


def test_a_file_of_two_packages_is_found(tmp_path: Path) -> None:
    prefix = Parcel().environment(tmp_path)
    record(prefix, "y", files=["share/x/a.txt"], depends=[])
    found = inspect(opened(prefix, "x", tmp_path)).findings
    assert [one.rule for one in found] == ["clash"]


def test_a_pipe_in_an_environment_is_found_and_not_read(tmp_path: Path) -> None:
    prefix = Parcel().environment(tmp_path)
    os.mkfifo(prefix / "lib.so", 0o644)
    found = inspect(opened(prefix, "x", tmp_path)).findings
    assert [(one.rule, one.file) for one in found] == [("modes", "lib.so")]


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_an_archive_with_a_device_is_not_unpacked(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "x-1-0.tar.bz2"
    with tarfile.open(path, "w:bz2") as archive:
        member = tarfile.TarInfo("dev/x")
        member.type = kind
        archive.addfile(member)
    with pytest.raises(UsageError, match="neither a file nor a symbolic link"):
        opened(path, "x", tmp_path / "scratch")
    assert not (tmp_path / "scratch/unpacked").exists()


def test_every_rule_and_every_kind_is_here() -> None:
    changes = {change for _, _, change in (case.values for case in BAD)}
    assert len(changes) >= 60
    rules = {case.values[0] for case in BAD}
    assert {*RULES} - rules == {
        "clash",
        "interposed",
    }  # of two packages: here, and in test_audit.py
    kinds = {case.values[1] for case in BAD}
    assert kinds == {CONDA, OLD, WHEEL, ENVIRONMENT, OWN} == {case.values[0] for case in GOOD}
