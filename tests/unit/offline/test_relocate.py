"""An environment as it is to be in another place."""

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from rootstock.core.errors import PackFailed
from rootstock.offline.relocate import LONGEST, is_sound, relocate

FINAL = PurePosixPath("/cvmfs/experiment.example/root")
CHANNEL = "https://example.org/channel"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment of one package, whose files are links to a cache's."""
    cache, made = tmp_path / "cache", tmp_path / "made"
    for folder in (cache, made / "bin", made / "conda-meta"):
        folder.mkdir(parents=True)
    (cache / "tool").write_text(f"#!{made}/bin/python3.11\nprint('{made}/share')\n")
    (cache / "tool").chmod(0o755)
    (cache / "library").write_bytes(b"\x7fELF\0\0")
    for name in ("tool", "library"):
        os.link(cache / name, made / "bin" / name)
    record = {
        "name": "one",
        "fn": "one-1.0-h0_0.conda",
        "subdir": "linux-64",
        "url": f"file://{tmp_path}/channel/linux-64/one-1.0-h0_0.conda",
        "channel": f"file://{tmp_path}/channel",
        "extracted_package_dir": str(cache),
        "link": {"source": str(cache), "type": 1},
        "paths_data": {
            "paths": [
                {"_path": "bin/tool", "path_type": "hardlink", "sha256": "of the package"},
                {"_path": "bin/library", "path_type": "hardlink", "sha256": "of the package"},
            ]
        },
    }
    (made / "conda-meta/one-1.0-h0_0.json").write_text(json.dumps(record))
    return made


def recorded(prefix: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((prefix / "conda-meta/one-1.0-h0_0.json").read_text())
    return record


def test_nothing_names_the_place_where_it_was_made(prefix: Path, tmp_path: Path) -> None:
    relocate(prefix, FINAL, CHANNEL)
    assert (prefix / "bin/tool").read_text() == (
        f"#!{FINAL}/bin/python3.11\nprint('{FINAL}/share')\n"
    )
    assert os.access(prefix / "bin/tool", os.X_OK)
    every = [path.read_bytes() for path in prefix.rglob("*") if path.is_file()]
    assert not [content for content in every if bytes(tmp_path) in content]


def test_the_cache_is_not_written_to(prefix: Path, tmp_path: Path) -> None:
    before = (tmp_path / "cache/tool").read_bytes()
    relocate(prefix, FINAL, CHANNEL)
    assert (tmp_path / "cache/tool").read_bytes() == before


def test_the_record_is_of_the_files_as_they_are_and_of_the_channel(prefix: Path) -> None:
    relocate(prefix, FINAL, CHANNEL)
    record = recorded(prefix)
    assert record["url"] == f"{CHANNEL}/linux-64/one-1.0-h0_0.conda"
    tool, library = record["paths_data"]["paths"]
    assert tool["sha256"] == "of the package"
    assert len(tool["sha256_in_prefix"]) == 64
    assert "sha256_in_prefix" not in library


@pytest.mark.parametrize("kind", ["binary", "link"])
def test_what_cannot_be_changed_is_refused(prefix: Path, kind: str) -> None:
    if kind == "binary":
        (prefix / "bin/program").write_bytes(b"\x7fELF\0" + bytes(prefix) + b"\0")
    else:
        (prefix / "bin/program").symlink_to(prefix / "bin/tool")
    with pytest.raises(PackFailed, match="bin/program"):
        relocate(prefix, FINAL, CHANNEL)


@pytest.mark.parametrize(
    ("path", "sound"),
    [
        ("/cvmfs/experiment.example/root/6.40.00-x86_64+opt", True),
        ("relative/path", False),
        ("/", False),
        ("/a//b", False),
        ("/a/../b", False),
        ("/a b", False),
        ("/" + "x" * (LONGEST - 1), True),
        ("/" + "x" * LONGEST, False),
    ],
)
def test_paths_that_can_be(path: str, sound: bool) -> None:
    assert is_sound(path) == sound
