"""Render the recipes of a checkout for cells, with what the stack's lock makes beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rootstock.core.checkout import STACK_LOCK, Checkout
from rootstock.core.errors import UsageError
from rootstock.core.names import listed
from rootstock.plan import checks, wheels
from rootstock.plan import matrix as matrices
from rootstock.plan import recipe as recipes
from rootstock.plan.matrix import Cell, Matrix
from rootstock.sources.local import Interpreter
from rootstock.stack import lock as stack
from rootstock.stack.lock import PREFIX, TESTS

STACKED = "analysis"  # the group of recipes that has what makes packages of wheels
LOCAL_RECIPE = "python-local"  # which is rendered with an interpreter of this machine only


def load_matrix(checkout: Checkout, more: Sequence[str] = ()) -> Matrix:
    """The matrix of a checkout, with what the stack's lock has for its sets and for `more`.

    Raises `UsageError` when one of these sets is not in the lock.
    """
    matrix = matrices.load(checkout.matrix)
    lock = stack.load(checkout.stack_lock)
    sets = {one.name.removeprefix(PREFIX): one for one in lock.sets}
    names = dict.fromkeys((*matrix.sets, *(_all(sets) if "all" in more else more)))
    if unknown := [name for name in names if name not in sets]:
        raise UsageError(
            f"{checkout.stack_lock} has no set {listed(unknown)}",
            f"Known: {listed(sets) or 'none'}. rootstock stack lock writes that file anew.",
        )
    chosen = [sets[name] for name in names]
    if "python" not in matrix.product.fields:  # sets are of wheels, and these are for a Python
        return matrix
    return replace(
        matrix,
        cells=tuple(
            replace(cell, sets=tuple(some), name=some[0].removeprefix(PREFIX) if number else "")
            for cell in matrix.cells
            for number, some in enumerate(stack.together(chosen, cell.python))
        ),
    )


def _all(sets: Iterable[str]) -> list[str]:
    """The sets that `all` is: not what packages' own tests are run with."""
    return [name for name in sets if f"{PREFIX}{name}" != TESTS]


def render_all(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], interpreters: Sequence[Interpreter] = ()
) -> tuple[recipes.Output, ...]:
    """What `render_recipes` gives, and what the stack's lock beside the folder makes.

    Raises `RecipeError` for the first recipe that cannot be rendered or built, with its line. Of
    what the lock makes, most is for other sets: nothing looks at that.
    """
    outputs = render_recipes(folder, matrix, cells, interpreters)
    checks.require_buildable(outputs)
    return (*outputs, *stacked(folder, matrix, cells, outputs))


def stacked(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], outputs: Sequence[recipes.Output]
) -> tuple[recipes.Output, ...]:
    """What the stack's lock beside the folder of recipes makes, beside the recipes' `outputs`."""
    lock = stack.load(folder.parent / STACK_LOCK)
    if not lock.wheels:
        return ()
    path, kinds = folder.parent / STACK_LOCK, folder / STACKED
    return tuple(wheels.outputs(lock, path, kinds, cells, outputs, matrix.platform))


def render_recipes(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], interpreters: Sequence[Interpreter] = ()
) -> list[recipes.Output]:
    """Every output of every recipe under a folder, rendered for the given cells.

    Each of the `interpreters` of this machine takes the place of the CPython that would be
    compiled for its Python.

    Raises `RecipeError` for the first recipe that cannot be rendered, with its line.
    """
    outputs = [
        output
        for path in recipe_folders(folder)
        if path.name != LOCAL_RECIPE
        for output in recipes.render(
            path, matrix.variants_of(cells), matrix.zip_keys, matrix.platform, matrix.taken
        )
    ]
    by_cpython = {one.cpython: one for one in interpreters}
    for cpython in {cell.python for cell in cells} & by_cpython.keys():
        own = [cell for cell in cells if cell.python == cpython]
        outputs = [
            *(o for o in outputs if (o.name, o.variant.get("cpython")) != ("python", cpython)),
            *render_local(folder, matrix, own, by_cpython[cpython]),
        ]
    return outputs


def recipe_folders(folder: Path) -> list[Path]:
    """The folders of all recipes: GROUP/NAME/ with a recipe.yaml."""
    return [path.parent for path in sorted(folder.glob("*/*/recipe.yaml"))]


def render_local(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], one: Interpreter
) -> tuple[recipes.Output, ...]:
    """The outputs of the recipe that packs an interpreter of this machine, for its cells."""
    values = {
        **matrix.variants_of(cells),
        "local_version": [one.version],
        "local_sha256": [one.sha256],
        "local_filename": [one.filename],
    }
    for path in folder.glob(f"*/{LOCAL_RECIPE}"):
        return recipes.render(path, values, matrix.zip_keys, matrix.platform, matrix.taken)
    raise UsageError(f"{folder} has no recipe {LOCAL_RECIPE}, which --local-python needs")
