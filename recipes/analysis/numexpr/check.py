"""Threads of numexpr: one for each processor of its process. It evaluates with them."""

import os

import numpy as np

for variable in [name for name in os.environ if name.endswith("_NUM_THREADS")]:
    del os.environ[variable]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numexpr  # noqa: E402  # which counts them now

assert numexpr.nthreads == 1, numexpr.nthreads
a = np.arange(1e6)
assert (numexpr.evaluate("2 * a + 1") == 2 * a + 1).all()
