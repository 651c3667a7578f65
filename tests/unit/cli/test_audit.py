import json
import sys
from typing import Any

import pytest
import typer

from rootstock.cli import build, common, main
from rootstock.core.audit_rules import RULES
from rootstock.core.errors import UsageError


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[Any]:
    """Call the command; return the runs of the pipeline that it begins."""
    begun: list[Any] = []
    monkeypatch.setattr(sys, "argv", ["rootstock", "audit"])
    monkeypatch.setattr(build, "_run", lambda request, *rest: begun.append(request))
    group: Any = typer.main.get_command(main._application())
    group.main(["audit", *words], prog_name="rootstock", standalone_mode=False)
    return begun


def test_a_rule_is_explained_and_nothing_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--explain", "floor") == []
    said = capsys.readouterr().out
    assert said.startswith("floor: ")
    assert RULES["floor"].why in said


def test_all_rules_are_one_json_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "_answer", {})
    assert call(monkeypatch, "--explain", "all", "--json") == []
    common.print_answer(None)
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert [rule["rule"] for rule in rules] == [*RULES]


def test_a_rule_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no rule 'flour'"):
        call(monkeypatch, "--explain", "flour")


def test_without_a_rule_the_cells_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    [request] = call(monkeypatch, "--root", "6", "--py", "3.11")
    assert dict(request.axes) == {"root": ("6",), "python": ("3.11",)}
