"""The rules of the audit: what every package promises, and what a recipe may waive."""

from collections.abc import Mapping
from dataclasses import dataclass

RULES: Mapping[str, str] = {
    "floor": "it runs on the glibc that it declares, by its symbol versions",
    "symbols": "the package, its dependencies or that glibc have every symbol",
    "libraries": "the package, its dependencies or that glibc have every library",
    "rpath": "no RPATH or RUNPATH leads out of the prefix",
    "leak": "no file contains a path of the build",
    "licence": "the license has a name and a text",
    "paths": "paths.json matches the files",
    "names": "every client and every file system can handle every file's name",
    "links": "every link leads to a file of the package or of its dependencies",
    "scripts": "nothing runs at installation: only some clients would run it",
    "elf": "every ELF file can be read",
    "waiver": "every waiver is well formed and needed",
}
WAIVABLE = tuple(rule for rule in RULES if rule != "waiver")


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A recipe's reason (`why`) why files (a glob) may break a rule."""

    rule: str
    file: str
    why: str
