"""What is taken offline of a release (offline/bundle.py) is whole, and stays in its folder."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import release_model
from rootstock.channel.place import place
from rootstock.channel.reader import Channel
from rootstock.core.errors import RootstockError, SourceError, UsageError
from rootstock.core.progress import silent
from rootstock.offline import bundle
from rootstock.offline.selection import choose
from rootstock.release.check import check

from ..conftest import CELL, Released

LOW = "low-1.0-h0_0.conda"


def _bundle(made: Released, target: Path) -> bundle.Bundle:
    return bundle.make(choose(str(made.channel), "latest", []), target, silent)


def _change(made: Released, change: Callable[[dict[str, Any]], object]) -> None:
    record = made.folder / release_model.RECORD
    value = json.loads(record.read_text())
    change(value)
    record.write_text(json.dumps(value))


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_bundle_is_what_the_release_is(released: Released, tmp_path: Path) -> None:
    _bundle(released, tmp_path / "bundle")
    verdict = check(Channel.at(tmp_path / "bundle"), 1, [], silent)
    assert verdict.differences == () and verdict.signer


@pytest.mark.parametrize("name", ["{}/pwned", "../../../pwned", "keys/../../../../pwned", "a/../x"])
def test_no_file_is_written_outside(released: Released, tmp_path: Path, name: str) -> None:
    name = name.format(tmp_path)
    source = released.folder / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("text")
    sha256 = place(source.parent).sha256(source.name)[0]
    _change(released, lambda value: value["files"].update({name: sha256}))
    before = _files(tmp_path)
    with pytest.raises(UsageError, match=r"is not the path|is no file|is not a"):
        _bundle(released, tmp_path / "deep/er/bundle")
    assert _files(tmp_path) == before


def test_no_package_is_written_outside(released: Released, tmp_path: Path) -> None:
    def change(value: dict[str, Any]) -> None:
        value["packages"][LOW] |= {"subdir": "../../..", "url": f"../../../{LOW}"}

    _change(released, change)
    before = _files(tmp_path)
    with pytest.raises(UsageError, match="is not a subdir"):
        _bundle(released, tmp_path / "bundle")
    assert _files(tmp_path) == before


FILES = [f"{CELL.id}.txt", f"{CELL.id}.lock", f"{CELL.id}.cdx.json", f"attestations/{LOW}.json"]


@pytest.mark.parametrize("name", [*FILES, "release.json", "attestations/release.json.json"])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_not_taken(
    released: Released, tmp_path: Path, name: str, damage: str
) -> None:
    path = released.folder / name
    text = path.read_text()
    if damage == "gone":
        path.unlink()
    else:
        other = text.replace("1.0", "1.1").replace('"payload": "', '"payload": "A')
        assert other != text
        path.write_text(text[:-30] if damage == "cut" else other)
    with pytest.raises((SourceError, UsageError), match=r"missing|damaged|cannot be read"):
        _bundle(released, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_release_whose_signature_was_taken_away_is_not_taken(
    released: Released, tmp_path: Path
) -> None:
    (released.folder / release_model.ATTESTATION).unlink()
    with pytest.raises(SourceError, match=r"attestations/release\.json\.json is missing"):
        _bundle(released, tmp_path / "bundle")


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "a pipe", "a device"])
def test_a_damaged_package_is_not_taken(released: Released, tmp_path: Path, damage: str) -> None:
    path = released.channel / "linux-64" / LOW
    content = path.read_bytes()
    path.unlink()
    if damage == "a pipe":
        os.mkfifo(path)
    elif damage == "a device":
        path.symlink_to("/dev/zero")
    elif damage != "gone":
        path.write_bytes(content[:-9] if damage == "cut" else bytes(len(content)))
    with pytest.raises(SourceError, match=LOW):
        _bundle(released, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_what_a_link_leads_to_keeps_its_mode(released: Released, tmp_path: Path) -> None:
    """A channel's packages may be links; what they lead to is read, and not made readable."""
    package, private = released.channel / "linux-64" / LOW, tmp_path / "private"
    shutil.move(package, private)
    private.chmod(0o600)
    package.symlink_to(private)
    _bundle(released, tmp_path / "bundle")
    assert private.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "bundle/linux-64" / LOW).is_symlink()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(40)])
def test_what_is_no_package_is_reported(released: Released, tmp_path: Path, content: bytes) -> None:
    """Its hash is right: whoever made the release lies."""
    path = released.channel / "linux-64" / LOW
    path.unlink()
    path.write_bytes(content)
    sha256, size = place(path.parent).sha256(LOW)
    _change(released, lambda v: v["packages"][LOW].update({"sha256": sha256, "size": size}))
    with pytest.raises(RootstockError, match=r"is not a package|damaged"):
        _bundle(released, tmp_path / "bundle")
