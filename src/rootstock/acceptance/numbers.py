"""The numbers that an acceptance test writes: a JSON object in the file numbers.json.

They come from a sandbox: whatever the file has, reading it raises only `ValueError`.
"""

import math
from pathlib import Path

from rootstock.core import names, shape
from rootstock.image.output import opened

Number = int | float

FILE = "numbers.json"
_MOST = 1 << 20  # bytes: some ten thousand numbers
_LARGEST = 2**63  # of a whole number


def number(value: object) -> Number:
    """A finite number; a whole one has at most 63 bits, as in most programs."""
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise ValueError(f"{names.quoted(value)} is not a finite number")


def read(folder: Path, path: str) -> dict[str, Number]:
    """Read the numbers that a program wrote into a sandbox's folder, by name.

    Raises `ValueError`, which says what is wrong with the file.
    """
    with opened(folder, path) as file:
        text = file.read(_MOST + 1)
    if len(text) > _MOST:
        raise ValueError(f"{FILE} is larger than {_MOST} bytes")
    found = shape.mapping(name, number)(shape.document(text))
    if not found:
        raise ValueError(f"{FILE} has no number")
    return found


def name(value: object) -> str:
    """The name of a number: a line of text that is not empty."""
    if not (text := names.line(value).strip()):
        raise ValueError("a number has no name")
    return text
