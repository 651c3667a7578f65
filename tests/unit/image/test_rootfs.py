"""Images in the store: whose they are."""

from pathlib import Path

import pytest

from rootstock.core.errors import MachineError
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.image import rootfs


@pytest.fixture
def image(tmp_path: Path, store: Store) -> rootfs.Image:
    root = tmp_path / "whole/root"
    rootfs.create_mount_points(root)
    (root / "usr").mkdir()
    return rootfs.publish("build", "abc", root, store)


def test_a_published_image_is_kept(image: rootfs.Image, store: Store) -> None:
    assert rootfs.find_cached("build", "abc", store, silent, check=True) == image


@pytest.mark.parametrize("closed", ["", "root", "root/usr", "root.seal"])
def test_an_image_that_may_not_be_read_is_reported_and_left(
    closed: str, image: rootfs.Image, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = store.image("abc") / closed
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != place)
    with pytest.raises(MachineError, match="is not readable") as error:
        rootfs.find_cached("build", "abc", store, silent, check=True)
    assert "ROOTSTOCK_HOME" in error.value.remedy
    assert image.root.is_dir()


def test_an_image_made_under_a_close_umask_is_open_to_the_sandbox(
    tmp_path: Path, store: Store
) -> None:
    root = tmp_path / "whole/root"
    rootfs.create_mount_points(root)
    for path in (root, root / "rootstock", root / "rootstock/build"):
        path.chmod(0o700)
    (root / "etc/passwd").chmod(0o600)
    made = rootfs.publish("build", "abc", root, store).root
    assert made.stat().st_mode & 0o005 == 0o005
    assert (made / "rootstock/build").stat().st_mode & 0o005 == 0o005
    assert (made / "etc/passwd").stat().st_mode & 0o004
