"""The rules of the audit: what every package promises, and what a recipe may waive."""

from collections.abc import Mapping
from dataclasses import dataclass

RULES: Mapping[str, str] = {
    "floor": "it runs on the glibc it declares, by the versions it asks for",
    "symbols": "every symbol is in the package, its dependencies or that glibc",
    "libraries": "every library is found in the package, its dependencies or that glibc",
    "rpath": "no RPATH or RUNPATH leads out of the prefix",
    "leak": "no path of the build is left",
    "licence": "the licence is named and its text is there",
    "paths": "paths.json tells the truth",
    "names": "every file's name can be listed by every client and held by every file system",
    "links": "every link leads to a file of the package or of its dependencies",
    "scripts": "nothing is run at installation, which some clients do and others do not",
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
