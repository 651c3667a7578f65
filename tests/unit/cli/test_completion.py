"""No variable but that of a shell which asks turns a command into one that prints words."""

import pytest

from rootstock.cli import completion


@pytest.mark.parametrize(
    ("value", "asked"),
    [("complete_bash", True), ("complete_fish", True), ("1", False), ("", False), ("x", False)],
)
def test_only_a_shell_asks(monkeypatch: pytest.MonkeyPatch, value: str, asked: bool) -> None:
    monkeypatch.setenv(completion.VARIABLE, value)
    assert completion.is_asked() is asked


@pytest.mark.parametrize("shell", completion.Shell)
def test_a_script_names_the_variable_and_the_command(
    capsys: pytest.CaptureFixture[str], shell: completion.Shell
) -> None:
    completion.completion(shell)
    script = capsys.readouterr().out
    assert f"{completion.VARIABLE}=complete_{shell.value}" in script
    assert "rootstock" in script
