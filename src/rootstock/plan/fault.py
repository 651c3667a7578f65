"""A fault of a recipe, before its file and line are looked up."""

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault of an output of a recipe.

    `keys` lead to the place in the recipe's file; among several such keys it is the one that has
    `value`. A fault that is not `serious` is a warning.
    """

    keys: tuple[str, ...]
    message: str
    remedy: str = ""
    value: str = ""
    serious: bool = True
