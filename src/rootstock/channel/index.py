"""A channel's index: what a package manager reads to know which packages there are.

The files are those of CEP 36 (`repodata.json`, also packed as `.zst`) and CEP 16 (one shard per
package name, and the table of shards). They are written here and not by `rattler.index`, which
hashes every package again with a slow sha256: 4.4 s for a channel with one package of 200 MB
in it. Artifacts know their hash, so that all that is read is the small metadata at the end of
each package: 5 ms. A system test holds both against each other.
"""

import hashlib
import json
import os
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Set
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import msgpack  # type: ignore[import-untyped]
import zstandard

Record = dict[str, Any]

TABLE = "repodata.json"
PACKED = "repodata.json.zst"
SHARDS_TABLE = "repodata_shards.msgpack.zst"
SHARDS = "shards"

_LEVEL = 9  # zstd: 19 is 4 % smaller and ten times slower
_HASHES = ("md5", "sha256")


def record(package: Path, *, sha256: str, size: int) -> Record:
    """What an index says of a `.conda` file: its own metadata, its hash and its size.

    Raises `OSError`, `zipfile.BadZipFile` or `ValueError` when it is no such file.
    """
    with zipfile.ZipFile(package) as archive:
        [member] = (name for name in archive.namelist() if name.startswith("info-"))
        with (
            archive.open(member) as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for entry in tar:
                if entry.name == "info/index.json" and (file := tar.extractfile(entry)):
                    return {**json.load(file), "sha256": sha256, "size": size}
    raise ValueError(f"{package} has no info/index.json")


def write(folder: Path, records: Mapping[str, Record], shards: Path) -> list[Path]:
    """Write the index of one subdir into `folder`, whose name is the subdir's.

    `records` are by file name. The shards, which are named by their content, go to the folder
    `shards`; those that are there already stay. Returns the files that were written.
    """
    return update(folder, None, records, shards)


def update(
    folder: Path, old: Path | None, changes: Mapping[str, Record | None], shards: Path
) -> list[Path]:
    """Write an index as `write` does: that of the folder `old`, if there is one, with changes.

    `changes` are by file name, None for a record that goes. No package is read for it, and of
    the shards only those whose package name a change has are made.
    """
    records = read(old) if old else {}
    touched = {entry["name"] for name in changes if (entry := records.get(name))}
    for name, change in changes.items():
        if change is None:
            records.pop(name, None)
        else:
            records[name] = change
            touched.add(change["name"])
    table = {
        "info": {"subdir": folder.name},
        "packages": {},
        "packages.conda": records,
        "removed": [],
        "repodata_version": 1,
    }
    text = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
    known = _shards_table(old) if old else {}
    return [
        _write(folder / TABLE, text),
        _write(folder / PACKED, _pack(text)),
        *_write_shards(folder, records, known, touched, shards),
    ]


def read(folder: Path) -> dict[str, Record]:
    """The records of the subdir in `folder`; empty when it has no index."""
    try:
        table = json.loads((folder / TABLE).read_bytes())
    except FileNotFoundError:
        return {}
    return cast(dict[str, Record], table["packages.conda"])


def _shards_table(folder: Path) -> dict[str, bytes]:
    packed = (folder / SHARDS_TABLE).read_bytes()
    return cast(dict[str, bytes], msgpack.unpackb(zstandard.decompress(packed))["shards"])


def _write_shards(
    folder: Path,
    records: Mapping[str, Record],
    known: Mapping[str, bytes],
    touched: Set[str],
    place: Path,
) -> list[Path]:
    by_name: dict[str, dict[str, Record]] = defaultdict(dict)
    for filename, entry in sorted(records.items()):
        if entry["name"] in touched:
            binary = {name: bytes.fromhex(entry[name]) for name in _HASHES if name in entry}
            # Sorted, so that a record gives the same bytes, read from a package or an index.
            by_name[entry["name"]][filename] = dict(sorted({**entry, **binary}.items()))
    table = {name: digest for name, digest in known.items() if name not in touched}
    written = []
    for name, entries in by_name.items():
        shard = _pack(msgpack.packb({"packages": {}, "packages.conda": entries, "removed": []}))
        digest = hashlib.sha256(shard)
        table[name] = digest.digest()
        path = place / f"{digest.hexdigest()}.msgpack.zst"
        if not (path.exists() and path.read_bytes() == shard):
            part = path.with_suffix(".part")
            _write(part, shard)
            os.rename(part, path)
            written.append(path)
    info = {
        "subdir": folder.name,
        "base_url": "",
        "shards_base_url": f"./{SHARDS}/",
        "created_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    packed = _pack(
        msgpack.packb({"version": 1, "info": info, "shards": dict(sorted(table.items()))})
    )
    return [*written, _write(folder / SHARDS_TABLE, packed)]


def _pack(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _write(path: Path, data: bytes) -> Path:
    with path.open("wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o644)
    return path
