"""A function written in Python is fitted, and ROOT's warnings become Python's."""

import ctypes
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import ROOT

histogram = ROOT.TH1D("h", "", 20, 0, 10)
for i in range(20):
    histogram.SetBinContent(i + 1, 3 + 2 * histogram.GetBinCenter(i + 1))
    histogram.SetBinError(i + 1, 0.5)
calls = 0


def line(x: Sequence[float], parameters: Sequence[float]) -> float:
    """A straight line."""
    global calls
    calls += 1
    return parameters[0] + parameters[1] * x[0]


function = ROOT.TF1("line", line, 0, 10, 2)
function.SetParameters(0, 1)
fit = histogram.Fit(function, "QSN")
assert int(fit) == 0 and calls > 20, (int(fit), calls)
assert abs(fit.Parameter(0) - 3) < 1e-4 and abs(fit.Parameter(1) - 2) < 1e-4, list(fit.Parameters())

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ROOT.Warning("smoke", "withered")
assert [str(warning.message) for warning in caught] == ["withered"], caught

# A thread of C++ may warn while Python waits for it, and nobody waits for ever.
assert ROOT.gInterpreter.Declare("""
#include <thread>
int warned() {
   std::thread other([] { Warning("smoke", "withered in a thread"); });
   other.join();
   return 1;
}
""")
errors = os.dup(2)
with Path("warned.txt").open("w") as file:
    os.dup2(file.fileno(), 2)
    assert ROOT.warned() == 1
os.dup2(errors, 2)
assert "withered in a thread" in Path("warned.txt").read_text()

# Fit runs without the GIL, as a Python function in it could otherwise wait for ever. A warning
# from there needs the GIL, so the handler of warnings has to be the one that takes it.
assert ROOT.TH1.Fit.__release_gil__
core = ctypes.CDLL(f"{sys.prefix}/lib/root/lib/libCore.so")
handler = core["_Z15GetErrorHandlerv"]  # GetErrorHandler()
handler.restype = ctypes.c_void_p
address = handler()
for mapping in Path("/proc/self/maps").read_text().splitlines():
    start, _, end = mapping.split()[0].partition("-")
    if int(start, 16) <= address < int(end, 16):
        assert mapping.endswith("/ROOT/_error_handler.abi3.so"), mapping
        break
else:
    raise AssertionError(f"the handler at {address:#x} is nowhere")
