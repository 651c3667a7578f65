"""What an unpacked package may write: nothing outside of the prefix."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rootstock.environment import package_cache


def _tree(folder: Path, paths: Sequence[str], points: Sequence[str] = ()) -> Path:
    (folder / "tree/info").mkdir(parents=True)
    (folder / "tree/lib").mkdir()
    (folder / "tree/out").symlink_to(folder)
    (folder / "tree/lib64").symlink_to("lib")
    entries = [{"_path": path, "path_type": "hardlink"} for path in paths]
    (folder / "tree/info/paths.json").write_text(json.dumps({"paths": entries}))
    if points:
        kind = {"type": "python", "entry_points": points}
        (folder / "tree/info/link.json").write_text(json.dumps({"noarch": kind}))
    return folder / "tree"


@pytest.mark.parametrize(
    "path",
    ["../a", "lib/../../a", "lib/../a", "/a", "out/a", "out/tree/../a", "..", "lib64/../../a"],
)
def test_a_path_that_leaves_the_prefix_is_found(tmp_path: Path, path: str) -> None:
    assert package_cache.leaving(_tree(tmp_path, ["lib/a", path])) == path


@pytest.mark.parametrize("point", ["../a = b:c", "/a=b:c", "sub/a = b:c"])
def test_a_command_that_leaves_bin_is_found(tmp_path: Path, point: str) -> None:
    assert package_cache.leaving(_tree(tmp_path, ["lib/a"], ["a = b:c", point])) == point


def test_what_stays_inside_is_well(tmp_path: Path) -> None:
    paths = ["lib/a", "lib64/a", "a", "new/folder/a", "lib/..a", "...", "lib/a..b/c"]
    assert package_cache.leaving(_tree(tmp_path, paths, ["a.b = c.d:e/f"])) == ""
