"""The matrix: which ROOT is built for which Python, and the cells a user asks for."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rootstock.core import names
from rootstock.core.errors import UsageError
from rootstock.plan import yaml_source
from rootstock.plan.requirement import name_of, spec_of

ARCHITECTURES = {"linux-64": "linux_x86_64"}
# Whether a ROOT is repackaged from CERN's wheels or compiled.
ORIGINS = ("wheel", "source")
# These vary together: a Python version and the CPython that is built for it.
ZIP_KEYS = (("python", "cpython"),)
_PYTHON = re.compile(r"3\.(?:0|[1-9][0-9]{0,2})")
_ROOT = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{2}\.[0-9]{2}")
# The variant values that the cells and the platform say.
TAKEN = ("python", "cpython", "root_version", "target_platform")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One ROOT version for one Python. `root` is like 6.40.00, `python` like 3.11.

    `sets` are the packages of the analysis stack's sets that its environment holds as well. Sets
    that cannot be in one environment make further cells, each with its own `name`.
    """

    root: str
    python: str
    platform: str
    sets: tuple[str, ...] = ()
    name: str = ""

    @property
    def id(self) -> str:
        """The name a cell is chosen by, which may be matched by a glob."""
        tag = self.python.replace(".", "")
        own = f"-{self.name}" if self.name else ""
        return f"root{self.root}-cp{tag}-{ARCHITECTURES[self.platform]}{own}"

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
    """`ci/matrix.yaml`: every cell, what an environment holds, the common variant values.

    `sets` are the sets of the analysis stack that environments hold as well; which of them a cell
    has, where its Python is among theirs, is said by who reads the stack's lock (planning.py).
    """

    platform: str
    cells: tuple[Cell, ...]
    specs: tuple[str, ...]
    variants: Mapping[str, str]
    sets: tuple[str, ...] = ()

    def specs_of(self, cell: Cell) -> list[str]:
        """What an environment of a cell is made of: the specs, at the cell's own versions."""
        versions = {"python": f"{cell.python}.*", "root": f"{cell.root}.*"}
        own = [f"{one} {versions[one]}" if one in versions else one for one in self.specs]
        return [*own, *cell.sets]

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
    """Read the matrix; raises `UsageError` with file and line of what is wrong with it."""
    top = yaml_source.read(path).mapping(
        ("platform", "pythons", "roots", "specs", "variants"), ("sets",)
    )
    platform = _one_of(top["platform"], ARCHITECTURES)
    pythons = _versions(top["pythons"], _PYTHON, "a Python version like 3.11")
    cells: list[Cell] = []
    for root in top["roots"].items():
        row = root.mapping(("version", "origin", "pythons"))
        version = _version(row["version"], _ROOT, "a ROOT version like 6.40.00")
        _one_of(row["origin"], ORIGINS)
        if any(cell.root == version for cell in cells):
            raise row["version"].fail(f"ROOT {version} is there twice")
        for value in row["pythons"].items():
            if (text := value.text()) not in pythons:
                raise value.fail(
                    f"ROOT {version} asks for Python {text}, which is not under `pythons`",
                    f"Known: {', '.join(pythons)}",
                )
        for python in _versions(row["pythons"], _PYTHON, "a Python version like 3.11"):
            cells.append(Cell(root=version, python=python, platform=platform))
    variants = top["variants"].entries()
    for key in TAKEN:
        if key in variants:
            told = f"{key} is no variant value of the matrix: its cells and its platform say it"
            raise variants[key].fail(told, "Take the line out.")
    return Matrix(
        platform=platform,
        cells=tuple(cells),
        specs=tuple(_spec(spec) for spec in top["specs"].items()),
        variants={key: value.text() for key, value in variants.items()},
        sets=tuple(value.text() for value in top["sets"].items()) if "sets" in top else (),
    )


def _spec(value: yaml_source.Value) -> str:
    """A match spec whose package can be the name of one."""
    text = value.text()
    try:
        spec_of(text)
        names.package_name(name_of(text))
    except ValueError as error:
        raise value.fail(
            f"{names.shown(text)} is no match spec: {error}",
            "Write the name of a package, and its version where that matters: numpy >=2",
        ) from error
    return text


def _one_of(value: yaml_source.Value, known: Collection[str]) -> str:
    if (text := value.text()) not in known:
        raise value.fail(f"{text} is none of {', '.join(known)}")
    return text


def _version(value: yaml_source.Value, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(text := value.text()):
        raise value.fail(f"{text} is not {what}")
    return text


def _versions(value: yaml_source.Value, pattern: re.Pattern[str], what: str) -> list[str]:
    """The versions of a list, each there once."""
    found: list[str] = []
    for item in value.items():
        version = _version(item, pattern, what)
        if version in found:
            raise item.fail(f"{version} is there twice")
        found.append(version)
    return found


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
