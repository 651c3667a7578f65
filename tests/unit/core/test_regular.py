"""What is read of a channel ends, whatever stands in the place of its files."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import consistency, index
from rootstock.channel.layout import Layout
from rootstock.channel.page import records
from rootstock.channel.reader import Channel
from rootstock.core import regular
from rootstock.core.errors import RefusedError, UsageError
from rootstock.publish import snapshot

from ...channels import promote
from ..channel.conftest import note


@pytest.fixture
def channel(package: Any, tmp_path: Path) -> Path:
    folder, one = tmp_path / "channel", package("one")

    promote([one], folder, cells={"cell": [one.filename]}, release=note)
    return folder


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert regular.read(tmp_path / "link") == b"text"


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFSOCK, "/dev/zero", "/", "nothing"])
def test_what_has_no_end_is_not_read(tmp_path: Path, kind: int | str) -> None:
    path = tmp_path / "odd"
    if isinstance(kind, str):
        path.symlink_to(kind)
    else:
        os.mknod(path, 0o600 | kind)
    with pytest.raises(OSError, match=r"not a regular file|No such|a directory"):
        regular.read(path)


@pytest.mark.parametrize(
    ("name", "read", "error"),
    [
        (".rootstock/generations/0001/generation.json", Channel.history, RefusedError),
        ("releases/0001/release.json", records.read, RefusedError),
        ("releases/0001/release.json", snapshot.load, RefusedError),
        (".rootstock/current/linux-64/repodata.json", records.read, RefusedError),
        (
            "linux-64/repodata.json",
            lambda channel: index.read(channel.layout.root / "linux-64"),
            RefusedError,
        ),
        ("channel.yaml", Channel.settings, UsageError),
    ],
)
def test_a_pipe_in_a_channel_is_reported(
    channel: Path, name: str, read: Callable[[Channel], Any], error: type[Exception]
) -> None:
    (channel / name).unlink(missing_ok=True)
    os.mkfifo(channel / name)
    with pytest.raises(error):
        read(Channel.at(channel))


@pytest.mark.parametrize("name", index.FILES)
def test_a_pipe_among_the_forms_of_an_index_is_reported(channel: Path, name: str) -> None:
    path = channel / ".rootstock/current/linux-64" / name
    path.unlink()
    os.mkfifo(path)
    past = Channel.at(channel).history()
    assert list(consistency.differences(Layout(channel), past))
