"""Checks the content of `ci/images/NAME.yaml`, as docs/schemas/image.schema.json does."""

import re

from rootstock.core import shape
from rootstock.core.names import quoted

_SUITE = re.compile(r"[a-z][a-z0-9-]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")  # Debian Policy, 5.6.1


def _text(pattern: re.Pattern[str], form: str) -> shape.Check[str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"{quoted(value)} is not {form}")
        return value

    return check


def _packages(value: object) -> tuple[str, ...]:
    found = shape.items(_text(_PACKAGE, "the name of a Debian package"))(value)
    if not found or len(set(found)) != len(found):
        raise ValueError("it is empty" if not found else "a package occurs twice")
    return found


check = shape.fields(
    suite=_text(_SUITE, "the name of a Debian suite"),
    closure=shape.yes_or_no,
    packages=_packages,
)
"""Checks the values of a description; raises `ValueError` for other fields or values."""
