"""Reads the tables of an index from any source; raises `ValueError` for all invalid ones.

A record describes a package in an index, by fields of CEP 34; the tables are those that index.py
writes. consistency.py checks their content.
"""

from typing import Any, cast

import msgpack  # type: ignore[import-untyped]
import zstandard

from rootstock.core import names, shape

Record = dict[str, Any]

CONDA = "packages.conda"  # the field of repodata.json and of shards with the records
_MOST = 1 << 30  # bytes of an unpacked table, at most
_PIECE = 1 << 14  # bytes to unpack at a time: each may become 10,000
_HASHES = ("md5", "sha256")


def records(text: str | bytes) -> dict[str, Record]:
    """Parse the records of a repodata.json, by file name."""
    return _records(shape.document(text))


def shards(packed: bytes) -> dict[str, bytes]:
    """Parse a table of shards: the sha256 of each shard, by the name of its packages."""
    table = _unpacked(packed)
    known = table.get("shards") if isinstance(table, dict) else None
    if not isinstance(known, dict) or not all(
        isinstance(name, str) and isinstance(sha256, bytes) for name, sha256 in known.items()
    ):
        raise ValueError("it has no shards")
    return known


def shard(packed: bytes) -> dict[str, Record]:
    """Parse the records of a shard, by file name, with hashes as in repodata.json."""
    found = _records(_unpacked(packed))
    for record in found.values():
        for name in _HASHES:
            if isinstance(value := record.get(name), bytes):
                record[name] = value.hex()
    return found


def unpacked(data: bytes) -> bytes:
    """Unpack data that zstandard packed."""
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
        raise ValueError("it is truncated, or has data behind its end")
    return b"".join(pieces)


def _unpacked(packed: bytes) -> object:
    data = unpacked(packed)
    try:
        return msgpack.unpackb(data)
    except Exception as error:  # of many kinds, most of which are not `ValueError`
        raise ValueError(f"it is not msgpack: {error!r}") from error


def _records(table: object) -> dict[str, Record]:
    known = table.get(CONDA) if isinstance(table, dict) else None
    if not isinstance(known, dict):
        raise ValueError(f"it has no {CONDA}")
    for filename, record in known.items():
        if not isinstance(record, dict) or not isinstance(record.get("name"), str):
            raise ValueError(f"its entry for {names.quoted(filename)} is not a record")
    return cast(dict[str, Record], known)
