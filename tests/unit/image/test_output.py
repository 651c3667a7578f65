"""Nothing that a sandbox leaves in place of a file is followed, waited for or taken."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.image.output import NotTaken, copy, move

INSTEAD: dict[str, Callable[[Path, Path], None]] = {
    "nothing": lambda path, other: None,
    "link": lambda path, other: path.symlink_to(other),
    "dangling link": lambda path, other: path.symlink_to("gone"),
    "folder": lambda path, other: path.mkdir(),
    "pipe": lambda path, other: os.mkfifo(path),
}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "room"
    (folder / "out/linux-64").mkdir(parents=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "secret").write_text("secret")
    return folder


def test_a_file_is_moved(room: Path, tmp_path: Path) -> None:
    (room / "out/linux-64/a").write_text("text")
    moved = move(room, "out/linux-64/a", tmp_path / "own")
    assert moved == tmp_path / "own/a"
    assert moved.read_text() == "text"
    assert not (room / "out/linux-64/a").exists()


def test_the_end_of_a_file_is_copied(room: Path, tmp_path: Path) -> None:
    (room / "a").write_text("0123456789")
    copy(room, "a", tmp_path / "own/a", 100)
    assert (tmp_path / "own/a").read_text() == "0123456789"
    copy(room, "a", tmp_path / "own/a", 3)
    assert (tmp_path / "own/a").read_text() == "789"


@pytest.mark.parametrize("what", INSTEAD)
def test_what_is_no_file_is_not_taken(what: str, room: Path, tmp_path: Path) -> None:
    INSTEAD[what](room / "out/linux-64/a", tmp_path / "secret")
    with pytest.raises(NotTaken, match="out/linux-64/a"):
        copy(room, "out/linux-64/a", tmp_path / "own/copy", 100)
    assert not (tmp_path / "own/copy").exists()
    with pytest.raises(NotTaken, match="out/linux-64/a"):
        move(room, "out/linux-64/a", tmp_path / "own")
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("part", ["out", "out/linux-64"])
def test_no_folder_on_the_way_is_followed(part: str, room: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/linux-64").mkdir(parents=True)
    for folder in (tmp_path / "elsewhere", tmp_path / "elsewhere/linux-64"):
        (folder / "a").write_text("secret")
    (room / "out/linux-64").rmdir()
    if part == "out":
        (room / "out").rmdir()
    (room / part).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotTaken, match="is not a folder"):
        move(room, "out/linux-64/a", tmp_path / "own")
    with pytest.raises(NotTaken, match="is not a folder"):
        copy(room, "out/linux-64/a", tmp_path / "own/a", 100)
    assert list((tmp_path / "own").iterdir()) == []
