"""An index that was changed is found, reported, and made anew from its packages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import Artifact
from rootstock.channel import consistency, index, repodata
from rootstock.channel.layout import Layout
from rootstock.core.errors import RefusedError

from ...channels import hide, history, promote, rollback
from .conftest import snapshot, visible

TABLE = "linux-64/repodata.json"


@pytest.fixture
def two(package: Any, tmp_path: Path) -> tuple[Path, list[Artifact]]:
    """A channel with two packages in linux-64 and one in noarch."""
    channel = tmp_path / "channel"
    artifacts = [package("one"), package("two"), package("pure", noarch="generic")]
    promote(artifacts, channel)
    return channel, artifacts


def _edited(**changed: Any) -> Callable[[Path], None]:
    """Changes what repodata.json says of one package."""

    def edit(folder: Path) -> None:
        table = json.loads((folder / index.TABLE).read_text())
        table["packages.conda"]["one-1.0-h0_0.conda"] |= changed
        (folder / index.TABLE).write_text(json.dumps(table))

    return edit


def _text(name: str, text: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(text)

    return write


def _without(folder: Path) -> None:
    table = json.loads((folder / index.TABLE).read_text())
    del table["packages.conda"]["one-1.0-h0_0.conda"]
    (folder / index.TABLE).write_text(json.dumps(table))


def _other(folder: Path) -> None:
    """An index of other packages, in all its forms."""
    records = index.read(folder)
    records["three-1.0-h0_0.conda"] = {**records["one-1.0-h0_0.conda"], "name": "three"}
    index.write(folder, records, folder)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "another sha256": _edited(sha256="0" * 64),
    "another size": _edited(size=1),
    "another name": _edited(name="three"),
    "other depends": _edited(depends=["evil"]),
    "no name": _edited(name=None),
    "cut": _text(index.TABLE, b'{"packages.conda": {'),
    "empty": _text(index.TABLE, b""),
    "a list": _text(index.TABLE, b"[]"),
    "no packages": _text(index.TABLE, b"{}"),
    "nested": _text(index.TABLE, b"[" * 100_000),
    "no utf-8": _text(index.TABLE, b"\xff\xff\xff"),
    "another packed form": _text(index.PACKED, b"garbage"),
    "an empty packed form": _text(index.PACKED, b""),
    "no shards": _text(index.SHARDS_TABLE, b"garbage"),
    "shards of another shape": _text(index.SHARDS_TABLE, index._pack(b"\x90")),
    "no run_exports": _text(index.RUN_EXPORTS_PACKED, b"x"),
    "gone": lambda folder: (folder / index.TABLE).unlink(),
    "a package less": _without,
    "a package more": _other,
}
CASES = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


def _content(channel: Path) -> dict[str, bytes]:
    names = (index.TABLE, index.PACKED, index.RUN_EXPORTS)
    return {name: (channel / "linux-64" / name).read_bytes() for name in names}


@CASES
def test_the_next_promotion_makes_it_anew(
    two: tuple[Path, list[Artifact]], package: Any, tmp_path: Path, damage: Any
) -> None:
    channel, artifacts = two
    more = package("more")
    promote([*artifacts, more], tmp_path / "other")
    damage(channel / ".rootstock/current/linux-64")
    promotion = promote([more], channel)
    assert promotion.mended == (TABLE,)
    assert visible(channel) == {a.filename for a in (*artifacts, more)}
    for name, record in index.read(channel / "linux-64").items():
        other = index.read(tmp_path / "other/linux-64")[name]
        assert {**record, "indexed_timestamp": 0} == {**other, "indexed_timestamp": 0}
    assert not list(consistency.differences(Layout(channel), history(channel)))


@CASES
def test_so_does_one_with_nothing_new(two: tuple[Path, list[Artifact]], damage: Any) -> None:
    channel, artifacts = two
    before = _content(channel)
    damage(channel / ".rootstock/current/linux-64")
    if damage is _other:  # which all forms agree on: that is seen by those who read every record
        assert list(consistency.differences(Layout(channel), history(channel)))
        return
    promotion = promote(artifacts, channel)
    assert (promotion.mended, promotion.added) == ((TABLE,), ())
    assert _content(channel) == before
    assert not list(consistency.differences(Layout(channel), history(channel)))
    assert promote(artifacts, channel).generation == promotion.generation


@pytest.mark.parametrize("damage", ["another sha256", "cut", "gone", "no shards"])
def test_so_do_a_rollback_and_hiding(
    two: tuple[Path, list[Artifact]], package: Any, damage: str
) -> None:
    channel, artifacts = two
    before = _content(channel)
    promote([package("more")], channel)
    DAMAGE[damage](channel / ".rootstock/generations/0001/linux-64")
    assert rollback(channel, 1).mended == (TABLE,)
    assert _content(channel) == before
    DAMAGE[damage](channel / ".rootstock/current/linux-64")
    assert hide(channel, [artifacts[0].filename]).mended == (TABLE,)
    assert visible(channel) == {a.filename for a in artifacts[1:]}


@CASES
def test_it_is_reported_by_name(two: tuple[Path, list[Artifact]], damage: Any) -> None:
    channel, _ = two
    assert not list(consistency.differences(Layout(channel), history(channel)))
    damage(channel / ".rootstock/current/linux-64")
    [said, *_] = consistency.differences(Layout(channel), history(channel))
    assert said.startswith(TABLE) and len(said) < 500


def test_it_is_refused_where_its_package_is_damaged_too(
    two: tuple[Path, list[Artifact]], package: Any
) -> None:
    channel, artifacts = two
    DAMAGE["another sha256"](channel / ".rootstock/current/linux-64")
    place = channel / "linux-64" / artifacts[0].filename
    place.unlink()
    place.write_bytes(bytes(artifacts[0].size))
    before = snapshot(channel)
    with pytest.raises(RefusedError, match=artifacts[0].filename):
        promote([package("more")], channel)
    assert snapshot(channel) == before


def test_a_spec_is_not_looked_for_in_a_damaged_index(two: tuple[Path, list[Artifact]]) -> None:
    channel, _ = two
    DAMAGE["cut"](channel / ".rootstock/current/linux-64")
    with pytest.raises(RefusedError, match=r"repodata\.json is damaged"):
        hide(channel, ["one"])


@pytest.mark.parametrize("data", [b"", b"x", b"\x28\xb5\x2f\xfd", b"[" * 99_999, b"null", b"\x90"])
@pytest.mark.parametrize("packed", [True, False])
def test_whatever_a_table_is_its_reader_raises_nothing_else(data: bytes, packed: bool) -> None:
    for reader in (repodata.records, repodata.shards, repodata.shard, repodata.unpacked):
        if reader is repodata.unpacked and packed:
            continue
        with pytest.raises(ValueError, match=r"."):
            reader(index._pack(data) if packed else data)
