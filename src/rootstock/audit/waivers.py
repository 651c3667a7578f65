"""Waivers: a recipe's reasons why some of its files may break a rule of the audit."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rootstock.audit.report import Finding
from rootstock.core.audit_rules import WAIVABLE, Waiver


def apply(findings: Iterable[Finding], about: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings with the recipe's reasons, and findings about the reasons themselves.

    `about` is the package's about.json, where the builder puts the recipe's `extra`.
    """
    waivers, malformed = read(about)
    used = set()
    for finding in findings:
        waiver = next((w for w in waivers if _matches(w, finding)), None)
        if waiver:
            used.add(waiver)
            yield replace(finding, waived=waiver.why)
        else:
            yield finding
    yield from malformed
    for waiver in waivers:
        if waiver not in used:
            yield Finding(
                rule="waiver",
                file=waiver.file,
                message=f"a waiver of the rule {waiver.rule!r} for it matches no finding; remove "
                "it from extra.rootstock.audit in the recipe.",
            )


def _matches(waiver: Waiver, finding: Finding) -> bool:
    return waiver.rule == finding.rule and fnmatch.fnmatchcase(finding.file, waiver.file)


def read(about: Mapping[str, Any]) -> tuple[list[Waiver], list[Finding]]:
    """Read the waivers of a recipe: `extra.rootstock.audit` in `about`.

    Each is a mapping of `rule`, `file` (a glob over the finding's file) and `why`. Entries of
    another form become findings.
    """
    value: Any = about
    for key in ("extra", "rootstock", "audit"):
        value = value.get(key) or {} if isinstance(value, Mapping) else {}
    waivers, malformed = [], []
    for entry in value if isinstance(value, list) else [value] if value else []:
        try:
            waiver = Waiver(**{key: str(text) for key, text in entry.items()})
            good = waiver.rule in WAIVABLE and bool(waiver.why.strip())
        except (AttributeError, TypeError):
            good = False
        if good:
            waivers.append(waiver)
        else:
            malformed.append(
                Finding(
                    rule="waiver",
                    file="info/about.json",
                    message=f"{entry!r} is not a waiver; it needs rule (one of "
                    f"{', '.join(WAIVABLE)}), file and why.",
                )
            )
    return waivers, malformed
