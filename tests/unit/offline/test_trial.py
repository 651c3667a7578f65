"""Where an environment can be tried."""

import os
from pathlib import Path

import pytest

from rootstock.core.errors import UsageError
from rootstock.image.engines.unshare import Unshare
from rootstock.offline.trial import OldSystem, check_place, with_folder
from rootstock.smoke.run import System


@pytest.mark.parametrize("at", ["/tmp", "/tmp/root", "/dev/root", "/proc/x", "/rootstock/checks"])
def test_a_place_that_the_sandbox_hides(at: str) -> None:
    with pytest.raises(UsageError, match="cannot be tried"):
        check_place(at)


@pytest.mark.parametrize(
    "at", ["/opt/root", "/tmpfs/root", "/cvmfs/a.example/root", "/usr/local/r"]
)
def test_a_place_that_it_does_not_hide(at: str) -> None:
    check_place(at)


def test_a_folder_of_the_system_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "opt").mkdir()
    (tmp_path / "bin").symlink_to("usr/bin")
    testbed = OldSystem(system=System("bare", tmp_path, "0"), engine=Unshare(), logs=tmp_path)
    for at in ("/usr", "/bin"):
        with pytest.raises(UsageError, match="would hide"):
            testbed.require_mountable(at)
    for at in ("/opt", "/opt/root", "/usr/root", "/new/root"):
        testbed.require_mountable(at)


def test_the_sandboxs_user_gets_to_the_place_whatever_the_umask(tmp_path: Path) -> None:
    (tmp_path / "system/usr").mkdir(parents=True)
    (tmp_path / "system/usr/file").write_text("")
    before = os.umask(0o077)
    try:
        made = with_folder(System("bare", tmp_path / "system", "0"), "/cvmfs/a/b", tmp_path / "s")
    finally:
        os.umask(before)
    for place in ("", "usr", "cvmfs", "cvmfs/a", "cvmfs/a/b"):
        assert (made.root / place).stat().st_mode & 0o005 == 0o005, place
