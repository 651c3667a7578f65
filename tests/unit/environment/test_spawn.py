"""The installer is started before secrets are taken out of the environment."""

import pytest

from rootstock.core import tokens
from rootstock.environment import spawn

SECRETS = [
    *tokens.ANACONDA,
    *tokens.QUETZ,
    *tokens.S3,
    "ROOTSTOCK_KEY_PASSPHRASE",
    "GITHUB_TOKEN",
    "TWINE_PASSWORD",
    "db_passwd",
    "SSHPASS",
    "MYSQL_PWD",
    "CLIENT_SECRET",
    "AWS_CREDENTIALS",
    "APIKEY",
    "DOCKER_AUTH_CONFIG",
    "JWT",
    "AZURE_PAT",
]


@pytest.mark.parametrize("name", SECRETS)
def test_what_may_be_secret_is_not_handed_on(name: str) -> None:
    assert spawn.may_be_secret(name)


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "https_proxy", "SSL_CERT_FILE", "RATTLER_AUTH_FILE", "LD_LIBRARY_PATH"]
)
def test_what_the_installer_needs_is_handed_on(name: str) -> None:
    assert not spawn.may_be_secret(name)


@pytest.mark.parametrize(
    "words", [[], ["env"], ["env", "p"], ["env", "p", "--help"], ["build", "a", "b"]]
)
def test_nothing_is_started_for_other_commands(words: list[str]) -> None:
    spawn.ahead(words)
    assert spawn._ahead == []
