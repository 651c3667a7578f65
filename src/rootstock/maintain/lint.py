"""Lint: finds all faults of a checkout's recipes, without fetching or building.

The checks are those of planning, which stops at the first error. This shows all, for every variant
of the matrix, and warnings.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from rootstock.core import names
from rootstock.core.checkout import MATRIX, Checkout
from rootstock.core.errors import RecipeError, UsageError
from rootstock.plan import checks, patches
from rootstock.plan import graph as graphs
from rootstock.plan import matrix as matrices
from rootstock.plan import recipe as recipes
from rootstock.plan.checks import RecipeFinding
from rootstock.plan.links import Links, link, link_tests, require_order
from rootstock.plan.match import agrees, finder
from rootstock.plan.matrix import Matrix
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import LOCAL_RECIPE, recipe_folders, render_local, stacked
from rootstock.sources.fetch import load_registry
from rootstock.sources.local import Interpreter

_T = TypeVar("_T")
_PLACE = re.compile(r"(.+?\.yaml)(?::(\d+))?: (.+)", re.DOTALL)
_UNREADABLE = re.compile(r"(.+?\.yaml) (cannot be read: .+|is longer .+)", re.DOTALL)
# The names of recipes in other builders.
_FOREIGN = ("recipe.yml", "meta.yaml", "meta.yml")
_FOREIGN_VARIANTS = ("variants.yml", "conda_build_config.yaml", "conda_build_config.yml")


def lint(checkout: Checkout, asked: Sequence[str] = ()) -> list[RecipeFinding]:
    """Return all findings about recipes of a checkout, by file and line.

    `asked` names recipes by folder, path or package. Without it, lint checks all recipes, the
    matrix, the registry of sources and folders that are not recipes.

    Raises `UsageError` for a name that no recipe has.
    """
    folder, found = checkout.recipes, _Findings()
    matrix = found.of(lambda: matrices.load(checkout.matrix))
    found.of(lambda: load_registry(checkout.sources))
    if matrix is None:
        return found.all
    made = {
        path: found.of(partial(_render, path, folder, matrix)) or ()
        for path in recipe_folders(folder)
    }
    chosen = _chosen(asked, made) if asked else list(made)
    for path in chosen:
        found.all += checks.findings(made[path])
        found.all += _of_patches(path, checkout)
    if not asked:
        found.all += _strays(folder)
    locked = found.of(lambda: _locked(folder, made, matrix)) or ()
    _link(made, locked, chosen, matrix, found)
    kept = [one for one in dict.fromkeys(found.all) if not asked or _about(one, chosen)]
    return sorted(kept, key=lambda one: (str(one.path), one.line, one.message))


class _Findings:
    """The findings so far, including errors that ended something."""

    def __init__(self) -> None:
        self.all: list[RecipeFinding] = []

    def of(self, work: Callable[[], _T]) -> _T | None:
        """Return the result of some work, or None after an error, which becomes a finding."""
        try:
            return work()
        except RecipeError as error:
            reason = error.message.partition(": ")[2]
            self._add(error.path, error.line, reason, error.remedy)
        except UsageError as error:
            if found := _PLACE.fullmatch(error.message):
                self._add(Path(found[1]), int(found[2] or 0), found[3], error.remedy)
            elif found := _UNREADABLE.fullmatch(error.message):
                self._add(Path(found[1]), 0, found[2], error.remedy)
            else:
                self._add(Path(MATRIX), 0, error.message, error.remedy)
        return None

    def _add(self, path: Path, line: int, message: str, remedy: str) -> None:
        self.all.append(RecipeFinding(path=path, line=line, message=message, remedy=remedy))


def _render(path: Path, folder: Path, matrix: Matrix) -> tuple[Output, ...]:
    if path.name != LOCAL_RECIPE:
        variants = matrix.variants_of(matrix.cells)
        return recipes.render(path, variants, matrix.zip_keys, matrix.platform, matrix.taken)
    cell = matrix.cells[0]
    pretended = Interpreter(
        cpython=cell.python, version=f"{cell.python}.0", sha256="0" * 64, filename="python.tar"
    )
    same = [one for one in matrix.cells if one.python == cell.python]
    return render_local(folder, matrix, same, pretended)


def _chosen(asked: Iterable[str], made: "dict[Path, tuple[Output, ...]]") -> list[Path]:
    chosen = []
    for word in asked:
        given = Path(word).absolute()
        fitting = [
            path
            for path, outputs in made.items()
            if given in (path.absolute(), path.absolute() / "recipe.yaml")
            or word in (path.name, f"{path.parent.name}/{path.name}")
            or word in {output.name for output in outputs}
        ]
        if not fitting:
            known = ", ".join(sorted(path.name for path in made))
            raise UsageError(f"{word} is not a recipe", f"Known: {known}")
        chosen += fitting
    return list(dict.fromkeys(chosen))


def _about(finding: RecipeFinding, chosen: Sequence[Path]) -> bool:
    return any(path == finding.path or path in finding.path.parents for path in chosen)


def _of_patches(path: Path, checkout: Checkout) -> Iterator[RecipeFinding]:
    for patch in patches.of(path):
        for fault in patches.check(patch, path, checkout.root):
            yield RecipeFinding(
                path=patch.path,
                line=1,
                message=fault.message,
                remedy=fault.remedy,
                serious=fault.serious,
            )


def _strays(folder: Path) -> Iterator[RecipeFinding]:
    """Yield files that look like a recipe but are not read as one."""
    right = set(recipe_folders(folder))
    for path in sorted(folder.rglob("*")):
        message = ""
        if path.name in _FOREIGN and path.parent not in right:
            message = f"{path.name} is not read: a recipe is a recipe.yaml"
        elif path.name in _FOREIGN_VARIANTS:
            message = f"{path.name} is not read: a recipe's variant values are in variants.yaml"
        elif path.name == "recipe.yaml" and path.parent not in right:
            message = "it is not read: recipes are in recipes/GROUP/NAME/recipe.yaml"
        if message:
            remedy = "Move it, or remove it. docs/recipes.md has the format."
            yield RecipeFinding(path=path, line=0, message=message, remedy=remedy, serious=False)


def _named_well(output: Output) -> bool:
    """Whether an output has a valid name; a wrong name is reported already."""
    try:
        names.package_file(output.filename)
    except names.NotAllowed:
        return False
    return True


def _locked(
    folder: Path, made: "dict[Path, tuple[Output, ...]]", matrix: Matrix
) -> tuple[Output, ...]:
    """Return the outputs of the stack's lock, which recipes may need."""
    outputs = [one for some in made.values() for one in some]
    return stacked(folder, matrix, matrix.cells, outputs)


def _link(
    made: "dict[Path, tuple[Output, ...]]",
    locked: Sequence[Output],
    chosen: Sequence[Path],
    matrix: Matrix,
    found: _Findings,
) -> None:
    """Check for every cell that a recipe or the lock makes what the chosen recipes need."""
    others = [one for path, some in made.items() if path.name != LOCAL_RECIPE for one in some]
    outputs = [*(one for one in others if _named_well(one)), *locked]
    by_id = found.of(lambda: graphs.ids_of(outputs))
    if by_id is None:
        return
    find = finder(by_id)
    for cell in matrix.cells:
        links: dict[str, Links] = {}
        for path in chosen:
            own = [id_ for id_, one in by_id.items() if one.folder == path and one.complete]
            for id_ in own:
                if agrees(by_id[id_].variant, cell.variant):
                    found.of(partial(link, id_, cell.variant, by_id, find, links, ()))
        found.of(partial(link_tests, cell.variant, by_id, find, links))
        found.of(partial(require_order, links, by_id))
        if len(chosen) == len(made):
            for spec in matrix.specs:
                found.of(partial(find, spec, cell.variant, f"the cell {cell.id}"))
