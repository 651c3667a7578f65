#!/usr/bin/env bash
# ROOT makes the symbols of every library in the process visible to all libraries loaded later.
#
# Python loads modules so that one does not see another's symbols (RTLD_LOCAL), and wheels rely on
# that: many have a copy of the same library. When ROOT 6.40.00 (the wheel root 0.1a12) loads a
# library, cling registers all that the process has, and opens each again with RTLD_GLOBAL
# (TCling::RegisterLoadedSharedLibrary). From then on, whatever is loaded may be bound to another
# module's copy of zstd, OpenSSL or libpng, of another version.
#
# Seen: scipy_cblas_ddot64_ of numpy's OpenBLAS is hidden after import, global after ROOT loaded libHist
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3.11 -m venv venv
venv/bin/python -m pip --quiet install root==0.1a12 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import ctypes
import warnings

import numpy

warnings.simplefilter("ignore")  # of the wheel, which is an alpha
import ROOT

SYMBOL = "scipy_cblas_ddot64_"


def seen():
    """Whether the global scope of the process has the symbol."""
    return "global" if hasattr(ctypes.CDLL(None), SYMBOL) else "hidden"


before = seen()
assert ROOT.gSystem.Load("libHist") >= 0
after = seen()
print(f"{SYMBOL} of numpy's OpenBLAS is {before} after import, {after} after ROOT loaded libHist")
assert (before, after) == ("hidden", "global")
PYTHON
