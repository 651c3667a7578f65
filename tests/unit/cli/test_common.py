import doctest
import math
from pathlib import Path

import pytest
import typer

from rootstock.cli import common
from rootstock.core.errors import UsageError


def test_the_examples() -> None:
    result = doctest.testmod(common)
    assert (result.attempted, result.failed) == (2, 0)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0s", "-1s", "nan", "inf", "1e9s", "5", "5x", "1.s", "none\n", "9" * 400 + "s"),
        *("99999999999999h", "\u0665s", "5s\n"),
    ],
)
def test_what_is_no_amount(text: str) -> None:
    for parse in (common.seconds_of, common.bytes_of):
        with pytest.raises(typer.BadParameter):
            parse(text)


def test_an_amount_can_be_waited_for() -> None:
    assert common.seconds_of("none") == math.inf
    assert common.seconds_of("100000h") == 3.6e8
    assert common.bytes_of("64T") == 6.4e13


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://x.org/root/", "https://x.org/root"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses_for_readers(text: str, url: str) -> None:
    assert common.public_url(text) == common.channel_url(text) == url
    assert common.channel_url("file:///srv/channel/") == "file:///srv/channel"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "x.org",
            "ftp://x.org",
            "http://",
            "http:///x",
            "http://a b/",
            " https://x",
            "https://x\n",
        ),
        *(
            "https://x/\n# y",
            "https://x/?q",
            "https://x/#f",
            "https://x:port/",
            "https://x/\x1b[2J",
        ),
        "https://me:word@x.org/",
    ],
)
def test_what_is_no_address_for_readers(text: str) -> None:
    for parse in (common.public_url, common.channel_url):
        with pytest.raises(typer.BadParameter) as said:
            parse(text)
        assert str(said.value).isprintable()
        assert "word" not in str(said.value)


def test_lines_are_shown_as_they_are_and_control_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    common.say(["a\tb", "\x1b]0;title\x07", "größe"])
    assert capsys.readouterr().out == "a\tb\n\\x1b]0;title\\x07\ngröße\n"


@pytest.mark.parametrize(
    "text",
    ["file:", "file://", "file:///", "file://host/a", "file:a", "file:///a/../b", "file:///a b"],
)
def test_what_is_no_folders_address(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        common.channel_url(text)


def test_a_folders_address() -> None:
    assert common.channel_url("file:///srv/root/") == "file:///srv/root"
    assert common.channel_url("https://x.org/root/") == "https://x.org/root"


def test_a_folder_without_ci_is_no_checkout(tmp_path: Path) -> None:
    app, seen = typer.Typer(), list[Path]()

    @app.command()
    def command(checkout: common.CheckoutFolder = tmp_path / "installed") -> None:
        seen.append(checkout)

    def run(*words: str) -> None:
        app([*words], standalone_mode=False)

    for words in ((), ("--checkout", str(tmp_path))):
        with pytest.raises(UsageError, match="is not a checkout") as caught:
            run(*words)
        assert "--checkout" in caught.value.remedy
    (tmp_path / "ci").mkdir()
    run("--checkout", str(tmp_path))
    assert seen == [tmp_path]


def test_a_command_that_may_do_without_a_checkout_gets_any_folder(tmp_path: Path) -> None:
    app, seen = typer.Typer(), list[Path]()

    @app.command()
    def command(checkout: common.CheckoutIfNeeded = tmp_path / "installed") -> None:
        seen.append(checkout)

    app([], standalone_mode=False)
    assert seen == [tmp_path / "installed"]
