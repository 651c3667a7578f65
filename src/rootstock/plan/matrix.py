"""The matrix: which ROOT is built for which Python, and the cells a user asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from rootstock.errors import UsageError

ARCHITECTURES = {"linux-64": "linux_x86_64"}
# These vary together: a Python version and the CPython that is built for it.
ZIP_KEYS = (("python", "cpython"),)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One ROOT version for one Python. `root` is like 6.40.00, `python` like 3.11."""

    root: str
    python: str
    platform: str

    @property
    def id(self) -> str:
        """The name a cell is chosen by, which may be matched by a glob."""
        tag = self.python.replace(".", "")
        return f"root{self.root}-cp{tag}-{ARCHITECTURES[self.platform]}"

    @property
    def variant(self) -> dict[str, str]:
        """The variant values that make a recipe's output belong to this cell."""
        tag = self.python.replace(".", "")
        return {
            "root_version": self.root,
            "cpython": self.python,
            "python": f"{self.python}.* *_cp{tag}",
        }


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """`ci/matrix.yaml`: every cell, what an environment holds, the common variant values."""

    platform: str
    cells: tuple[Cell, ...]
    specs: tuple[str, ...]
    variants: Mapping[str, str]

    def variants_of(self, cells: Sequence[Cell]) -> dict[str, list[str]]:
        """The variant values to render recipes with, so that the given cells can be built."""
        merged = {key: [value] for key, value in self.variants.items()}
        pythons = sorted({cell.python for cell in cells}, key=_order)
        by_python = {cell.python: cell.variant for cell in cells}
        merged["python"] = [by_python[python]["python"] for python in pythons]
        merged["cpython"] = [by_python[python]["cpython"] for python in pythons]
        merged["root_version"] = sorted({cell.root for cell in cells}, key=_order)
        return merged


def load(path: Path) -> Matrix:
    """Read the matrix; raises `UsageError` that says what is wrong with it."""
    try:
        raw: dict[str, Any] = yaml.safe_load(path.read_text())
        platform, pythons = raw["platform"], [str(python) for python in raw["pythons"]]
        if platform not in ARCHITECTURES:
            raise UsageError(f"{path}: platform {platform} is none of {', '.join(ARCHITECTURES)}")
        cells = []
        for root in raw["roots"]:
            for python in root["pythons"]:
                if python not in pythons:
                    raise UsageError(
                        f"{path}: ROOT {root['version']} asks for Python {python}, "
                        f"which is not under `pythons`"
                    )
                cells.append(Cell(root=root["version"], python=python, platform=platform))
        return Matrix(
            platform=platform,
            cells=tuple(cells),
            specs=tuple(raw["specs"]),
            variants={key: str(value) for key, value in raw["variants"].items()},
        )
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {error}") from error
    except (OSError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: not a matrix: {error!r}") from error


def select(
    matrix: Matrix, roots: Sequence[str], pythons: Sequence[str], only: Sequence[str] = ()
) -> tuple[Cell, ...]:
    """The cells a user asks for.

    A ROOT version may be cut short: `6` is the newest 6, `6.40` the newest 6.40; `all` is
    every one. Without `roots` or `pythons` it is all of them. `only` keeps the cells whose
    name matches one of its globs.

    Raises `UsageError`, with what is known, for what the matrix does not have.
    """
    known_roots = sorted({cell.root for cell in matrix.cells}, key=_order)
    known_pythons = sorted({cell.python for cell in matrix.cells}, key=_order)
    wanted_roots: set[str] = set()
    for root in roots or ("all",):
        matching = [r for r in known_roots if root == "all" or f"{r}.".startswith(f"{root}.")]
        if not matching:
            raise UsageError(
                f"ROOT {root} is not in the matrix", f"Known: {', '.join(known_roots)}, all"
            )
        wanted_roots |= set(matching if root == "all" else matching[-1:])
    wanted_pythons: set[str] = set()
    for python in pythons or ("all",):
        if python != "all" and python not in known_pythons:
            raise UsageError(
                f"Python {python} is not in the matrix", f"Known: {', '.join(known_pythons)}, all"
            )
        wanted_pythons |= set(known_pythons) if python == "all" else {python}
    cells = tuple(
        cell
        for cell in matrix.cells
        if cell.root in wanted_roots
        and cell.python in wanted_pythons
        and (not only or any(fnmatchcase(cell.id, pattern) for pattern in only))
    )
    if not cells:
        raise UsageError(
            "no cell of the matrix is for all of that",
            "Cells: " + ", ".join(cell.id for cell in matrix.cells),
        )
    return cells


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
