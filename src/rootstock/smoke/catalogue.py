"""The list of checks, and the choice of those that apply to an environment.

Each is a program in checks/, run by the environment's own Python. It asserts on values, prints
nothing when they are right, and needs only its environment and the bare system.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("checks")
INSIDE = "_inside.py"  # the program in it that runs the others


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check, the packages that it tests, and its time limit in seconds on a busy machine.

    Some checks make sense only on a `bare` system, which has nothing beside the environment. Checks
    of what ROOT does after its start are `forked` from a process that has started it; the others,
    such as those of the start, are processes of their own.
    """

    name: str
    needs: frozenset[str]
    timeout: float = 120
    bare: bool = False
    forked: bool = False

    @property
    def program(self) -> str:
        """Its file in `FOLDER`."""
        return f"{self.name}.py"


_PYTHON = frozenset({"python"})
_PYROOT = _PYTHON | {"pyroot", "root-core"}
_FRAMES = frozenset({"awkward", "numpy", "pandas", "uproot"})

# The longest first, so that two at a time end together.
CATALOGUE = (
    Check(name="declared", needs=_PYTHON | {"uproot"}, timeout=900),
    Check(name="rdataframe", needs=_PYROOT | {"numpy"}, forked=True, timeout=240),
    Check(name="foreign", needs=_PYROOT, timeout=240),
    Check(name="stack", needs=_PYROOT | {"uproot", "pip"}, timeout=600),
    Check(name="frames", needs=_PYROOT | _FRAMES, forked=True, timeout=240),
    Check(name="xrootd", needs=_PYROOT | {"xrootd"}, timeout=240),
    Check(name="libraries", needs=_PYTHON, bare=True),
    Check(name="numpy_columns", needs=_PYROOT | {"numpy"}, forked=True),
    Check(name="rntuple", needs=_PYROOT, forked=True),
    Check(name="headers", needs=_PYROOT, forked=True),
    Check(name="tools", needs=_PYROOT, forked=True),
    Check(name="graphics", needs=_PYROOT, forked=True),
    Check(name="ttree", needs=_PYROOT, forked=True),
    Check(name="histogram_fit", needs=_PYROOT, forked=True),
    Check(name="fit_python", needs=_PYROOT, forked=True),
    Check(name="tree_arrays", needs=_PYROOT | {"numpy"}, forked=True),
    Check(name="uhi_histograms", needs=_PYROOT | {"numpy"}, forked=True),
    Check(name="branch_address", needs=_PYROOT | {"numpy"}, forked=True),
    Check(name="roofit", needs=_PYROOT, forked=True),
    Check(name="exceptions", needs=_PYROOT, forked=True),
    Check(name="import_root", needs=_PYROOT | {"numpy"}),
    Check(name="import_numpy", needs=_PYROOT | {"numpy"}),
    Check(name="threads", needs=_PYROOT | {"numpy"}),
    Check(name="root_program", needs=_PYROOT),
    Check(name="python_modules", needs=_PYTHON, bare=True),
    Check(name="tls", needs=_PYTHON, bare=True),
    Check(name="system", needs=_PYTHON, bare=True),
)


def choose(
    packages: Collection[str], catalogue: Collection[Check] = CATALOGUE, *, bare: bool = True
) -> tuple[list[Check], dict[str, str]]:
    """Return the checks for an environment of these packages, and why the others do not apply.

    `bare` is true on a bare system.

    The reasons are by the check's name.
    """
    apply, reasons = [], {}
    for check in catalogue:
        if missing := check.needs - set(packages):
            reasons[check.name] = f"not in the environment: {', '.join(sorted(missing))}"
        elif check.bare and not bare:
            reasons[check.name] = "Python's own libraries are the system's, which is not bare"
        else:
            apply.append(check)
    return apply, reasons
