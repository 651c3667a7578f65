"""That `plan` understands what decides a plan."""

import sys
from typing import Any

import pytest
import typer

from rootstock.cli import main, plan
from rootstock.core.errors import UsageError
from rootstock.run.request import Request
from rootstock.suites.suite import LIMIT, Deep


def shown(monkeypatch: pytest.MonkeyPatch, *words: str) -> Request:
    """The request whose plan a command line would show; nothing is planned."""
    requests: list[Request] = []
    monkeypatch.setattr(sys, "argv", ["rootstock"])
    monkeypatch.setattr(plan, "show", lambda request, as_json: requests.append(request))
    group: Any = typer.main.get_command(main._application())
    group.main(["plan", *words], prog_name="rootstock", standalone_mode=False)
    [request] = requests
    return request


def test_the_sets_and_suites_of_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    request = shown(monkeypatch, "--set", "analysis", "--deep", "--suite", "scipy")
    assert request.sets == ("analysis",)
    assert request.deep == Deep(only=("scipy",), limit=LIMIT)
    assert shown(monkeypatch).deep is None


def test_the_packages_beside_those_of_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, "--with", "gxx", "--with", "zlib 1.3.*").packages == (
        "gxx",
        "zlib 1.3.*",
    )
    assert shown(monkeypatch).packages == ()


def test_a_suite_goes_with_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="go with --deep"):
        shown(monkeypatch, "--suite", "scipy")
