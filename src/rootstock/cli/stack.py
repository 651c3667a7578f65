"""The command about the analysis stack: packages made of wheels, without a recipe for each."""

from enum import Enum
from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Json, print_json, say
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.store import locate
from rootstock.maintain import stack_lock
from rootstock.plan import rendering
from rootstock.report.terminal import Terminal
from rootstock.stack import lock as locks


class StackAction(str, Enum):
    """The actions of the command."""

    LOCK = "lock"
    ADD = "add"
    SHOW = "show"


def stack(
    action: Annotated[StackAction, typer.Argument(help="The action.", show_default=False)],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="add: names or requirements of the Python index; show: a package.",
            show_default=False,
        ),
    ] = None,
    into: Annotated[str, typer.Option("--set", help="add: the set of ci/stack.toml.")] = "",
    upgrade: Annotated[
        list[str] | None,
        typer.Option("--upgrade", "-U", help="A project to upgrade, or all; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the changes, and write nothing.")
    ] = False,
    checkout: CheckoutFolder = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Lock the analysis stack: the packages made of wheels of the Python index.

    `lock` resolves the sets of ci/stack.toml for each Python and writes ci/stack.lock; versions
    stay unless --upgrade names them. `add` puts names into a set first, or gives them a new bound.
    `show` prints the recipe of a package.

    Examples:

      rootstock stack lock --upgrade uproot --dry-run

      rootstock stack add --set analysis zfit "uproot>=5.6"

      rootstock stack show pandas
    """
    given = names or []
    if action is StackAction.SHOW:
        _show(given, Checkout(checkout))
        return
    if bool(given) != (action is StackAction.ADD):
        raise UsageError(
            "rootstock stack add needs names"
            if action is StackAction.ADD
            else "rootstock stack lock takes no names",
            "See the examples of rootstock stack --help.",
        )
    files = Checkout(checkout)
    edit = None
    if action is StackAction.ADD:
        if not into:
            raise UsageError("rootstock stack add needs a set", "Name one with --set.")
        edit = stack_lock.with_packages(files.stack, into, given)
    store = locate()
    store.prepare()
    every = bool(upgrade) and "all" in (upgrade or ())
    with Terminal() as terminal:
        change = stack_lock.relock(
            files,
            store,
            terminal,
            upgrade=None if every else upgrade or (),
            text=edit.text if edit else None,
        )
        if not dry_run:
            edited = {files.stack: edit.text} if edit and edit.lines else {}
            locks.write(change.lock, files.stack_lock, edited)
    asked = edit.lines if edit else ()
    if as_json:
        print_json({"sets": asked, "changes": change.lines, "written": not dry_run})
        return
    say([*asked, *change.lines] or ["Nothing changes."])


def _show(names: list[str], checkout: Checkout) -> None:
    """Print the recipes of packages as YAML."""
    import yaml

    matrix = rendering.load_matrix(checkout)
    outputs = rendering.render_all(checkout.recipes, matrix, matrix.cells)
    found = [output for output in outputs if output.name in names]
    if not found:
        raise UsageError(
            f"no package is called {' or '.join(names) or 'that'}",
            "rootstock recipes lists them all.",
        )
    lines = []
    for output in found:
        lines += [f"# {output.filename}, {output.subdir}, from {output.path.name}"]
        lines += yaml.safe_dump(dict(output.recipe), sort_keys=False).splitlines()
    say(lines)


COMMANDS = {"stack": stack}
