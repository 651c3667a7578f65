from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.acceptance.model import AcceptanceTest, Tolerance
from rootstock.core.errors import UsageError


@pytest.fixture
def oak(tmp_path: Path) -> AcceptanceTest:
    (tmp_path / "data").mkdir()
    (tmp_path / "run.py").write_text("1")
    (tmp_path / "data/a").write_text("2")
    return AcceptanceTest(name="oak", title="", folder=tmp_path, program="run.py")


def test_the_larger_tolerance_counts() -> None:
    both = Tolerance(absolute=0.5, relative=0.1)
    assert both.around(-100) == 10
    assert both.around(0) == 0.5
    assert Tolerance().around(7) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "run.py").write_text("3"),
        lambda folder: (folder / "more").touch(),
        lambda folder: (folder / "data/a").rename(folder / "a"),
        lambda folder: (folder / "data/a").unlink(),
    ],
    ids=["bytes", "new", "moved", "gone"],
)
def test_another_file_gives_another_digest(
    oak: AcceptanceTest, change: Callable[[Path], object]
) -> None:
    before = oak.digest()
    change(oak.folder)
    assert oak.digest() != before


def test_what_python_leaves_does_not_count(oak: AcceptanceTest) -> None:
    before = oak.digest()
    (oak.folder / "__pycache__").mkdir()
    (oak.folder / "__pycache__/run.pyc").touch()
    assert oak.digest() == before


def test_a_link_counts_as_its_file_and_a_broken_one_is_reported(
    oak: AcceptanceTest, tmp_path: Path
) -> None:
    copied = oak.digest()
    (tmp_path / "data/a").rename(tmp_path.parent / "elsewhere")
    (tmp_path / "data/a").symlink_to(tmp_path.parent / "elsewhere")
    assert oak.digest() == copied
    (tmp_path.parent / "elsewhere").unlink()
    with pytest.raises(UsageError, match="data/a cannot be read"):
        oak.digest()
