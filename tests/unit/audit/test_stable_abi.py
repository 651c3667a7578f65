import pytest

from rootstock.audit import stable_abi
from rootstock.core.elf import Elf


@pytest.mark.parametrize(
    ("symbol", "promised", "said"),
    [
        # Python's documentation says since when each is in it.
        ("PyLong_FromLong", (3, 2), ""),
        ("PyModule_AddType", (3, 10), ""),
        ("PyModule_AddType", (3, 9), "PyModule_AddType (in it since 3.10)"),
        ("PyUnicode_AsUTF8AndSize", (3, 9), "PyUnicode_AsUTF8AndSize (in it since 3.10)"),
        ("PyCode_New", (3, 12), "PyCode_New (not in it)"),
        ("_PyLong_New", (3, 12), "_PyLong_New (not in it)"),
        ("Py_NoneSomething", (), ""),
        ("gone", (3, 2), ""),
    ],
)
def test_a_symbol_is_in_the_stable_abi_of_a_python(
    symbol: str, promised: tuple[int, ...], said: str
) -> None:
    elves = {"x.abi3.so": Elf(wanted=frozenset({symbol.encode(), b"malloc@GLIBC_2.2.5"}))}
    found = list(stable_abi.findings(elves, promised))
    assert [one.rule for one in found] == ["abi3"] * bool(said)
    assert all(one.message.startswith(f"needs {said}, but") for one in found)
