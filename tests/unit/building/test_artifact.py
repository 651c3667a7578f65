import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import RECORD, SEAL, Artifact, drop_seal, load, write_record
from rootstock.core.errors import Damaged


@pytest.fixture
def stored(package: Any) -> Artifact:
    made: Artifact = package("one")
    write_record(made, made.path.parent)
    return made


def test_an_artifact_is_what_was_recorded(stored: Artifact) -> None:
    assert load(stored.path.parent) == stored


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert load(tmp_path / "key") is None


def test_a_folder_that_appears_is_not_taken_for_a_damaged_one(
    stored: Artifact, tmp_path: Path
) -> None:
    folder, away = stored.path.parent, tmp_path / "away"

    def appear(turns: int) -> None:
        for _ in range(turns):  # a sleep takes longer than what is to be met
            pass
        away.rename(folder)

    found = []
    with ThreadPoolExecutor(1) as pool:
        for wait in range(200):
            folder.rename(away)
            appears = pool.submit(appear, wait * 20)
            found.append(load(folder))
            appears.result()
    assert all(one is None or one.sha256 == stored.sha256 for one in found)


def flip(artifact: Artifact) -> None:
    content = bytearray(artifact.path.read_bytes())
    content[len(content) // 2] ^= 1
    artifact.path.write_bytes(content)


def cut(artifact: Artifact) -> None:
    artifact.path.write_bytes(artifact.path.read_bytes()[:-1])


def lose_the_package(artifact: Artifact) -> None:
    artifact.path.unlink()


def lose_the_record(artifact: Artifact) -> None:
    (artifact.path.parent / RECORD).unlink()


def cut_the_record(artifact: Artifact) -> None:
    record = artifact.path.parent / RECORD
    record.write_text(record.read_text()[:-30])


def change(name: str, value: object) -> Callable[[Artifact], None]:
    def changed(artifact: Artifact) -> None:
        record = artifact.path.parent / RECORD
        record.write_text(json.dumps({**json.loads(record.read_text()), name: value}))

    return changed


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip, "has the sha256"),
        (cut, "bytes"),
        (lose_the_package, r"one-1\.0-h0_0\.conda is gone"),
        (lose_the_record, r"artifact\.json is gone"),
        (cut_the_record, "cannot be read"),
        (change("size", "7"), "bytes, not 7"),
        (change("sha256", "0" * 64), "has the sha256"),
        (change("path", 7), "cannot be read"),
        (change("seconds", "long"), "cannot be read"),
        (change("colour", "red"), "cannot be read"),
    ],
)
def test_damage_is_found(stored: Artifact, damage: Callable[[Artifact], None], said: str) -> None:
    load(stored.path.parent)
    damage(stored)
    with pytest.raises(Damaged, match=said) as caught:
        load(stored.path.parent)
    assert caught.value.folder == stored.path.parent


def test_a_package_is_read_once(stored: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def sha256_of(path: Path) -> str:
        read.append(path)
        return stored.sha256

    monkeypatch.setattr("rootstock.core.seal.sha256_of", sha256_of)
    os.link(stored.path, stored.path.with_name("another name"))  # as each staging does
    for _ in range(2):
        load(stored.path.parent)
    assert read == []
    (stored.path.parent / SEAL).write_text("")
    for _ in range(2):
        load(stored.path.parent)
    assert read == [stored.path]
    drop_seal(stored.path.parent)
    load(stored.path.parent)
    assert read == [stored.path] * 2


def test_bytes_that_changed_with_their_time_kept_are_found_when_in_doubt(stored: Artifact) -> None:
    status = stored.path.stat()
    flip(stored)
    os.utime(stored.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load(stored.path.parent) == stored  # which promotion and installation would refuse
    drop_seal(stored.path.parent)
    with pytest.raises(Damaged, match="has the sha256"):
        load(stored.path.parent)
