"""What a product is: its axes, the checks of its environments, and the words of its messages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What differs between the cells of a product, such as the version of Python.

    `field` is its name in records, `key` that of its list in the matrix, `title` in messages.
    `package` is the package that a cell pins to its value. A value matches `pattern`; `example`
    is one. `tag` makes the part of a cell's id of a value, `variant` the variant values that
    recipes are rendered with. Where `shortened`, a user may cut a value short: `6` is the newest 6.
    """

    field: str
    key: str
    title: str
    package: str
    pattern: re.Pattern[str]
    example: str
    tag: Callable[[str], str]
    variant: Callable[[str], Mapping[str, str]]
    shortened: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """A smoke test: the packages it is about, and the seconds it may take on a busy machine.

    Some check an environment only where there is nothing beside it: on a `bare` system. Those of
    what the software does once it has started are `forked` from a process that started it; the
    others are processes of their own.
    """

    name: str
    needs: frozenset[str]
    timeout: float = 120
    bare: bool = False
    forked: bool = False

    @property
    def program(self) -> str:
        """Its file in the folder of checks."""
        return f"{self.name}.py"


@dataclass(frozen=True, kw_only=True)
class Product:
    """A software that a channel is for.

    The rows of the matrix are versions of the first of the `axes`, each with values of the others.
    Users install `package`. The channel's page lists the builds of the `headline` packages by axes.
    `trial` are the words of a command, from an environment's folder, that shows that it works.
    `checks` are its smoke tests, the longest first, so that two at a time end together. They are in
    the folder `programs`, or else in that of the smoke tests. `runner` is the program of an
    environment that runs them.
    """

    name: str
    title: str
    axes: tuple[Axis, ...]
    package: str
    headline: tuple[str, ...]
    trial: str
    checks: tuple[Check, ...]
    programs: Path | None = None
    runner: str = "bin/python"

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its axes in records."""
        return tuple(axis.field for axis in self.axes)
