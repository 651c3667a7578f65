"""Chooses the suites of an environment: those of its packages that ci/stack.toml describes.

Nothing runs only because it exists. Many packages bring tests that need data, services or other
packages that no environment here has; their results say nothing before somebody examines them. A
report lists packages with tests but no description.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.names import listed, quoted
from rootstock.plan.graph import Graph
from rootstock.plan.matrix import Cell
from rootstock.stack import lock as locks
from rootstock.stack import names, wanted
from rootstock.stack.lock import PREFIX, TESTS, Lock
from rootstock.stack.names import Names
from rootstock.stack.wanted import Wanted
from rootstock.suites.suite import Companion, Suite

# A file that pytest takes as a test module, in a folder of tests.
_TEST = re.compile(r"(?:.*/)?site-packages/(?P<owner>[^/]+)/(?:.*/)?tests?/(?:.*/)?test_[^/]*\.py")


def beside(cells: Sequence[Cell], lock: Lock) -> dict[str, Cell]:
    """Return for each cell, by its id, a cell that also has the tools that run suites.

    It leaves out a cell whose Python has no such tools.

    Raises `UsageError` when they do not fit into one environment with the sets of a cell, or exist
    for none of the Pythons.
    """
    sets = {one.name: one for one in lock.sets}
    if TESTS not in sets:
        name = TESTS.removeprefix(PREFIX)
        raise UsageError(
            f"ci/stack.lock has no set {name}, which runs packages' own tests",
            f"Write [sets.{name}] with pytest into {wanted.FILE}, then: rootstock stack lock",
        )
    pythons = {member.python for member in sets[TESTS].members}
    found = {}
    for cell in cells:
        if cell.python not in pythons:
            continue
        together = dict.fromkeys((*cell.sets, TESTS))
        if len(locks.together([sets[name] for name in together], cell.python)) > 1:
            raise UsageError(
                f"{cell.id}: the tools for packages' own tests need other versions than its sets",
                "Lock both again: rootstock stack lock --upgrade all",
            )
        name = f"{cell.name}-deep".lstrip("-")
        found[cell.id] = replace(cell, sets=tuple(together), name=name)
    if not found:
        raise UsageError(
            f"packages' own tests run for Python {listed(sorted(pythons))} only",
            "Choose a cell of one of these: --py",
        )
    return found


def tested(
    beside: Mapping[str, Cell], graph: Graph, checkout: Checkout, asked: Sequence[str]
) -> dict[str, Companion]:
    """Return the suites of each cell in `beside`, by the id of the tested cell.

    With `asked`, it returns the suites of these packages only. Raises `UsageError` for a name with
    no suite, and when no cell has any.
    """
    known, naming = wanted.load(checkout.stack), names.load(checkout.names)
    _require_known(asked, known, naming)
    found = {}
    for id_, cell in beside.items():
        outputs = [graph.nodes[one].output for one in graph.cells[id_]]
        suites = choose({one.name: one.version for one in outputs}, asked, known, naming)
        if suites:
            found[id_] = Companion(cell=cell, suites=suites)
    if not found:
        raise UsageError(
            "the chosen cells have no package with a suite" + (" of that name" if asked else ""),
            "Add a set: rootstock smoke --deep --set analysis",
        )
    return found


def _require_known(asked: Sequence[str], known: Wanted, naming: Names) -> None:
    described = [str(project) for project, one in known.known.items() if one.suite]
    allowed = {*described, *map(naming.of, described)}
    if strange := [one for one in asked if one not in allowed]:
        raise UsageError(
            f"{listed(map(quoted, strange))}: {wanted.FILE} has no suite of that name",
            f"Known: {listed(sorted(described))}. docs/stack.md says how to add one.",
        )


def choose(
    versions: Mapping[str, str], asked: Sequence[str], known: Wanted, naming: Names
) -> tuple[Suite, ...]:
    """Return the suites of an environment with the packages `versions`, in the file's order.

    With `asked`, it returns those of these packages only, by conda's name or that of the Python
    index.
    """
    return tuple(
        Suite(package=name, version=versions[name], words=one.suite, fails=one.suite_fails)
        for project, one in known.known.items()
        if one.suite
        and (name := naming.of(project)) in versions
        and (not asked or {name, str(project)} & set(asked))
    )


def described(packages: Iterable[str], checkout: Checkout) -> list[str]:
    """Return those of the packages, by conda's names, that have a suite.

    A checkout without `ci/stack.toml` describes none. Raises `UsageError` for a file that is wrong.
    """
    if not checkout.stack.exists():
        return []
    known, naming = wanted.load(checkout.stack), names.load(checkout.names)
    versions = dict.fromkeys(packages, "")
    return sorted(one.package for one in choose(versions, (), known, naming))


def tests_in(files: Iterable[str]) -> int:
    """Count the files with tests, in folders of tests, among the files of a package.

    >>> tests_in(["lib/python3.11/site-packages/numexpr/tests/test_numexpr.py"])
    1
    >>> tests_in(["site-packages/pip/_internal/test_it.py", "site-packages/tests/test_a.py"])
    0
    """
    return sum(bool(_TEST.fullmatch(file)) for file in files)
