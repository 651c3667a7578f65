"""The result of the audit of one package, as values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rootstock.core.errors import AuditFailed

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

_SHOWN = 20
_REMEDY = "Correct the recipe, or waive the rule, with the reason, in its extra.rootstock.audit."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A broken rule (`rule`), the file that breaks it, and what to do.

    `waived` is the recipe's reason to allow it, empty when there is none.
    """

    rule: str
    file: str
    message: str
    waived: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """The result of the audit of one package file.

    `declared` is the glibc that its metadata require, `proven` the newest one that its files do;
    both are empty when there is none.
    """

    filename: str
    declared: str
    proven: str
    elf_files: int
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings without a waiver."""
        return tuple(finding for finding in self.findings if not finding.waived)

    @property
    def passed(self) -> bool:
        """Whether every finding has a waiver."""
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        findings = [*map(vars, self.findings)]
        return {**vars(self), "findings": findings, "passed": self.passed}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "AuditReport":
        """Read the report from the result of `as_json`."""
        fields = {key: value[key] for key in value if key not in ("passed", "findings")}
        findings = tuple(Finding(**finding) for finding in value["findings"])
        return AuditReport(**fields, findings=findings)

    def raise_for_failure(self) -> None:
        """Raise `AuditFailed`, with the first findings, unless the package passed."""
        if self.passed:
            return
        lines = [f"{self.filename} breaks rules for all packages."]
        for finding in self.broken[:_SHOWN]:
            lines.append(f"  {finding.rule}: {finding.file} {finding.message}")
        if len(self.broken) > _SHOWN:
            lines.append(f"  and {len(self.broken) - _SHOWN} more")
        raise AuditFailed("\n".join(lines), _REMEDY)
