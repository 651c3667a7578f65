import os
import stat
from pathlib import Path

import pytest

from rootstock.audit import modes


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (stat.S_IFREG | 0o644, ""),
        (stat.S_IFREG | 0o775, ""),
        (stat.S_IFDIR | 0o2775, ""),
        (stat.S_IFREG | 0o4755, "mode 4755"),
        (stat.S_IFREG | 0o2755, "mode 2755"),
        (stat.S_IFREG | 0o666, "mode 0666"),
        (stat.S_IFDIR | 0o777, "mode 0777"),
        (stat.S_IFDIR | 0o1777, "mode 1777"),
        (stat.S_IFREG | 0o600, "mode 0600"),
        (stat.S_IFDIR | 0o754, "mode 0754"),
        (stat.S_IFIFO | 0o644, "neither"),
        (stat.S_IFCHR | 0o644, "neither"),
        (stat.S_IFLNK | 0o777, "is a link"),
    ],
)
def test_a_mode_is_right_or_reported_of(mode: int, said: str) -> None:
    found = list(modes.findings({"a": mode}))
    assert [one.rule for one in found] == ["modes"] * bool(said)
    assert all(said in one.message for one in found)


def test_a_folder_is_read_with_pipes_and_without_links(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir(mode=0o700)
    (tmp_path / "b/a").write_text("a")
    (tmp_path / "b/a").chmod(0o600)
    (tmp_path / "b/link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "shut").write_text("")
    (tmp_path / "shut").chmod(0o000)
    found = modes.on_disk(tmp_path)
    assert found.keys() == {"b", "b/a", "pipe", "shut"}
    assert [one.file for one in modes.findings(found)] == ["pipe", "shut"]
