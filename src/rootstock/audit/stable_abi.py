"""The rule about Python's stable ABI, which a wheel with the tag abi3 promises to keep to."""

from collections.abc import Iterator, Mapping
from functools import cache

from abi3info import DATAS, FUNCTIONS

from rootstock.audit.compiled import version_text
from rootstock.audit.report import Finding, some
from rootstock.audit.unpacked import Version
from rootstock.core.elf import Elf
from rootstock.core.names import plain

# How the names of Python's C API begin, by its documentation.
PREFIXES = ("Py", "_Py")


def findings(elves: Mapping[str, Elf], promised: Version) -> Iterator[Finding]:
    """Yield files that need of Python what the stable ABI of a version does not have.

    `promised` is that version, empty when none is promised.
    """
    for name, elf in sorted(elves.items()) if promised else ():
        wanted = (key.decode(errors="replace") for key in elf.wanted)
        bad = [
            f"{symbol} ({_since(symbol)})"
            for symbol in sorted(wanted)
            if symbol.startswith(PREFIXES) and not () < _added().get(symbol, ()) <= promised
        ]
        if bad:
            yield Finding(
                rule="abi3",
                file=plain(name),
                message=f"needs {plain(some(bad))}, but its tag promises the stable ABI of Python "
                f"{version_text(promised)}; define Py_LIMITED_API, or change the tag.",
            )


def _since(symbol: str) -> str:
    added = _added().get(symbol)
    return f"in it since {version_text(added)}" if added else "not in it"


@cache
def _added() -> Mapping[str, Version]:
    """Return the symbols of the stable ABI, each with the first Python that has it there."""
    return {
        symbol.name: (one.added.major, one.added.minor)
        for table in (FUNCTIONS, DATAS)
        for symbol, one in table.items()
    }
