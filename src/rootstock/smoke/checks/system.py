"""The system is as the other checks need it: bare, and separate from the caller's."""

import os
import shutil
import sys
from pathlib import Path

found = [name for name in ("cc", "gcc", "c++", "g++", "clang", "ld") if shutil.which(name)]
assert not found, f"the system has a compiler: {found}"
assert not Path("/usr/include/stdio.h").exists(), "the system has C headers"
assert not Path("/usr/include/c++").exists(), "the system has C++ headers"

assert os.environ["PATH"] == "/usr/bin:/bin", os.environ["PATH"]
handed_on = {"HOME", "DISPLAY", "PYTHONPATH", "LD_LIBRARY_PATH", "ROOTSYS", "CONDA_PREFIX"}
assert not handed_on & set(os.environ), f"the environment is activated: {dict(os.environ)}"

try:
    Path(sys.prefix, "smoke").touch()
except OSError:
    pass
else:
    raise AssertionError("the environment is writable, so checks could change it")
