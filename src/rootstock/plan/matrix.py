"""The matrix: which cells there are of a product, and those that a user asks for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product as combinations
from pathlib import Path

from rootstock import product as products
from rootstock.core import names, yaml_source
from rootstock.core.errors import UsageError
from rootstock.plan.requirement import name_of, spec_of
from rootstock.product.model import Axis, Product

ARCHITECTURES = {"linux-64": "linux_x86_64"}
# Whether a version is repackaged from wheels or compiled.
ORIGINS = ("wheel", "source")
_PLATFORM = "target_platform"  # a variant value that the platform says
_SPEC = "Write the name of a package, and its version where that matters: numpy >=2"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One value of each axis of a product, such as ROOT 6.40.00 for Python 3.11.

    `sets` are the packages of the analysis stack's sets that its environment holds as well. Sets
    that cannot be in one environment make further cells, each with its own `name`.
    """

    product: Product
    values: tuple[str, ...]
    platform: str
    sets: tuple[str, ...] = ()
    name: str = ""

    @property
    def id(self) -> str:
        """The name a cell is chosen by, which may be matched by a glob."""
        pairs = zip(self.product.axes, self.values, strict=True)
        tags = [axis.tag(value) for axis, value in pairs]
        return "-".join([*tags, ARCHITECTURES[self.platform], *([self.name] if self.name else [])])

    @property
    def axes(self) -> dict[str, str]:
        """Its values by the names of the axes, as records have them."""
        return dict(zip(self.product.fields, self.values, strict=True))

    @property
    def python(self) -> str:
        """The version of Python, such as 3.11; empty where the product has no such axis."""
        return self.axes.get("python", "")

    @property
    def variant(self) -> dict[str, str]:
        """The variant values that make a recipe's output belong to this cell."""
        pairs = zip(self.product.axes, self.values, strict=True)
        return {key: text for axis, value in pairs for key, text in axis.variant(value).items()}


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """`ci/matrix.yaml`: every cell, what an environment holds, the common variant values.

    `sets` are the sets of the analysis stack that environments hold as well; rendering.py finds
    which of them a cell has, where its Python is among theirs.
    """

    product: Product
    platform: str
    cells: tuple[Cell, ...]
    specs: tuple[str, ...]
    variants: Mapping[str, str]
    sets: tuple[str, ...] = ()

    def specs_of(self, cell: Cell) -> list[str]:
        """What an environment of a cell is made of: the specs, at the cell's own versions."""
        pairs = zip(self.product.axes, cell.values, strict=True)
        versions = {axis.package: f"{value}.*" for axis, value in pairs}
        own = [f"{one} {versions[one]}" if one in versions else one for one in self.specs]
        return [*own, *cell.sets]

    def variants_of(self, cells: Sequence[Cell]) -> dict[str, list[str]]:
        """The variant values to render recipes with, so that the given cells can be built."""
        merged = {key: [value] for key, value in self.variants.items()}
        for number, axis in enumerate(self.product.axes):
            for value in sorted({cell.values[number] for cell in cells}, key=_order):
                for key, text in axis.variant(value).items():
                    merged.setdefault(key, []).append(text)
        return merged

    @property
    def taken(self) -> tuple[str, ...]:
        """The variant values that the cells and the platform say, and nothing else may."""
        return taken(self.product)

    @property
    def zip_keys(self) -> tuple[tuple[str, ...], ...]:
        """The variant values that vary together: those of one axis that has several."""
        keys = [tuple(axis.variant(axis.example)) for axis in self.product.axes]
        return tuple(own for own in keys if len(own) > 1)


def taken(product: Product) -> tuple[str, ...]:
    """The variant values that the cells of a product and the platform say."""
    return (*(key for axis in product.axes for key in axis.variant(axis.example)), _PLATFORM)


