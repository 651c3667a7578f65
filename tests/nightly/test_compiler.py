"""An experiment's own C++, built with an environment's compiler on a system that has none.

The smoke check `compiler` has ACLiC, rootcling and root-config; this has CMake, as ROOT's manual
says to use it.
"""

import shutil
from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image.engines import Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.smoke import testbed
from rootstock.smoke.run import PREFIX

from .conftest import CHECKOUT

pytestmark = pytest.mark.nightly

PROJECT = Path(__file__).with_name("compiler")


def test_cmake_builds_a_library_with_a_dictionary(gxx: Path, beside: Path, tmp_path: Path) -> None:
    store = locate()
    system, engine = testbed.prepare(Checkout(CHECKOUT), "auto", store, silent)
    project = shutil.copytree(PROJECT, tmp_path / "project")
    admit(project, write=True)
    admit(beside)
    sandbox = Sandbox(
        root=system.root,
        mounts=(
            Mount(source=gxx, target=PREFIX),
            Mount(source=beside, target="/rootstock/checks"),
            Mount(source=project, target="/rootstock/out", writable=True),
        ),
        env={"PATH": "/usr/bin:/bin"},
        cwd="/rootstock/out",
    )
    words = ["bash", "build.sh", PREFIX, "/rootstock/checks"]
    done = process.run(engine.command(sandbox, words), timeout=600)
    assert done.code == 0, done.output
    assert "The CXX compiler identification is GNU 14.2" in done.output
