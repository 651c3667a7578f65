"""Finds variables of the user that let another ROOT or Python module into an environment.

An environment from the channel finds its own libraries whatever LD_LIBRARY_PATH and ROOTSYS say. It
cannot withstand PYTHONPATH: Python searches those folders before its own site-packages
(https://docs.python.org/3/using/cmdline.html#envvar-PYTHONPATH).
"""

import os
from collections.abc import Mapping
from pathlib import Path

# The modules of PyROOT; one from elsewhere does not fit the rest.
_MODULES = ("ROOT", "cppyy", "libcppyy", "cppyy_backend", "CPyCppyy", "numpy")


def intruders(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the modules that PYTHONPATH puts before an environment's own, by folder.

    It leaves out folders without such modules. An empty entry means the present folder, as for
    Python.
    """
    path = environment.get("PYTHONPATH")
    found = {}
    for entry in path.split(os.pathsep) if path else ():
        if modules := [name for name in _MODULES if _holds(Path(entry or "."), name)]:
            found[entry or "."] = modules
    return found


def _holds(folder: Path, module: str) -> bool:
    """Whether Python would import a module from this folder; False where it cannot be read."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(name == module or name.startswith(f"{module}.") for name in names)
