import doctest
import os
from pathlib import Path

import pytest

from rootstock.core import tokens
from rootstock.core.errors import UsageError
from rootstock.core.tokens import Secret


@pytest.fixture(autouse=True)
def nothing_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_taken", {})
    # So that what `take` takes here is there again afterwards.
    for name in filter(tokens.is_secret, tuple(os.environ)):
        monkeypatch.delenv(name)


def test_a_token_is_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINSTAR_API_TOKEN", " one ")
    tokens.take()
    assert "BINSTAR_API_TOKEN" not in os.environ
    assert tokens.token(tokens.ANACONDA, None).value == "one"
    with pytest.raises(UsageError, match="needs a token"):
        tokens.token(tokens.QUETZ, None)


def test_a_variable_that_holds_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUETZ_API_KEY", "one\nX-Header: two")
    tokens.take()
    with pytest.raises(UsageError, match="QUETZ_API_KEY does not hold one token") as said:
        tokens.token(tokens.QUETZ, None)
    assert "two" not in said.value.message


def test_only_the_keys_that_are_set_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    tokens.take()
    assert tokens.given(tokens.S3) == {"AWS_ACCESS_KEY_ID": "id"}


def test_a_file_comes_before_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUETZ_API_KEY", "variable")
    tokens.take()
    file = tmp_path / "token"
    file.write_text("file\n")
    assert tokens.token(tokens.QUETZ, file).value == "file"


@pytest.mark.parametrize(
    "name",
    [
        *("ROOTSTOCK_KEY_PASSPHRASE", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        *(
            "TWINE_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "ANACONDA_TOKEN",
            "Db_Password",
            "NPM_API_KEY",
        ),
        *("PGPASSWORD", "SYSTEM_ACCESSTOKEN", "SSHPASS"),
    ],
)
def test_no_child_sees_a_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hidden")
    tokens.take()
    assert "hidden" not in os.environ.values()
    assert tokens.given([name]) == {name: "hidden"}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "PWD", "OLDPWD", "ROOTSTOCK_KEY", "KRB5CCNAME", "SSH_AUTH_SOCK"),
        *("BEARER_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "TOKENIZERS_PARALLELISM", "PIP_CERT"),
        *("COMPASS", "BYPASS", "TOKENIZERS"),
    ],
)
def test_what_is_no_secret_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "word")
    tokens.take()
    assert os.environ[name] == "word"


def test_the_examples() -> None:
    result = doctest.testmod(tokens)
    assert (result.attempted, result.failed) == (1, 0)


@pytest.mark.parametrize("text", ["", "\n", "two words", "\0", "größe", "x" * (1 << 16)])
def test_a_file_that_holds_no_token(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(UsageError, match="one token and nothing else"):
        tokens.token(tokens.QUETZ, file)
    with pytest.raises(UsageError, match="cannot be read"):
        tokens.token(tokens.QUETZ, tmp_path / "none")


def test_a_secret_is_not_shown() -> None:
    assert "hidden" not in repr(Secret("hidden")) + str(Secret("hidden"))
