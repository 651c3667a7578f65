import doctest
from pathlib import Path
from typing import Literal

import pytest

from rootstock.core import errors
from rootstock.core.errors import BuildFailed, RootstockError


def test_the_examples() -> None:
    result = doctest.testmod(errors)
    assert (result.attempted, result.failed) == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:hidden@h:80/x is gone",
        "two: file:///a and https://:hidden@h/?a=b",
        "s3://key:hidden@bucket",
    ],
)
def test_no_failure_says_a_password(text: str) -> None:
    error = RootstockError(text, text)
    assert "hidden" not in error.message + error.remedy
    assert "://...@" in error.message


@pytest.mark.parametrize("text", ["https://h:80/a@b:c", "file:///a:b@c", "me@h:x", "a://b c:d@e"])
def test_what_is_no_password_stays(text: str) -> None:
    assert RootstockError(text).message == text


@pytest.mark.parametrize(
    ("over", "limit", "message", "option"),
    [
        ("time", 90.0, "stopped at stage script: it took more than 90 s", "--time-limit"),
        ("memory", 2.5e9, "script: it used more than 2.50 GB of memory", "--memory-limit"),
    ],
)
def test_a_build_over_a_limit_names_it_and_its_option(
    over: Literal["time", "memory"], limit: float, message: str, option: str
) -> None:
    error = BuildFailed("root-1-0", Path("log"), ["killed"], over=over, limit=limit)
    assert message in error.message and option in error.remedy
