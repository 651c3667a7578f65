"""What files need of glibc, over files that are only described."""

import pytest

from rootstock.audit import needs
from rootstock.audit.needs import Need
from rootstock.core.elf import Elf, export_keys

LIBC, LIBM = "libc.so.6", "libm.so.6"


def file(*wanted: str, needed: tuple[str, ...] = (LIBC, LIBM), **fields: object) -> Elf:
    """A file that wants symbols, each as NAME or as NAME@VERSION/LIBRARY."""
    bound = [one.partition("/") for one in wanted if "/" in one]
    requires = tuple((library, name.partition("@")[2], False) for name, _, library in bound)
    keys = frozenset(one.partition("/")[0].encode() for one in wanted)
    return Elf(needed=needed, requires=requires, wanted=keys, **fields)  # type: ignore[arg-type]


def of(*wanted: str, **fields: object) -> Need:
    return needs.of_files({"a.so": file(*wanted, **fields)})["a.so"]  # type: ignore[arg-type]


def test_the_newest_symbol_counts() -> None:
    made = of(f"puts@GLIBC_2.2.5/{LIBC}", f"exp@GLIBC_2.29/{LIBM}", f"log@GLIBC_2.29/{LIBM}")
    assert made == Need(glibc=(2, 29), symbol="exp@GLIBC_2.29")
    assert of() == Need()


def test_a_symbol_counts_where_the_file_has_it_from() -> None:
    moved = of(f"pthread_create@GLIBC_2.2.5/{LIBC}")
    assert moved == Need(glibc=(2, 34), symbol="pthread_create@GLIBC_2.2.5")
    own = of("pthread_create@GLIBC_2.2.5/libpthread.so.0")
    assert own == Need(glibc=(2, 2, 5), symbol="pthread_create@GLIBC_2.2.5")


@pytest.mark.parametrize(
    "wanted",
    [
        f"memcpy@GLIBC_2.15/{LIBC}",  # of another version
        f"exp@GLIBC_2.29/{LIBC}",  # of another library
        f"no_such_function@GLIBC_2.17/{LIBC}",
    ],
)
def test_a_symbol_that_no_glibc_has_is_reported_of(wanted: str) -> None:
    made = of(f"puts@GLIBC_2.2.5/{LIBC}", wanted)
    assert made.absent == (wanted.partition("/")[0],)
    [finding] = needs.symbols({"a.so": made}, {"a.so": Elf()}, alone=False)
    assert (finding.rule, finding.file) == ("symbols", "a.so")


def test_what_the_table_does_not_have_is_believed() -> None:
    for wanted, glibc in (
        (f"not_yet@GLIBC_2.99/{LIBC}", (2, 99)),
        ("_ZGVbN2v_sin@GLIBC_2.22/libmvec.so.1", (2, 22)),
    ):
        assert of(wanted).glibc == glibc
    own = {"lib/libc.so.6": Elf(soname=LIBC), "lib/a.so": file(f"mine@GLIBC_2.17/{LIBC}")}
    assert needs.of_files(own)["lib/a.so"] == Need(glibc=(2, 17), symbol="mine@GLIBC_2.17")


def test_a_version_without_a_symbol_counts() -> None:
    requires = ((LIBC, "GLIBC_ABI_DT_RELR", False), (LIBC, "GLIBC_2.34", False))
    made = needs.of_files({"a.so": Elf(requires=requires)})["a.so"]
    assert made == Need(glibc=(2, 36), symbol="GLIBC_ABI_DT_RELR")


def test_a_symbol_without_a_version_may_be_a_new_one() -> None:
    assert of("_dl_find_object") == Need(glibc=(2, 35), symbol="_dl_find_object")
    # The other library may have it.
    assert of("_dl_find_object", needed=(LIBC, "libgcc_s.so.1")) == Need()


def test_a_symbol_may_be_of_any_library_of_the_package() -> None:
    low = Elf(soname="liblow.so", exports=frozenset(export_keys(b"low")))
    far = Elf(soname="libfar.so", needed=("libother.so.1",))
    for needed, unbound in (
        (("liblow.so",), ("gone",)),
        (("libfar.so",), ()),  # libother may have it
    ):
        elves = {"a.so": file("low", "gone", needed=needed), "b/liblow.so": low, "b/far.so": far}
        assert needs.of_files(elves)["a.so"].unbound == unbound


@pytest.mark.parametrize(
    ("program", "alone", "said"),
    [
        (True, True, "Py_Main, gone"),
        (True, False, "Py_Main, gone"),
        (False, True, "gone"),
        (False, False, ""),
    ],
)
def test_a_library_may_be_a_plugin(program: bool, alone: bool, said: str) -> None:
    elf = file("Py_Main", "gone", program=program)
    found = list(needs.symbols(needs.of_files({"a": elf}), {"a": elf}, alone=alone))
    assert [one.message.partition(", which")[0] for one in found] == [f"needs {said}"] * bool(said)


def test_a_floor_is_reported_of_once() -> None:
    for wanted, declared, said in (
        ("_dl_find_object", (2, 34), True),
        ("_dl_find_object", (2, 35), False),
        (f"exp@GLIBC_2.29/{LIBM}", (2, 28), False),  # its version says so already
    ):
        elves = {"a.so": file(wanted)}
        found = [one.rule for one in needs.floors(needs.of_files(elves), elves, declared)]
        assert found == ["floor"] * said
