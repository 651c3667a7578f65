import doctest

from rootstock.core import formatting


def test_examples() -> None:
    assert doctest.testmod(formatting).attempted == 8
    assert doctest.testmod(formatting).failed == 0
