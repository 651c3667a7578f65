import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard

from rootstock.channel import index

ENTRY = {"name": "one", "version": "1", "sha256": "ab" * 32, "size": 3}


def _unpack(path: Path) -> Any:
    return msgpack.unpackb(zstandard.decompress(path.read_bytes()))


def test_record_is_the_packages_metadata_with_hash_and_size(package: Any) -> None:
    one = package("one", depends=["two >=1"])
    record = index.record(one.path, sha256=one.sha256, size=one.size)
    assert record["depends"] == ["two >=1"]
    assert (record["sha256"], record["size"]) == (one.sha256, one.size)


def test_record_of_what_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "x.conda").write_bytes(b"no")
    with pytest.raises(Exception, match="zip"):
        index.record(tmp_path / "x.conda", sha256="", size=2)


def test_tables_say_the_same(tmp_path: Path) -> None:
    folder, shards = tmp_path / "linux-64", tmp_path / "shards"
    folder.mkdir()
    shards.mkdir()
    written = index.write(folder, {"one.conda": ENTRY}, shards)
    table = json.loads((folder / index.TABLE).read_text())
    assert json.loads(zstandard.decompress((folder / index.PACKED).read_bytes())) == table
    assert table["info"] == {"subdir": "linux-64"}
    assert index.read(folder) == {"one.conda": ENTRY}
    [shard] = shards.iterdir()
    assert shard in written
    digest = _unpack(folder / index.SHARDS_TABLE)["shards"]["one"]
    assert shard.name == f"{digest.hex()}.msgpack.zst"
    assert hashlib.sha256(shard.read_bytes()).digest() == digest
    entry = _unpack(shard)["packages.conda"]["one.conda"]
    assert entry["sha256"] == bytes.fromhex("ab" * 32)


def test_known_shards_are_not_written_again(tmp_path: Path) -> None:
    folder, shards = tmp_path / "linux-64", tmp_path / "shards"
    folder.mkdir()
    shards.mkdir()
    index.write(folder, {"one.conda": ENTRY}, shards)
    [shard] = shards.iterdir()
    two = {**ENTRY, "name": "two"}
    written = index.write(folder, {"one.conda": ENTRY, "two.conda": two}, shards)
    assert shard not in written
    assert len(list(shards.iterdir())) == 2


def test_no_index_is_an_empty_one(tmp_path: Path) -> None:
    assert index.read(tmp_path) == {}


def entry(name: str, version: str) -> index.Record:
    return {"version": version, "name": name, "sha256": "cd" * 32, "size": 3}


def test_an_update_says_what_a_whole_write_says(tmp_path: Path) -> None:
    before = {f"{name}-{version}": entry(name, version) for name in "abc" for version in "12"}
    changes = {
        "a-3": entry("a", "3"),
        "b-1": None,
        "c-1": None,
        "c-2": None,
        "d-1": entry("d", "1"),
    }
    after = {name: known for name, known in before.items() if name not in changes}
    after |= {name: known for name, known in changes.items() if known}
    shards = tmp_path / "shards"
    shards.mkdir()
    tables: list[tuple[Any, ...]] = []
    for folder, old, records in (
        (tmp_path / "1/noarch", None, before),
        (tmp_path / "2/noarch", tmp_path / "1/noarch", changes),
        (tmp_path / "3/noarch", None, after),
    ):
        folder.mkdir(parents=True)
        index.update(folder, old, records, shards)
        table = _unpack(folder / index.SHARDS_TABLE)
        table["info"].pop("created_at")
        plain = (name for name in index.FILES if name != index.SHARDS_TABLE)
        texts = ((folder / name).read_bytes() for name in plain)
        tables.append((table, *texts))
    assert tables[1] == tables[2] != tables[0]
    assert set(tables[1][0]["shards"]) == {"a", "b", "d"}


