"""The folders of environments, each made by one command at a time."""

import json
import os
from pathlib import Path

import pytest

from rootstock.core.errors import RefusedError, UsageError
from rootstock.environment.prefix import MARK, _lock, checked, claimed


def fill(prefix: Path) -> None:
    (prefix / "lib/deep").mkdir(parents=True)
    (prefix / "lib/deep/file").write_text("half")
    (prefix / "lib").chmod(0o500)
    (prefix / "link").symlink_to("lib")


def kill(prefix: Path) -> None:
    """Leave what a killed command leaves: the kernel closes its files, and nothing is removed."""
    mark, _, _ = _lock(prefix)
    fill(prefix)
    os.close(mark)


@pytest.mark.parametrize("there", [False, True])
def test_what_was_put_there_stays_and_the_mark_goes(tmp_path: Path, there: bool) -> None:
    prefix = tmp_path / "above/prefix"
    if there:
        prefix.mkdir(parents=True)
    with claimed(prefix) as claim:
        assert not claim.leftover
        assert os.listdir(prefix) == [MARK]
        (prefix / "file").touch()
    assert os.listdir(prefix) == ["file"]


@pytest.mark.parametrize("there", [False, True])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, there: bool) -> None:
    prefix = tmp_path / "prefix"
    if there:
        prefix.mkdir()

    def fail() -> None:
        with claimed(prefix):
            fill(prefix)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert prefix.exists() == there
    assert not there or os.listdir(prefix) == []


def test_another_command_is_refused_and_does_no_harm(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    with claimed(prefix):
        fill(prefix)
        with pytest.raises(RefusedError, match=f"process {os.getpid()}"), claimed(prefix):
            pass
        assert (prefix / "lib/deep/file").read_text() == "half"
    with pytest.raises(UsageError, match="not empty"), claimed(prefix):
        pass


def test_what_a_killed_command_left_is_removed(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    kill(prefix)
    assert (prefix / "lib/deep/file").exists()
    with claimed(prefix) as claim:
        assert claim.leftover
        assert os.listdir(prefix) == [MARK]


@pytest.mark.parametrize("there", [False, True])
def test_after_a_killed_command_a_failed_one_also_leaves_it_as_it_was(
    tmp_path: Path, there: bool
) -> None:
    prefix = tmp_path / "prefix"
    if there:
        prefix.mkdir()
    kill(prefix)
    with pytest.raises(ValueError, match="no"), claimed(prefix):
        raise ValueError("no")
    assert prefix.exists() == there


@pytest.mark.parametrize("mark", [None, "", "text", "[]", '{"folder": 1}'])
def test_what_no_command_left_is_not_touched(tmp_path: Path, mark: str | None) -> None:
    prefix = tmp_path / "prefix"
    fill(prefix)
    if mark is not None:
        (prefix / MARK).write_text(mark)
    with pytest.raises(UsageError, match="not empty"), claimed(prefix):
        pass
    assert (prefix / "lib/deep/file").read_text() == "half"


def test_a_copy_of_what_was_left_is_not_removed(tmp_path: Path) -> None:
    prefix, copy = tmp_path / "prefix", tmp_path / "copy"
    kill(prefix)
    fill(copy)
    (copy / MARK).write_bytes((prefix / MARK).read_bytes())
    with pytest.raises(UsageError, match="not empty"), claimed(copy):
        pass
    assert (copy / "lib/deep/file").exists()


def test_a_command_that_was_killed_at_once_has_left_a_mark_alone(tmp_path: Path) -> None:
    for text in ("", "{", json.dumps({"folder": 0, "made": True})):
        prefix = tmp_path / f"prefix{len(text)}"
        prefix.mkdir()
        (prefix / MARK).write_text(text)
        with claimed(prefix) as claim:
            assert not claim.leftover
        assert os.listdir(prefix) == []


@pytest.mark.parametrize("kind", ["file", "dangling", "below a file", "mark is a link"])
def test_where_no_folder_can_be(tmp_path: Path, kind: str) -> None:
    prefix = tmp_path / "prefix"
    (tmp_path / "file").touch()
    if kind == "file":
        prefix.touch()
    elif kind == "dangling":
        prefix.symlink_to("nowhere")
    elif kind == "below a file":
        prefix = tmp_path / "file/prefix"
    else:
        prefix.mkdir()
        (prefix / MARK).symlink_to("../file")
    with pytest.raises(UsageError, match=r"prefix|file"), claimed(prefix):
        pass
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not the path"),
        ("a\0b", "printed"),
        ("a\nb", "printed"),
        ("a\udcffb", "not UTF-8"),
        ("a$HOME", r"contains \$,"),
        ("o'brien", "contains ',"),
        ("a:b", "contains :,"),
        ("a\\b", r"contains \\,"),
        ("x" * 5000, "too long"),
    ],
)
def test_paths_that_an_environment_cannot_have(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        checked(text)


def test_where_a_link_leads_counts_too(tmp_path: Path) -> None:
    (tmp_path / "o'brien").mkdir()
    (tmp_path / "home").symlink_to("o'brien")
    with pytest.raises(UsageError, match="contains ',"):
        checked(str(tmp_path / "home/root"))
    assert checked(str(tmp_path / "größe, a b/#1")) == tmp_path / "größe, a b/#1"


def test_the_path_that_counts_is_the_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a:b").mkdir()
    monkeypatch.chdir(tmp_path / "a:b")
    with pytest.raises(UsageError, match="contains :,"):
        checked("root")
