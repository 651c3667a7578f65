import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.reader import Channel
from rootstock.serve.files import Content, ServedFolder, path_of

from ...channels import promote


@pytest.fixture
def channel(publish_root: Any, tmp_path: Path) -> Path:
    publish_root()
    return tmp_path / "channel"


def take(channel: Path, target: str) -> Content | None:
    path = path_of(target)
    found = ServedFolder(Channel.at(channel)).open(path) if path else None
    if found:
        found.close()
    return found


PACKAGE = "/linux-64/pyroot-6.40.00-py311h0_0.conda"


def test_a_package_is_known_by_its_sha256_and_kept_for_good(channel: Path) -> None:
    found = take(channel, PACKAGE)
    content = (channel / PACKAGE[1:]).read_bytes()
    assert found and found.tag == f'"{hashlib.sha256(content).hexdigest()}"'
    assert (found.size, found.type) == (len(content), "application/octet-stream")
    assert "immutable" in found.cache


def test_a_package_stays_known_when_others_come(channel: Path, package: Any) -> None:
    folder = ServedFolder(Channel.at(channel))
    assert folder.open(PACKAGE[1:])
    promote([package("new")], channel)
    assert not folder.knows(PACKAGE[1:]) and folder.knows("linux-64/repodata.json")
    folder.learn()
    assert folder.knows(PACKAGE[1:])
    found = folder.open("linux-64/new-1.0-h0_0.conda")
    assert found and "immutable" in found.cache


def test_a_package_that_was_cut_is_not_called_what_it_was(channel: Path) -> None:
    place = channel / PACKAGE[1:]
    place.write_bytes(place.read_bytes()[:-1])
    found = take(channel, PACKAGE)
    assert found and len(found.tag) < 64
    assert found.cache == "no-cache"


def test_a_shard_is_kept_for_good(channel: Path) -> None:
    [shard, *_] = (channel / "linux-64/shards").iterdir()
    found = take(channel, f"/linux-64/shards/{shard.name}")
    assert found and found.tag == f'"{shard.name[:64]}"'
    assert ("immutable" in found.cache, found.type) == (True, "application/zstd")


@pytest.mark.parametrize(
    ("target", "type_"),
    [
        ("/noarch/repodata.json", "application/json"),
        ("/noarch/repodata.json.zst", "application/zstd"),
        ("/noarch/repodata_shards.msgpack.zst", "application/zstd"),
        ("/noarch/run_exports.json", "application/json"),
        ("/noarch/run_exports.json.zst", "application/zstd"),
        ("/releases.json", "application/json"),
        ("/releases/0001/release.json", "application/json"),
    ],
)
def test_indexes_are_asked_about_again(channel: Path, target: str, type_: str) -> None:
    found = take(channel, target)
    assert found and (found.cache, found.type) == ("no-cache", type_)


def test_an_index_that_changes_gets_another_tag(channel: Path, package: Any) -> None:
    before = take(channel, "/linux-64/repodata.json")
    promote([package("new")], channel)
    after = take(channel, "/linux-64/repodata.json")
    assert before and after and before.tag != after.tag and before.modified != after.modified


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/.rootstock/current/generation.json",
        "/%2erootstock/lock",
        "/linux-64/../../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "//secret",
        "/linux-64",
        "/linux-64/",
        "/linux-64/repodata.json/",
        "/linux-64/repodata.json/more",
        "/out",
        "/outside/secret",
        "/pipe",
        "/a%00b",
        "/%ff",
        "/" + "a" * 300,
        "http://[/",
    ],
)
def test_what_is_not_for_readers(channel: Path, target: str) -> None:
    (channel.parent / "secret").write_text("secret")
    (channel / "out").symlink_to("../secret")
    (channel / "outside").symlink_to("..")
    os.mkfifo(channel / "pipe")
    assert take(channel, target) is None


def test_a_neighbour_of_the_same_beginning_is_outside(channel: Path) -> None:
    (channel.parent / "channel-2").mkdir()
    (channel.parent / "channel-2/secret").write_text("secret")
    (channel / "out").symlink_to("../channel-2/secret")
    assert take(channel, "/out") is None


def test_a_page_of_its_own(channel: Path) -> None:
    folder = ServedFolder(Channel.at(channel))
    assert not folder.has_page()
    (channel / "index.html").unlink()
    (channel / "index.html").write_text("mine")
    found = folder.open("index.html")
    assert folder.has_page() and found and found.body == b"mine"


def test_a_file_that_changes_is_not_given_from_memory(channel: Path) -> None:
    folder = ServedFolder(Channel.at(channel))
    place = channel / "releases.json"
    place.unlink()
    for text in (b"one", b"two"):
        part = channel / "part"
        part.write_bytes(text)
        part.rename(place)
        for _ in range(2):
            found = folder.open("releases.json")
            assert found and found.body == text
    place.unlink()
    place.symlink_to("../secret")
    (channel.parent / "secret").write_bytes(b"two")
    assert folder.open("releases.json") is None
    place.unlink()
    assert folder.open("releases.json") is None


def test_memory_holds_no_more_than_so_many_files(channel: Path) -> None:
    folder = ServedFolder(Channel.at(channel))
    for number in range(300):
        (channel / f"{number}.txt").write_text(str(number))
        assert folder.open(f"{number}.txt")
    assert len(folder._kept) == 256
    (channel / "large").write_bytes(bytes(300_000))
    found = folder.open("large")
    assert found and not isinstance(found.body, bytes)
    found.close()
    assert "large" not in folder._kept


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: {**entry, "sha256": 'a"\r\nSet-Cookie: x'},
        lambda entry: {**entry, "size": "1"},
        lambda entry: [],
    ],
)
def test_a_record_that_is_damaged_makes_no_header(
    channel: Path, change: Callable[[Any], Any]
) -> None:
    place = channel / ".rootstock/generations/0001/generation.json"
    record = json.loads(place.read_text())
    record["packages"] = {name: change(entry) for name, entry in record["packages"].items()}
    place.write_text(json.dumps(record))
    found = take(channel, PACKAGE)
    assert found and found.cache == "no-cache" and "\n" not in found.tag


def test_a_channel_that_moved_to_another_place(channel: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(channel)
    assert take(tmp_path / "link", PACKAGE)
