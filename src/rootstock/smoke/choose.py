"""The choice of a product's checks that apply to an environment.

Each is a program in checks/, run by the environment's own Python. It asserts on values, prints
nothing when they are right, and needs only its environment and the bare system.
"""

from collections.abc import Collection
from pathlib import Path

from rootstock.product.model import Check

FOLDER = Path(__file__).with_name("checks")
INSIDE = "_inside.py"  # the program in it that runs the others


def choose(
    packages: Collection[str], checks: Collection[Check], *, bare: bool = True
) -> tuple[list[Check], dict[str, str]]:
    """Return the checks for an environment of these packages, and why the others do not apply.

    `bare` is true on a bare system. The reasons are by the check's name.
    """
    apply, reasons = [], {}
    for check in checks:
        if missing := check.needs - set(packages):
            reasons[check.name] = f"not in the environment: {', '.join(sorted(missing))}"
        elif check.bare and not bare:
            reasons[check.name] = "the system is not bare: it has libraries of its own"
        else:
            apply.append(check)
    return apply, reasons
