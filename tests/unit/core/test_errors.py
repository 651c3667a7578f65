import doctest

import pytest

from rootstock.core import errors
from rootstock.core.errors import RootstockError


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
def test_no_failure_tells_a_password(text: str) -> None:
    error = RootstockError(text, text)
    assert "hidden" not in error.message + error.remedy
    assert "://...@" in error.message


@pytest.mark.parametrize("text", ["https://h:80/a@b:c", "file:///a:b@c", "me@h:x", "a://b c:d@e"])
def test_what_is_no_password_stays(text: str) -> None:
    assert RootstockError(text).message == text
