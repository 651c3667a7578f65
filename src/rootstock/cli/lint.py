"""The command that checks recipes."""

from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Json, print_json, say
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.formatting import counted
from rootstock.maintain import lint as linter
from rootstock.plan.checks import RecipeFinding


def lint(
    recipe: Annotated[
        list[str],
        typer.Argument(help="Recipes, by folder or package; all if none.", metavar="[RECIPE]..."),
    ] = [],  # noqa: B006
    checkout: CheckoutFolder = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Check recipes for every variant: all errors that planning would report, and warnings.

    Nothing is fetched or built. Each finding has its file and line, and what to write instead.

    Examples:

      rootstock lint

      rootstock lint openssl recipes/base/zlib

      rootstock lint --json
    """
    found = linter.lint(Checkout(checkout), recipe)
    errors = sum(one.serious for one in found)
    if as_json:
        rows = [_row(one) for one in found]
        print_json({"errors": errors, "warnings": len(found) - errors, "findings": rows})
    else:
        lines = [line for one in found for line in _text(one).splitlines()]
        warnings = counted(len(found) - errors, "warning")
        say([*lines, f"{counted(errors, 'error')}, {warnings}"])
    if errors:
        raise UsageError(f"the recipes have {counted(errors, 'error')}: see above")


def _level(finding: RecipeFinding) -> str:
    return "error" if finding.serious else "warning"


def _text(finding: RecipeFinding) -> str:
    text = f"{finding.position}: {_level(finding)}: {finding.message}"
    return f"{text}\n    {finding.remedy}" if finding.remedy else text


def _row(finding: RecipeFinding) -> dict[str, object]:
    return {
        "file": str(finding.path),
        "line": finding.line,
        "level": _level(finding),
        "message": finding.message,
        "remedy": finding.remedy,
    }


COMMANDS = {"lint": lint}
