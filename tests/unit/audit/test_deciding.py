import ast
from pathlib import Path

from rootstock.audit import deciding
from rootstock.core import result_cache

FOLDER = Path(deciding.__file__).parent
# What audits use of core, and what decides no result.
CARRY = {"deadline", "errors", "process", "progress", "result_cache", "seal", "store"}


def used() -> set[str]:
    """The modules of core that the audit imports."""
    found = set[str]()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "rootstock.core":
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").count(".") == 2:
                _, room, module = str(node.module).split(".")
                found.update({module} if room == "core" else ())
    return found


def test_a_module_of_core_decides_or_is_known_not_to() -> None:
    assert used() == {name.removesuffix(".py") for name in deciding.CORE} | CARRY


def test_a_change_of_a_module_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    rule, elf = tmp_path / "audit/rule.py", tmp_path / "elf.py"
    digests = set()
    for one, other in (("a", "b"), ("c", "b"), ("a", "d")):
        rule.write_text(one)
        elf.write_text(other)
        result_cache.program.cache_clear()
        digests.add(result_cache.program(tmp_path / "audit", elf))
    assert len(digests) == 3
    assert deciding.digest() != result_cache.program(FOLDER)