def load(path: Path) -> Matrix:
    """Read the matrix; raises `UsageError` with file and line of what is wrong with it."""
    source = yaml_source.read(path)
    product = _product(source)
    first, *others = product.axes
    keys = ("platform", *(axis.key for axis in product.axes[::-1]), "specs", "variants")
    top = source.mapping(keys, ("sets", "product"))
    platform = _one_of(top["platform"], ARCHITECTURES)
    known = {axis.key: _versions(top[axis.key], axis) for axis in others}
    cells: list[Cell] = []
    for row in top[first.key].items():
        fields = row.mapping(("version", "origin", *known))
        version = _version(fields["version"], first)
        _one_of(fields["origin"], ORIGINS)
        if any(cell.values[0] == version for cell in cells):
            raise fields["version"].fail(f"{first.title} {version} is there twice")
        for axis in others:
            for value in fields[axis.key].items():
                if (text := value.text()) not in known[axis.key]:
                    raise value.fail(
                        f"{first.title} {version} asks for {axis.title} {text}, which is not "
                        f"under `{axis.key}`",
                        f"Known: {', '.join(known[axis.key])}",
                    )
        for values in combinations(*(_versions(fields[axis.key], axis) for axis in others)):
            cells.append(Cell(product=product, values=(version, *values), platform=platform))
    variants = top["variants"].entries()
    for key in taken(product):
        if key in variants:
            message = (
                f"{key} is not a variant value of the matrix: the cells and the platform set it"
            )
            raise variants[key].fail(message, "Remove the line.")
    return Matrix(
        product=product,
        platform=platform,
        cells=tuple(cells),
        specs=tuple(_spec(spec) for spec in top["specs"].items()),
        variants={key: value.text() for key, value in variants.items()},
        sets=tuple(value.text() for value in top["sets"].items()) if "sets" in top else (),
    )


def _product(source: yaml_source.Value) -> Product:
    """The product that a matrix names; ROOT where it names none."""
    value = source.entries().get("product")
    if value is None:
        return products.named(products.DEFAULT)
    try:
        return products.named(value.text())
    except LookupError as error:
        raise value.fail(str(error), "A product is a module of rootstock.product.") from error


def _spec(value: yaml_source.Value) -> str:
    """A match spec whose package can be the name of one."""
    text = value.text()
    if reason := _not_a_spec(text):
        raise value.fail(f"{names.quoted(text)} is no match spec: {reason}", _SPEC)
    return text


def _not_a_spec(text: str) -> str:
    """Why a text is no match spec; empty if it is one."""
    try:
        spec_of(text)
        names.package_name(name_of(text))
    except ValueError as error:
        return str(error) or "it is wrong"
    return ""


def adding(matrix: Matrix, packages: Sequence[str]) -> Matrix:
    """The matrix whose environments also hold `packages`; raises `UsageError` for no match spec."""
    for text in packages:
        if reason := _not_a_spec(text):
            raise UsageError(f"--with {names.quoted(text)} is no match spec: {reason}", _SPEC)
    return replace(matrix, specs=tuple(dict.fromkeys((*matrix.specs, *packages))))


def _one_of(value: yaml_source.Value, known: Collection[str]) -> str:
    if (text := value.text()) not in known:
        raise value.fail(f"{text} is none of {', '.join(known)}")
    return text


def _version(value: yaml_source.Value, axis: Axis) -> str:
    if not axis.pattern.fullmatch(text := value.text()):
        raise value.fail(f"{text} is not a {axis.title} version like {axis.example}")
    return text


def _versions(value: yaml_source.Value, axis: Axis) -> list[str]:
    """The versions of a list, each there once."""
    found: list[str] = []
    for item in value.items():
        version = _version(item, axis)
        if version in found:
            raise item.fail(f"{version} is there twice")
        found.append(version)
    return found


def select(
    matrix: Matrix, asked: Mapping[str, Sequence[str]], only: Sequence[str] = ()
) -> tuple[Cell, ...]:
    """The cells a user asks for: `asked` has the wanted values of axes, by the axes' names.

    A value of a shortened axis may be cut: `6` is the newest 6, `6.40` the newest 6.40. `all` is
    every value, and so is an axis without a request. `only` keeps the cells whose id matches one of
    its globs.

    Raises `UsageError`, with what is known, for what the matrix does not have.
    """
    wanted = [
        _wanted(axis, {cell.values[number] for cell in matrix.cells}, asked.get(axis.field, ()))
        for number, axis in enumerate(matrix.product.axes)
    ]
    cells = tuple(
        cell
        for cell in matrix.cells
        if all(value in own for value, own in zip(cell.values, wanted, strict=True))
        and (not only or any(fnmatchcase(cell.id, pattern) for pattern in only))
    )
    if not cells:
        raise UsageError(
            "no cell matches the chosen versions and --only together",
            "Cells: " + ", ".join(cell.id for cell in matrix.cells),
        )
    return cells


def _wanted(axis: Axis, there: Collection[str], asked: Sequence[str]) -> set[str]:
    """The values of an axis that words ask for."""
    known = sorted(there, key=_order)
    wanted: set[str] = set()
    for word in asked or ("all",):
        if axis.shortened:
            matching = [one for one in known if f"{one}.".startswith(f"{word}.")][-1:]
        else:
            matching = [one for one in known if one == word]
        if word == "all":
            matching = known
        if not matching:
            raise UsageError(
                f"{axis.title} {word} is not in the matrix", f"Known: {', '.join(known)}, all"
            )
        wanted.update(matching)
    return wanted


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
