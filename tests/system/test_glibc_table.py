"""The table of glibc's symbols, against this machine's glibc and the wheel it is made from."""

from pathlib import Path

import pytest
import yaml

import glibc_symbols
from rootstock.audit import compiled, glibc, inspection
from rootstock.core.elf import Elf
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.sources import fetch, source

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).parents[2]
RECIPE = CHECKOUT / "recipes/toolchain/sysroot_linux-64/recipe.yaml"
PLACEHOLDER = b"version_placeholder"  # in names that only mark a version
# Zig's tables leave libanl out. libc has its symbols since 2.34, with versions of both.
LIBANL = {b"getaddrinfo_a", b"gai_cancel", b"gai_error", b"gai_suspend"}
REMOVED = {b"malloc_get_state", b"malloc_set_state"}  # by 2.26 (its NEWS)


def offered(elf: Elf) -> set[bytes]:
    """The symbols that a library has with a version of glibc's."""
    found = set()
    for key in elf.exports:
        name, _, version = key.partition(b"@")
        # A version's own name is a symbol too.
        if version.startswith(b"GLIBC_2") and name != version and name not in LIBANL:
            found.add(key)
    return {key for key in found if PLACEHOLDER not in key}


def test_the_table_has_what_this_machines_glibc_has() -> None:
    version, libraries = inspection._glibc_here()
    table = glibc.symbols()
    there = {name: elf for name, elf in libraries.items() if name in table.libraries}
    assert glibc.LIBC in there
    assert version <= table.newest
    real = set().union(*(offered(elf) for elf in there.values()))
    listed = {key for key in table.since if b"@" in key and () < table.first(key) <= version}
    assert {key for key in real if not table.first(key)} == set()
    assert {key.partition(b"@")[0] for key in listed - real} <= REMOVED | LIBANL
    # Where a library has a symbol now, the table says that it has it.
    wrong = {
        (name, key)
        for name, elf in there.items()
        for key in offered(elf)
        if not () < table.first(key, {name}) <= version
    }
    assert wrong == set()


def test_the_versions_without_a_number_of_this_machines_glibc_are_known() -> None:
    """A distribution adds some to an older glibc, but takes none away."""
    version, libraries = inspection._glibc_here()
    provided = set().union(*(elf.provides for elf in libraries.values()))
    there = {one for one in provided if one.startswith("GLIBC_ABI_")}
    since = {one: compiled.of_version(one) for one in compiled._MARKERS}
    assert there <= since.keys()
    assert {one for one, first in since.items() if first <= version} <= there


def test_the_table_is_what_the_wheel_has() -> None:
    recipe = yaml.safe_load(RECIPE.read_text())
    entry = recipe["source"]
    entry["url"] = entry["url"].replace("${{ zig }}", recipe["context"]["zig"])
    wheel, store = source.source_of(entry), locate()
    store.prepare()
    fetch.fetch([wheel], {}, store, silent)
    assert glibc_symbols.TABLE.read_text() == glibc_symbols.table(source.path_in(store, wheel))
