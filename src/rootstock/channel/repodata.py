"""Read the tables of an index, whoever wrote them: what is none is a `ValueError`, always.

A record is what an index says of a package, by fields of CEP 34; the tables are those that
index.py writes. What a table must say, to be right, is in consistency.py.
"""

from typing import Any, cast

import msgpack  # type: ignore[import-untyped]
import zstandard

from rootstock.core import names, shape

Record = dict[str, Any]

CONDA = "packages.conda"  # the field of repodata.json and of shards that has the records
_MOST = 1 << 30  # bytes that a packed table may have when it is unpacked
_PIECE = 1 << 14  # bytes that are unpacked at a time: of each may come 10,000 times as many
_HASHES = ("md5", "sha256")


def records(text: str | bytes) -> dict[str, Record]:
    """The records of a repodata.json, by file name."""
    return _records(shape.document(text))


def shards(packed: bytes) -> dict[str, bytes]:
    """The sha256 of each shard that a table of shards names, by the name of its packages."""
    table = _unpacked(packed)
    known = table.get("shards") if isinstance(table, dict) else None
    if not isinstance(known, dict) or not all(
        isinstance(name, str) and isinstance(sha256, bytes) for name, sha256 in known.items()
    ):
        raise ValueError("it has no shards")
    return known


def shard(packed: bytes) -> dict[str, Record]:
    """The records of a shard, by file name, with hashes as repodata.json has them."""
    found = _records(_unpacked(packed))
    for record in found.values():
        for name in _HASHES:
            if isinstance(value := record.get(name), bytes):
                record[name] = value.hex()
    return found


def unpacked(data: bytes) -> bytes:
    """What zstandard packed."""
    pieces, size = [], 0
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        for start in range(0, len(data), _PIECE):
            pieces.append(unpacker.decompress(data[start : start + _PIECE]))
            size += len(pieces[-1])
            if size > _MOST:
                raise ValueError(f"it has more than {_MOST} bytes")
    except zstandard.ZstdError as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut, or has something behind its end")
    return b"".join(pieces)


def _unpacked(packed: bytes) -> object:
    data = unpacked(packed)
    try:
        return msgpack.unpackb(data)
    except Exception as error:  # of many kinds, most of which are no ValueError
        raise ValueError(f"it is no msgpack: {error!r}") from error


def _records(table: object) -> dict[str, Record]:
    known = table.get(CONDA) if isinstance(table, dict) else None
    if not isinstance(known, dict):
        raise ValueError(f"it has no {CONDA}")
    for filename, record in known.items():
        if not isinstance(record, dict) or not isinstance(record.get("name"), str):
            raise ValueError(f"what it says of {names.shown(filename)} is no record")
    return cast(dict[str, Record], known)
