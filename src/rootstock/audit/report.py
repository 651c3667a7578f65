"""The result of the audit of one package, as values that JSON can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootstock.core.errors import AuditFailed

_SHOWN = 20
_NAMES_SHOWN = 4
_NAME_LENGTH = 100
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
class Bundled:
    """A library of another project that a package has in it (`bundled.libraries`).

    `file` is a path in the package: that of the library, or of what it is linked into, which has
    neither `soname` nor `sha256` here. `version` is empty unless the file states it.
    """

    name: str
    version: str
    file: str
    soname: str = ""
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """The result of the audit of one package file.

    `declared` is the glibc that its metadata require, `proven` the newest one that its files do;
    both are empty when there is none. `bundled` are the libraries of other projects in it.
    """

    filename: str
    declared: str
    proven: str
    elf_files: int
    findings: tuple[Finding, ...]
    seconds: float
    bundled: tuple[Bundled, ...] = ()

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
        bundled = [*map(vars, self.bundled)]
        return {**vars(self), "findings": findings, "bundled": bundled, "passed": self.passed}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "AuditReport":
        """Read the report from the result of `as_json`."""
        fields = {key: value[key] for key in value if key != "passed"}
        fields["findings"] = tuple(Finding(**finding) for finding in value["findings"])
        fields["bundled"] = tuple(Bundled(**one) for one in value.get("bundled", ()))
        return AuditReport(**fields)

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


def some(names: Sequence[str]) -> str:
    """Join the first few names, each shortened.

    >>> some(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d and 2 more'
    """
    shown = ", ".join(name[:_NAME_LENGTH] for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
