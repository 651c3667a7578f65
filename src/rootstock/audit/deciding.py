"""The digest of the modules that decide an audit: a change of one repeats every audit."""

from pathlib import Path

from rootstock.core import result_cache

_AUDIT = Path(__file__).parent
_CORE = _AUDIT.parent / "core"
# Of the modules that audits use, the others only carry values, report or store.
CORE = ("audit_rules.py", "elf.py", "elf_symbols.py", "formatting.py", "names.py")


def digest() -> str:
    """Return a digest over this package and the modules of `core` that decide with it."""
    return result_cache.program(_AUDIT, *(_CORE / name for name in CORE))