def test_an_update_touches_the_shards_of_its_names_only(tmp_path: Path) -> None:
    old, new, shards = tmp_path / "1/noarch", tmp_path / "2/noarch", tmp_path / "shards"
    for folder in (old, new, shards):
        folder.mkdir(parents=True)
    index.write(old, {"a-1": entry("a", "1"), "b-1": entry("b", "1")}, shards)
    for shard in shards.iterdir():
        shard.unlink()
    index.update(new, old, {"b-2": entry("b", "2")}, shards)
    [shard] = shards.iterdir()
    assert set(_unpack(shard)["packages.conda"]) == {"b-1", "b-2"}


EXPORTS = {"weak": ["one >=1,<2.0a0"], "strong": ["low"]}


def test_record_has_the_run_exports_of_its_package(package: Any) -> None:
    one, two = package("one", run_exports=EXPORTS), package("two")
    found = [index.record(a.path, sha256=a.sha256, size=a.size) for a in (one, two)]
    assert [entry["run_exports"] for entry in found] == [EXPORTS, {}]


@pytest.mark.parametrize("exports", [["one"], {"weak": "one"}, {"soft": ["one"]}, {"weak": [1]}])
def test_run_exports_that_are_none_are_refused(package: Any, exports: Any) -> None:
    one = package("one", run_exports=exports)
    with pytest.raises(ValueError, match=r"run_exports\.json does not follow CEP 12"):
        index.record(one.path, sha256=one.sha256, size=one.size)
    assert index.with_run_exports({"name": "one"}, one.path) == {"name": "one"}


def test_run_exports_have_a_file_and_are_in_shards_and_not_in_repodata(tmp_path: Path) -> None:
    folder, shards = tmp_path / "linux-64", tmp_path / "shards"
    folder.mkdir()
    shards.mkdir()
    records = {
        "one.conda": {**ENTRY, "run_exports": EXPORTS},
        "two.conda": {**ENTRY, "name": "two", "run_exports": {}},
        "old.conda": {**ENTRY, "name": "old"},
    }
    index.write(folder, records, shards)
    table = json.loads((folder / index.RUN_EXPORTS).read_bytes())
    packed = zstandard.decompress((folder / index.RUN_EXPORTS_PACKED).read_bytes())
    assert json.loads(packed) == table
    # The form of CEP 12: an entry without run_exports is empty, and one that is not known is not.
    assert table == {
        "info": {"subdir": "linux-64", "version": 1},
        "packages": {},
        "packages.conda": {
            "one.conda": {"run_exports": EXPORTS},
            "two.conda": {"run_exports": {}},
        },
    }
    assert index.read(folder)["one.conda"] == ENTRY
    found: dict[str, Any] = {}
    for digest in _unpack(folder / index.SHARDS_TABLE)["shards"].values():
        found |= _unpack(shards / f"{digest.hex()}.msgpack.zst")["packages.conda"]
    said = {name: entry.get("run_exports", "unknown") for name, entry in found.items()}
    assert said == {"one.conda": EXPORTS, "two.conda": {}, "old.conda": "unknown"}


def test_an_update_keeps_the_run_exports_of_what_stays(tmp_path: Path) -> None:
    old, new, shards = tmp_path / "1/noarch", tmp_path / "2/noarch", tmp_path / "shards"
    for folder in (old, new, shards):
        folder.mkdir(parents=True)
    exported = {
        f"a-{n}": {**entry("a", str(n)), "run_exports": {"weak": [f"a {n}"]}} for n in "123"
    }
    index.write(old, {name: exported[name] for name in ("a-1", "a-2")}, shards)
    index.update(new, old, {"a-2": None, "a-3": exported["a-3"]}, shards)
    wanted = {"a-1": {"weak": ["a 1"]}, "a-3": {"weak": ["a 3"]}}
    assert index.read_run_exports(new) == wanted
    [digest] = _unpack(new / index.SHARDS_TABLE)["shards"].values()
    shard = _unpack(shards / f"{digest.hex()}.msgpack.zst")["packages.conda"]
    assert {name: one["run_exports"] for name, one in shard.items()} == wanted


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages.conda": {"a": 1}}', "{"])
def test_run_exports_that_cannot_be_read_are_as_if_not_there(tmp_path: Path, text: str) -> None:
    assert index.read_run_exports(tmp_path) is None
    (tmp_path / index.RUN_EXPORTS).write_text(text)
    assert index.read_run_exports(tmp_path) is None
