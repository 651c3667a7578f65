import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.core import seal


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "deep").mkdir(parents=True)
    (root / "deep/file").write_text("text")
    (root / "link").symlink_to("deep/file")
    seal.put(root)
    return root


def keep_times(path: Path, change: Callable[[], object]) -> None:
    status = path.stat()
    change()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def other_byte(root: Path) -> None:
    (root / "deep/file").write_text("test")


def cut(root: Path) -> None:
    file = root / "deep/file"
    keep_times(file, lambda: file.write_text("tex"))


def gone(root: Path) -> None:
    (root / "deep/file").unlink()


def half(root: Path) -> None:
    shutil.rmtree(root / "deep")


def one_more(root: Path) -> None:
    (root / "deep/more").touch()


def elsewhere(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("deep/gone")


def closed(root: Path) -> None:
    (root / "deep").chmod(0o500)


def unsealed(root: Path) -> None:
    seal.place_of(root).unlink()


@pytest.mark.parametrize(
    "damage", [other_byte, cut, gone, half, one_more, elsewhere, closed, unsealed]
)
def test_whatever_is_changed_breaks_the_seal(tree: Path, damage: Callable[[Path], None]) -> None:
    assert seal.holds(tree)
    damage(tree)
    assert not seal.holds(tree)


def test_a_copy_with_its_times_and_another_link_to_a_file_do_not(tree: Path) -> None:
    copy = tree.parent / "copy/tree"
    shutil.copytree(tree, copy, symlinks=True)
    shutil.copy(seal.place_of(tree), seal.place_of(copy))
    os.link(copy / "deep/file", tree.parent / "another")
    assert seal.holds(copy)


def test_what_is_not_there_has_no_seal_that_holds(tmp_path: Path) -> None:
    assert not seal.holds(tmp_path / "nothing")
