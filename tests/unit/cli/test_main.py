import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.models import TyperPath

import rootstock.cli
from rootstock.cli import main
from rootstock.core.errors import UsageError

META_DIR = Path(rootstock.cli.__file__).parent


def test_every_command_is_found_where_it_is() -> None:
    there: dict[str, str] = {}
    for path in META_DIR.glob("*.py"):
        home = importlib.import_module(f"rootstock.cli.{path.stem}")
        there |= dict.fromkeys(getattr(home, "COMMANDS", ()), path.stem)
    assert there == main._HOMES
    assert {name for name, home in there.items() if name != home} == {"smoke"}


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "argv", ["rootstock"])
    return typer.main.get_command(main._application())


def parameters(group: Any) -> Iterator[tuple[Any, Any]]:
    """Every parameter of every command, with its command."""
    for command in group.commands.values():
        yield from ((command, parameter) for parameter in command.params)


def understood(command: Any, parameter: Any, word: str) -> Any:
    """Have a command line read that says a word for a parameter; nothing is run."""
    arguments = [p for p in command.params if not p.opts[0].startswith("-") and p.required]
    anything = {one: next(iter(getattr(one.type, "choices", ["-"]))) for one in arguments}
    words = [anything[one] if one is not parameter else word for one in arguments]
    if parameter not in arguments:
        words = [*words, *(name for name in parameter.opts[:1] if name[0] == "-"), word]
    return command.make_context(command.name, words)


def test_an_empty_word_is_no_path(group: Any) -> None:
    paths = [
        (command, parameter)
        for command, parameter in parameters(group)
        if isinstance(parameter.type, TyperPath) or "DIR" in (parameter.metavar or "")
    ]
    assert {command.name for command, _ in paths} == {*main._HOMES} - {
        "keys",
        "doctor",
        "completion",
    }
    for command, parameter in paths:
        with pytest.raises(UsageError, match="is an empty word"):
            understood(command, parameter, "")


def test_a_variable_that_is_set_to_nothing_is_as_good_as_not_set(
    group: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOTSTOCK_CHECKOUT", "")
    assert group.commands["plan"].make_context("plan", [])


@pytest.mark.parametrize("word", ["-1", "nan", "inf", "1e999", "0x10", "", " ", "9" * 5000])
def test_a_number_that_cannot_be_is_reported_with_its_option(word: str, group: Any) -> None:
    numbers = [(c, p) for c, p in parameters(group) if "int" in p.type.name]
    assert {command.name for command, _ in numbers} >= {"build", "publish", "rollback", "serve"}
    for command, parameter in numbers:
        with pytest.raises(typer.TyperException) as said:
            understood(command, parameter, word)
        assert parameter.opts[0] in said.value.format_message()


@pytest.mark.parametrize(
    ("argv", "words", "needed"),
    [
        (["env", "x"], ["env", "x"], {"env"}),
        (["help"], ["--help"], set(main._HOMES)),
        (["help", "env", "x"], ["env", "--help"], {"env"}),
        (["-V"], ["-V"], set()),
        (["nonsense"], ["nonsense"], set(main._HOMES)),
        ([], [], set(main._HOMES)),
    ],
)
def test_words(
    argv: list[str], words: list[str], needed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["rootstock", *argv])
    assert main._words() == words
    assert set(main._needed(words)) == needed
