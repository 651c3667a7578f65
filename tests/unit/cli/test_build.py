"""What the options about packages' own tests ask for, and what is refused."""

import sys
from typing import Any

import pytest
import typer

from rootstock.cli import build, main
from rootstock.core.errors import UsageError
from rootstock.run.request import Request
from rootstock.suites.suite import LIMIT, Deep


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[Request]:
    """The options of the runs that a command line begins; nothing is run."""
    begun: list[Request] = []
    monkeypatch.setattr(sys, "argv", ["rootstock"])
    monkeypatch.setattr(build, "_run", lambda options, *rest: begun.append(options))
    group: Any = typer.main.get_command(main._application())
    group.main([*words], prog_name="rootstock", standalone_mode=False)
    return begun


@pytest.mark.parametrize(
    ("words", "deep"),
    [
        ((), None),
        (("--deep",), Deep(only=(), limit=LIMIT)),
        (
            ("--deep", "--suite", "scipy", "--suite", "h5py", "--suite-limit", "45m"),
            Deep(only=("scipy", "h5py"), limit=2700.0),
        ),
    ],
)
def test_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], deep: Deep | None
) -> None:
    [options] = asked(monkeypatch, "smoke", *words)
    assert options.deep == deep


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("smoke", "--suite", "scipy"), "--suite and --suite-limit go with --deep"),
        (("smoke", "--suite-limit", "1m"), "--suite and --suite-limit go with --deep"),
    ],
)
def test_what_has_no_meaning_is_refused(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        asked(monkeypatch, *words)


def test_only_what_promotes_asks_for_builders(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in ("--builders=2", "--key=bob.pub", "--attestation=bob.json"):
        for command in ("smoke", "audit"):
            with pytest.raises(typer.TyperException, match="No such option"):
                asked(monkeypatch, command, option)


def test_audit_lacks_the_options_of_tests_that_it_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for option in ("--deep", "--suite=scipy", "--suite-limit=1m"):
        with pytest.raises(typer.TyperException, match="No such option"):
            asked(monkeypatch, "audit", option)
    [options] = asked(monkeypatch, "audit")
    assert options.deep is None
