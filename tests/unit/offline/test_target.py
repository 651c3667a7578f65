"""What is made appears whole or not at all."""

from pathlib import Path

import pytest

from rootstock.core.errors import RefusedError, UsageError
from rootstock.offline.target import appearing


@pytest.mark.parametrize("folder", [True, False])
def test_it_appears_at_the_end(tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "new/made"
    with appearing(target) as part:
        if folder:
            part.mkdir()
        else:
            part.write_text("content")
        assert not target.exists()
    assert target.is_dir() == folder
    assert [path.name for path in target.parent.iterdir()] == ["made"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with appearing(tmp_path / "made") as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", [True, False])
def test_what_appeared_meanwhile_is_not_replaced(tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "made"

    def race() -> None:
        with appearing(target) as part:
            if folder:
                part.mkdir()
                target.mkdir()
            else:
                part.write_text("ours")
                target.write_text("theirs")

    with pytest.raises(RefusedError, match="made exists"):
        race()
    assert folder or target.read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"), appearing(tmp_path / "file/made"):
        pass
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(RefusedError), appearing(tmp_path / "link"):
        pass
