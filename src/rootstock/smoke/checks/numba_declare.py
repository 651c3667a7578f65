"""A Python function that Numba compiles is called from C++, and in an RDataFrame.

ROOT imports cffi for it.
"""

import numpy as np
import ROOT

x = np.arange(4, dtype=np.float32)


def power(base: float, exponent: int) -> float:
    """Numbers."""
    return base**exponent


def powers(bases: np.ndarray, exponent: int) -> np.ndarray:
    """Arrays."""
    return bases**exponent


# They are called as functions, because as decorators they would hide the types from mypy.
ROOT.Numba.Declare(["float", "int"], "float")(power)
ROOT.Numba.Declare(["RVecF", "int"], "RVecF")(powers)

assert ROOT.gInterpreter.Calc("static_cast<int>(Numba::power(2, 3))") == 8

frame = ROOT.RDF.FromNumpy({"x": x})
found = frame.Define("cube", "Numba::power(x, 3)").AsNumpy(["cube"])["cube"]
assert found.dtype == np.float32, found.dtype
assert np.array_equal(found, x**3), found

ROOT.gInterpreter.Declare("ROOT::RVecF rootstock_bases{1, 2, 3};")
total = ROOT.RDataFrame(1).Define("squares", "Numba::powers(rootstock_bases, 2)").Sum("squares")
assert total.GetValue() == 14, total.GetValue()
