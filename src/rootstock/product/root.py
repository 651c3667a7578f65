"""CERN ROOT, for each Python."""

import re

from rootstock.product.model import Axis, Check, Product

_PYTHON = frozenset({"python"})
_PYROOT = _PYTHON | {"pyroot", "root-core"}
_FRAMES = frozenset({"awkward", "numpy", "pandas", "uproot"})
_DASK = frozenset({"awkward", "dask-awkward", "dask-histogram", "numpy", "uproot"})

_CHECKS = (
    Check(name="declared", needs=_PYTHON | {"uproot"}, timeout=900),
    Check(name="rdataframe", needs=_PYROOT | {"numpy"}, forked=True, timeout=240),
    # Only the Python of a package finds libstdc++ by its own RPATH.
    Check(name="foreign", needs=_PYROOT, bare=True, timeout=240),
    Check(name="stack", needs=_PYROOT | {"uproot", "pip"}, timeout=600),
    Check(name="frames", needs=_PYROOT | _FRAMES, forked=True, timeout=240),
    Check(name="compiler", needs=_PYROOT | {"gxx"}, bare=True, timeout=600),
    Check(name="xrootd", needs=_PYROOT | {"xrootd"}, timeout=240),
    Check(name="libraries", needs=_PYTHON, bare=True),
    Check(name="uhi_indexing", needs=_PYROOT | {"numpy"}, forked=True),
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
    Check(name="hist_histograms", needs=_PYROOT | {"hist", "numpy"}, forked=True),
    Check(name="dask_arrays", needs=_PYROOT | _DASK),
    Check(name="numba_declare", needs=_PYROOT | {"cffi", "numba", "numpy"}, forked=True),
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


def _digits(python: str) -> str:
    return python.replace(".", "")


ROOT = Axis(
    field="root",
    key="roots",
    title="ROOT",
    package="root",
    pattern=re.compile(r"[1-9][0-9]{0,2}\.[0-9]{2}\.[0-9]{2}"),
    example="6.40.00",
    tag=lambda root: f"root{root}",
    variant=lambda root: {"root_version": root},
    shortened=True,
)
PYTHON = Axis(
    field="python",
    key="pythons",
    title="Python",
    package="python",
    pattern=re.compile(r"3\.(?:0|[1-9][0-9]{0,2})"),
    example="3.11",
    tag=lambda python: f"cp{_digits(python)}",
    # These vary together: a Python version and the CPython that is built for it.
    variant=lambda python: {"python": f"{python}.* *_cp{_digits(python)}", "cpython": python},
)

PRODUCT = Product(
    name="root",
    title="ROOT",
    axes=(ROOT, PYTHON),
    package="root",
    headline=("root", "pyroot"),  # pyroot is there once for each Python
    trial="bin/python -c 'import ROOT; print(ROOT.gROOT.GetVersion())'",
    checks=_CHECKS,
    acceptance={"run.py": ("bin/python",), "run.C": ("bin/root", "-b", "-q", "-l")},
)
