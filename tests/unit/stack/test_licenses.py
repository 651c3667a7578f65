"""The license of a wheel is an SPDX expression, or it is not known."""

import doctest

import pytest

from rootstock.stack import licenses

OSI = "License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "spdx"),
    [
        ("MIT", "", [], "MIT"),
        ("mit or apache-2.0", "", [], "MIT OR Apache-2.0"),
        ("", "BSD 3-Clause", [], "BSD-3-Clause"),
        ("", "bsd-3-clause", [], "BSD-3-Clause"),
        ("", "The whole text of a license. " * 20, [f"{OSI}MIT License"], "MIT"),
        ("", "", [f"{OSI}Apache Software License"], "Apache-2.0"),
        ("", "", [f"{OSI}MIT License", f"{OSI}BSD License"], ""),  # which counts?
        ("", "Dual License", [], ""),
        ("", "UNKNOWN", [], ""),
        ("", "", [], ""),
    ],
)
def test_it_is_found_in_three_places(
    expression: str, text: str, classifiers: list[str], spdx: str
) -> None:
    assert licenses.of(expression, text, classifiers) == spdx


def test_the_examples() -> None:
    result = doctest.testmod(licenses)
    assert (result.attempted, result.failed) == (1, 0)
