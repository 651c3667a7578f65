"""What came of the audit of one package, as values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rootstock.core.errors import AuditFailed

_SHOWN = 20
_REMEDY = (
    "Mend the recipe. What must be so is waived, with the reason, in its extra.rootstock.audit."
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise that is broken: which (`rule`), by what, and what to do.

    `waived` is the recipe's reason to let it pass, empty when there is none.
    """

    rule: str
    file: str
    message: str
    waived: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What the audit of one package file found.

    `declared` is the glibc its metadata ask for, `proven` the newest one that its files do;
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
        """The promises that are broken without a reason."""
        return tuple(finding for finding in self.findings if not finding.waived)

    @property
    def passed(self) -> bool:
        """Whether no promise is broken but those the recipe gave a reason for."""
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        """The report as `json.dumps` takes it."""
        findings = [*map(vars, self.findings)]
        return {**vars(self), "findings": findings, "passed": self.passed}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "AuditReport":
        """The report that `as_json` gave."""
        fields = {key: value[key] for key in value if key not in ("passed", "findings")}
        findings = tuple(Finding(**finding) for finding in value["findings"])
        return AuditReport(**fields, findings=findings)

    def raise_for_failure(self) -> None:
        """Raise `AuditFailed`, with the first findings, unless the package passed."""
        if self.passed:
            return
        lines = [f"{self.filename} breaks what every package promises."]
        for finding in self.broken[:_SHOWN]:
            lines.append(f"  {finding.rule}: {finding.file} {finding.message}")
        if len(self.broken) > _SHOWN:
            lines.append(f"  and {len(self.broken) - _SHOWN} more")
        raise AuditFailed("\n".join(lines), _REMEDY)
