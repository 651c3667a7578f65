"""Shows the audit's rules to people: on a terminal, as JSON, and as a page."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rootstock.core.audit_rules import RULES
from rootstock.core.errors import UsageError

ALL = "all"


def named(word: str) -> tuple[str, ...]:
    """Return the names of the rules that a word means. Raises `UsageError` for any other word."""
    if word == ALL:
        return tuple(RULES)
    if word not in RULES:
        raise UsageError(f"the audit has no rule {word!r}", f"Rules: {', '.join((*RULES, ALL))}.")
    return (word,)


def as_json(name: str) -> dict[str, Any]:
    """Return a rule as a JSON object."""
    return {"rule": name, **asdict(RULES[name])}


def lines(name: str) -> Iterator[str]:
    """Yield the lines that explain a rule on a terminal."""
    rule = RULES[name]
    yield f"{name}: {rule.promise}"
    yield f"  Why:      {rule.why}"
    yield f"  Example:  {rule.example}"
    yield f"  Remedy:   {rule.mend}"
    yield f"  Of an environment: {rule.environment}"
    waived = "extra.rootstock.audit in the recipe" if rule.waivable else "not possible"
    yield f"  Waiver:   {waived}"
    yield f"  Since:    {rule.since}"


def as_markdown() -> str:
    """Return the part of the page that has all rules: a table, then a section for each."""
    rows = [f"| [`{name}`](#{name}) | {rule.promise} |" for name, rule in RULES.items()]
    parts = [section for name in RULES for section in _section(name)]
    return "\n".join(["| rule | what it requires |", "|---|---|", *rows, "", *parts])


def _section(name: str) -> Iterator[str]:
    rule = RULES[name]
    yield f"### {name}\n"
    yield f"{rule.promise} {rule.why}\n"
    yield f"```text\n{rule.example}\n```\n"
    waived = "A recipe can waive it." if rule.waivable else "No recipe can waive it."
    yield f"{rule.mend} {waived} Since {rule.since}.\n"
    yield f"In an environment: {rule.environment[0].lower()}{rule.environment[1:]}\n"
