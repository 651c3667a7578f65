from pathlib import Path
from typing import Any

import pytest

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.publish.anaconda import Anaconda
from rootstock.publish.choose import Options, choose
from rootstock.publish.folder import Folder
from rootstock.publish.quetz import Quetz
from rootstock.publish.s3 import S3
from rootstock.publish.target import Target
from rootstock.sources import tools


@pytest.fixture(autouse=True)
def no_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "ensure", lambda lock, store, listen: lock)


def chosen(text: str, tmp_path: Path, **options: Any) -> Target:
    given = Options(checkout=Checkout(tmp_path), timeout=1, reads=True, **options)
    return choose(text, given, Store(tmp_path), silent)


def test_anaconda(tmp_path: Path) -> None:
    made = chosen("anaconda:me", tmp_path)
    assert isinstance(made, Anaconda)
    assert made.shown_url == "https://conda.anaconda.org/me"
    assert made.staged_url == "https://conda.anaconda.org/me/label/staging"
    made = chosen("anaconda:me", tmp_path, label="trial", staging="s", server="https://own/api/")
    assert isinstance(made, Anaconda)
    assert (made.server, made.shown_url[-12:]) == ("https://own/api", "/label/trial")
    with pytest.raises(UsageError):
        chosen("anaconda:me", tmp_path, label="staging")


def test_quetz(tmp_path: Path) -> None:
    made = chosen("quetz:https://host:8000/base/physics", tmp_path)
    assert isinstance(made, Quetz)
    assert made.shown_url == "https://host:8000/base/get/physics"
    assert made.staged_url == "https://host:8000/base/get/physics-staging"


def test_s3(tmp_path: Path) -> None:
    made = chosen("s3://bucket/one/two/", tmp_path)
    assert isinstance(made, S3)
    assert (made.bucket, made.prefix) == ("bucket", "one/two/")
    assert made.shown_url == "https://bucket.s3.amazonaws.com/one/two"
    own = chosen("s3://bucket", tmp_path, server="https://own", url="https://read/")
    assert own.shown_url == "https://read"
    assert own.staged_url == "https://read/.rootstock/staging"


@pytest.mark.parametrize("text", ["web", "folder:web", "/srv/www", "./a:b"])
def test_folders(text: str, tmp_path: Path) -> None:
    made = chosen(text, tmp_path)
    assert isinstance(made, Folder)
    assert made.path == Path(text.removeprefix("folder:"))


@pytest.mark.parametrize(
    "text",
    [
        *("anaconda:", "anaconda:a/b", "quetz:host", "quetz:https://host", "s3://", "ftp://h/c"),
        *(
            "anaconda:a\nb",
            "quetz:https://h a/c",
            "quetz:https://u:p@h/c",
            "s3://b/../c",
            "s3://b/a//c",
        ),
        *(
            "",
            "folder:",
            "foo:bar",
            "Anaconda:me",
            "conda:me",
            "C:",
            "file:///srv",
            "~no-such-user",
        ),
    ],
)
def test_what_names_nothing(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        chosen(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "option"),
    [("web", "label"), ("web", "url"), ("s3://b", "staging"), ("quetz:http://h/c", "server")],
)
def test_options_that_are_for_others(text: str, option: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not for"):
        chosen(text, tmp_path, **{option: "x"})
