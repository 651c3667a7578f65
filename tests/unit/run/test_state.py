"""A run's record: what became of each package, and why."""

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.report import junit
from rootstock.run.context import Context
from rootstock.run.request import Request
from rootstock.run.state import State, record


def node(name: str) -> Any:
    output = SimpleNamespace(name=name, version="1", subdir="noarch")
    return SimpleNamespace(
        id=name, output=output, filename=f"{name}-1-0.conda", key="k", scope="channel"
    )


def test_a_package_that_was_not_built_says_why_it_was_not(tmp_path: Path) -> None:
    nodes = {name: node(name) for name in ("broken", "user", "other", "later")}
    planned: Any = SimpleNamespace(
        graph=SimpleNamespace(nodes=nodes, cells={}),
        cells=(),
        have={},
        wanted=dict.fromkeys(nodes, frozenset()),
        reasons=dict.fromkeys(nodes, "never built"),
    )
    state = State(
        plan=planned,
        failures={"broken": UsageError("no space")},
        skipped={"user": "needs broken", "other": "not started, because broken failed"},
    )
    request = Request(checkout=Checkout(tmp_path))
    context = Context(request=request, store=Store(tmp_path), listen=silent, logs=tmp_path / "run")
    made = record(state, context, datetime.now(timezone.utc), 1.0, None)
    assert {one.package: (one.state, one.reason) for one in made.nodes} == {
        "broken": ("failed", "no space"),
        "user": ("skipped", "needs broken"),
        "other": ("skipped", "not started, because broken failed"),
        "later": ("skipped", "the run ended before it"),
    }
    [cases] = [cases for name, cases in junit.suites_of(made).items() if name == junit.TOOLS]
    assert [case.text for case in cases] == [one.reason for one in made.nodes]
