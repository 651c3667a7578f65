"""A type that all readers read, and what is written of it.

Each value stands in these modules as Python's; write.py makes C++ of it. So what is right is known
without any reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A type, and what is written of it.

    `tree` is the C++ type of the branch, or of what the leaf list `leaf` describes; `ntuple` that
    of the field. An empty one is a type that this format has not. `kinds` are the NumPy types of
    its numbers. `add` and `fills` replace the C++ that write.py makes.
    """

    name: str
    title: str
    values: Sequence[Any]
    kinds: Sequence[str]
    tree: str = ""
    leaf: str = ""
    ntuple: str = ""
    split: int = 99
    fields: Sequence[str] = ()  # the members of a class, in the order of the values
    add: str = ""  # makes `x` and its branch or field
    fills: Sequence[str] = ()  # each puts one of the values into `x`
    ask: str = ""  # what is asked for by name, where it is not x
    notes: Sequence[str] = ()  # the chapters of the page that say what to do
    field: str = ""  # the title in the table of RNTuples, where it is another

    def called(self, kind: str) -> str:
        """The title in the table of a format."""
        return self.field or self.title if kind == "ntuple" else self.title


# Chapters of the page.
BYTES, PACKED, NESTED, SHAPES = "Eight bits", "Packed numbers", "Nested vectors", "Shapes"
PAIRS, ENUMS, OTHERS = "Maps and pairs", "Enums and bit sets", "Aliases and friends"
MISSING, UNKNOWN, STRINGS = "Missing values", "Unknown classes", "C strings"
CONTAINERS, VARIANTS, INNER = "Other containers", "Variants and atomics", "Members of classes"
RECORDS, LEAVES = "Records and lengths", "Names of leaves"
