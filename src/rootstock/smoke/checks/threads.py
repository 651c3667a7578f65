"""A process that may use one processor has libraries that use one thread each.

A batch system binds a job of one core so. The check asks each library how many threads it would
use. docs/stack.md explains it to users.
"""

import json
import os
import subprocess
import sys

ASK = """
import json, warnings
warnings.simplefilter("ignore")
counts = {}


def numba():
    import numba
    return numba.get_num_threads()


def numexpr():
    import numexpr
    return numexpr.nthreads


def pyarrow():
    import pyarrow
    return pyarrow.cpu_count()


def blosc2():
    import blosc2
    return blosc2.nthreads


def dask():
    import dask.system
    return dask.system.CPU_COUNT


def numpy():
    import os
    import numpy
    numpy.linalg.svd(numpy.eye(300))  # by OpenBLAS, which starts its threads when it is loaded
    return len(os.listdir("/proc/self/task"))


def scipy():
    import os
    import scipy.linalg
    scipy.linalg.svd([[1.0, 2.0], [3.0, 4.0]])
    return len(os.listdir("/proc/self/task"))


def ROOT():
    import ROOT
    ROOT.EnableImplicitMT()
    return ROOT.GetThreadPoolSize()


for ask in (numpy, scipy, numexpr, numba, pyarrow, blosc2, dask, ROOT):
    try:
        counts[ask.__name__] = ask()
    except ModuleNotFoundError as error:
        assert error.name.partition(".")[0] == ask.__name__, error  # the environment lacks it
print(json.dumps(counts))
"""

# Nothing else limits them.
for variable in [name for name in os.environ if name.endswith("_NUM_THREADS")]:
    del os.environ[variable]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
done = subprocess.run(
    [sys.executable, "-I", "-c", ASK],
    capture_output=True,
    text=True,
    check=False,
)
assert done.returncode == 0, done.stderr
for name, count in json.loads(done.stdout.splitlines()[-1]).items():
    assert count == 1, f"{name} would use {count} threads"
