"""The form of a product: its axes, the checks of its environments, the words of its messages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A property that differs between the cells of a product, such as the version of Python.

    Records call it `field`, its list in the matrix `key`, and messages `title`. A cell pins
    `package` to its value. A value matches `pattern`, as `example` does. For a value, `tag` returns
    the part of a cell's id, and `variant` the variant values with which recipes are rendered. If
    the axis is `shortened`, a user may give the start of a value: `6` is the newest 6.
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
    """A smoke test: the packages that it needs, and its limit in seconds on a busy machine.

    A `bare` check runs only on a system with nothing but the environment. A `forked` check is
    forked from a process that has started the software; other checks are processes of their own.
    """

    name: str
    needs: frozenset[str]
    timeout: float = 120
    bare: bool = False
    forked: bool = False

    @property
    def program(self) -> str:
        """The name of its file in the folder of checks."""
        return f"{self.name}.py"


@dataclass(frozen=True, kw_only=True)
class Product:
    """A software that a channel is for.

    The rows of the matrix are versions of the first of the `axes`, each with values of the others.
    Users install `package`. The channel's page lists the builds of the `headline` packages by axes.
    `trial` are the words of a command, from an environment's folder, that shows that it works.
    `checks` are its smoke tests, the longest first, so that two at a time end together. They are in
    the folder `programs`, or else in that of the smoke tests. `runner` is the program of an
    environment that runs them. `acceptance` has the names that the program of an acceptance test
    may have, each with the words that run it, from an environment's folder.
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
    acceptance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its axes in records."""
        return tuple(axis.field for axis in self.axes)

    @property
    def variables(self) -> frozenset[str]:
        """The names of the variant values that its axes set."""
        return frozenset(name for axis in self.axes for name in axis.variant(axis.example))
