import re
from pathlib import Path

import pytest

from rootstock.audit import catalogue
from rootstock.core.audit_rules import RULES
from rootstock.core.errors import UsageError

CHECKOUT = Path(__file__).parents[3]
FINDINGS = "".join(
    path.read_text()
    for path in (CHECKOUT / "src/rootstock/audit").glob("*.py")
    if path.name != "catalogue.py"
)


def test_every_finding_is_of_a_rule_and_every_rule_has_findings() -> None:
    assert set(re.findall(r'rule="(\w+)"', FINDINGS)) == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_all_that_its_reader_needs(name: str) -> None:
    said = catalogue.as_json(name)
    assert [key for key, value in said.items() if value == ""] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", said["since"])
    sentences = ("promise", "why", "mend", "environment")
    assert all(said[key].endswith((".", "?")) for key in sentences)
    shown = "\n".join(catalogue.lines(name))
    page = catalogue.as_markdown().partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    for key in ("promise", "why", "example", "mend", "since", "environment"):
        assert said[key] in shown
        # In the page it continues a sentence.
        assert (said[key] if key != "environment" else said[key][1:]) in page


def test_a_word_means_a_rule_or_all() -> None:
    assert catalogue.named("leak") == ("leak",)
    assert catalogue.named("all") == tuple(RULES)
    with pytest.raises(UsageError, match="no rule 'flour'") as caught:
        catalogue.named("flour")
    assert all(name in caught.value.remedy for name in (*RULES, "all"))
