"""The smoke tests of ROOT on every system that is made of Debian's packages."""

import json
import subprocess

import pytest

from rootstock.core.checkout import Checkout
from rootstock.report import tested
from rootstock.smoke import systems

from .conftest import CHECKOUT, COMMAND, PYTHON

pytestmark = pytest.mark.nightly


def test_root_passes_on_every_debian() -> None:
    # Debian's archive drops the versions of testing: its present ones are as good.
    words = ["--root", "6", "--py", PYTHON, "--on", "debian*", "--relock", "--json"]
    done = subprocess.run(
        [*COMMAND, "smoke", *words], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False
    )
    said = json.loads(done.stdout)
    assert done.returncode == 0, said["error"]
    wanted = [one.name for one in systems.select(Checkout(CHECKOUT), ["debian*"])]
    assert [report["system"] for report in said["smoke"]] == wanted
    glibcs = [tuple(map(int, report["glibc"].split("."))) for report in said["smoke"]]
    assert glibcs[:3] == [(2, 31), (2, 36), (2, 41)] and glibcs[3] >= (2, 43)
    for report in said["smoke"]:
        outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
        assert {outcomes[name] for name in ("libraries", "system", "rdataframe")} == {"passed"}
    kept = tested.read(CHECKOUT / "docs/data/systems.json")
    assert {one.system for one in kept if not one.failed} >= set(wanted)
