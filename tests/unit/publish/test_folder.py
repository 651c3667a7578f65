import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index
from rootstock.channel.layout import Layout
from rootstock.core.errors import (
    NoSpace,
    RefusedError,
    RootstockError,
    UsageError,
    raising_unwritable,
)
from rootstock.publish.folder import Folder
from rootstock.publish.snapshot import ChannelSnapshot

from ...channels import load, promote


@pytest.fixture
def snapshot(package: Any, tmp_path: Path) -> ChannelSnapshot:
    channel = tmp_path / "site/channel"
    promote([package("one")], channel)
    return load(channel)


def filled(folder: Path, snapshot: ChannelSnapshot) -> Path:
    """A copy of the parcel's channel, as publishing leaves it."""
    target = Folder(path=folder)
    target.put(snapshot, target.look(snapshot), lambda *_: None)
    target.show(snapshot)
    assert target.look(snapshot).settled
    return folder


@pytest.mark.parametrize("place", ["", "linux-64", ".rootstock/x", "new", ".."])
def test_a_channel_is_not_published_into_itself_or_around(
    place: str, snapshot: ChannelSnapshot
) -> None:
    before = sorted(snapshot.channel.layout.root.rglob("*"))
    with pytest.raises(RefusedError, match="contains the other"):
        Folder(path=snapshot.channel.layout.root / place).look(snapshot)
    assert sorted(snapshot.channel.layout.root.rglob("*")) == before


def test_a_folder_for_other_things_stays_as_it_is(
    snapshot: ChannelSnapshot, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").touch()
    with pytest.raises(RefusedError, match=r"contains other things, such as 'thesis\.tex'"):
        Folder(path=tmp_path / "home").look(snapshot)


@pytest.mark.parametrize("there", [[], ["lost+found"]])
def test_an_empty_folder_is_taken(
    there: list[str], snapshot: ChannelSnapshot, tmp_path: Path
) -> None:
    for name in there:
        (tmp_path / "disk" / name).mkdir(parents=True)
    filled(tmp_path / "disk", snapshot)


def _garbled(text: str) -> Callable[[Path], None]:
    def spoil(copy: Path) -> None:
        (copy / ".rootstock/current/linux-64" / index.TABLE).write_text(text)

    return spoil


def _without_record(copy: Path) -> None:
    (Layout(copy).record(1)).unlink()


def _without_generation(copy: Path) -> None:
    shutil.rmtree(Layout(copy).generation(1))


@pytest.mark.parametrize(
    "spoil",
    [_garbled("{"), _garbled("[]"), _garbled("{}"), _without_record, _without_generation],
)
def test_a_damaged_copy_is_reported(
    spoil: Callable[[Path], None], snapshot: ChannelSnapshot, tmp_path: Path
) -> None:
    copy = filled(tmp_path / "copy", snapshot)
    spoil(copy)
    with pytest.raises(RefusedError, match="damaged"):
        Folder(path=copy).look(snapshot)


@pytest.mark.parametrize("place", ["file/below", "file", "/proc/x/channel"])
def test_where_nothing_can_be_written(
    place: str, snapshot: ChannelSnapshot, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    target = Folder(path=Path("/").joinpath(tmp_path, place))
    with pytest.raises(RootstockError) as said:
        target.put(snapshot, target.look(snapshot), lambda *_: None)
    assert said.value.code in (UsageError.code, RefusedError.code)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.EROFS, UsageError), (errno.EACCES, UsageError), (errno.ENOSPC, NoSpace)],
)
def test_why_a_place_is_not_written(number: int, kind: type[RootstockError]) -> None:
    with pytest.raises(kind), raising_unwritable("place"):
        raise OSError(number, "refused")
    with pytest.raises(OSError, match="odd"), raising_unwritable("place"):
        raise OSError(errno.EIO, "odd")
