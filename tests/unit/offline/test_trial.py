"""Where an environment can be tried."""

from pathlib import Path

import pytest

from rootstock.errors import UsageError
from rootstock.image.engines.unshare import Unshare
from rootstock.offline.trial import Ground, check_place
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
    ground = Ground(system=System("bare", tmp_path, "0"), engine=Unshare(), logs=tmp_path)
    for at in ("/usr", "/bin"):
        with pytest.raises(UsageError, match="would hide"):
            ground.insist_on(at)
    for at in ("/opt", "/opt/root", "/usr/root", "/new/root"):
        ground.insist_on(at)
