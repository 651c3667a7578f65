import doctest

from rootstock.report import words


def test_examples() -> None:
    assert doctest.testmod(words).attempted == 7
    assert doctest.testmod(words).failed == 0
