"""The inventory: every package that the recipes make, and every patch that they apply."""

from collections.abc import Sequence
from dataclasses import dataclass

from rootstock.core.checkout import Checkout
from rootstock.plan import patches
from rootstock.plan.match import version_order
from rootstock.plan.patches import Patch
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import load_matrix, recipe_folders, render_all

_ORIGINS = {"source": "compiled", "wheel": "from a wheel", "deb": "from Debian's package"}
_SCOPES = {"channel": "users", "image": "builds only"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A package in the matrix's versions; some may never have been built.

    `unverified` also has versions that were built for some Pythons only, with the others: `6.40.00
    for 3.14`. `stacked` packages come from the stack's lock, not from a recipe.
    """

    package: str
    versions: tuple[str, ...]
    origin: str
    scope: str
    unverified: tuple[str, ...]
    stacked: bool = False

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as text."""
        origin = _ORIGINS.get(self.origin, self.origin)
        verified = f"all but {', '.join(self.unverified)}" if self.unverified else "yes"
        if set(self.unverified) >= set(self.versions):
            verified = "no: never built"
        return self.package, ", ".join(self.versions), origin, _SCOPES[self.scope], verified


def take(checkout: Checkout) -> tuple[Row, ...]:
    """Render every recipe of a checkout for its whole matrix; raises as planning does."""
    matrix = load_matrix(checkout)
    made: dict[str, list[Output]] = {}
    for output in render_all(checkout.recipes, matrix, matrix.cells):
        if output.complete:
            made.setdefault(output.name, []).append(output)
    return tuple(_row(name, made[name]) for name in sorted(made))


def _row(name: str, outputs: Sequence[Output]) -> Row:
    versions = sorted({output.version for output in outputs}, key=version_order)
    unverified = []
    for version in versions:
        same = [output for output in outputs if output.version == version]
        lacking = [output for output in same if not output.verified]
        if len(lacking) == len(same):
            unverified.append(version)
        else:
            unverified += [f"{version} for {_python(output)}" for output in lacking]
    return Row(
        package=name,
        versions=tuple(versions),
        origin=str(outputs[0].extra.get("origin", "")),
        scope=str(outputs[0].extra.get("scope", "channel")),
        unverified=tuple(dict.fromkeys(unverified)),
        stacked=outputs[0].lock is not None,
    )


def _python(output: Output) -> str:
    return output.variant.get("cpython") or output.variant.get("python", "").partition(".*")[0]


def take_patches(checkout: Checkout) -> tuple[Patch, ...]:
    """Return the patches of all recipes of a checkout, with their headers."""
    return tuple(
        patch for folder in recipe_folders(checkout.recipes) for patch in patches.of(folder)
    )


def patch_cells(patch: Patch, checkout: Checkout) -> tuple[str, str, str, str]:
    """A patch as text: its file, its purpose, its upstream address, its test."""
    file = patch.path.relative_to(checkout.recipes).as_posix()
    return file, patch.title, patch.reference, patch.test


def as_markdown(rows: Sequence[Row]) -> str:
    """Format the table of packages with recipes in docs/reference/packages.md."""
    head = ("package", "version", "origin", "for", "built and tested")
    return _table([head, *(row.cells for row in rows if not row.stacked)])


def patches_as_markdown(found: Sequence[Patch], checkout: Checkout) -> str:
    """Format the table of patches in docs/reference/packages.md."""
    head = ("patch", "what it does", "upstream", "tested by")
    return _table([head, *(patch_cells(patch, checkout) for patch in found)])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table, whose first row is its head."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
