"""A channel's index, from which a package manager learns the packages.

The files are those of CEP 36 (`repodata.json`), CEP 12 (`run_exports.json`), both also packed as
`.zst`, and CEP 16 (one shard per package name, and the table of shards). This module writes them
instead of `rattler.index`, which hashes every package again with a slow sha256: 4.4 s for a channel
with one package of 200 MB in it. Artifacts know their hash, so that only the small metadata at the
end of each package is read: 5 ms. A system test compares both.

A record in memory may have its package's run_exports under `run_exports`. The shards have them
there, too (CEP 21); `repodata.json` does not, so that it stays small. Where a package has no entry
in `run_exports.json`, a client reads the package itself.
"""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Set
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import zstandard

from rootstock.channel import repodata
from rootstock.channel.repodata import CONDA
from rootstock.core import names, regular, shape
from rootstock.core.errors import RefusedError
from rootstock.core.package_file import members

Record = repodata.Record
RunExports = dict[str, list[str]]

TABLE = "repodata.json"
PACKED = "repodata.json.zst"
SHARDS_TABLE = "repodata_shards.msgpack.zst"
RUN_EXPORTS = "run_exports.json"
RUN_EXPORTS_PACKED = "run_exports.json.zst"
SHARDS = "shards"
# Every file of a subdir's index; the shards are beside them.
FILES = (TABLE, PACKED, SHARDS_TABLE, RUN_EXPORTS, RUN_EXPORTS_PACKED)

_EXPORTED = "run_exports"  # the field of records and shards (CEP 21)
_EXPORT_KINDS = {"weak", "strong", "weak_constrains", "strong_constrains", "noarch"}  # CEP 12
_EXPORTS_VERSION = 1  # as in conda-index; CEP 12 defines none
_INDEX_MEMBER, _EXPORTS_MEMBER = "info/index.json", "info/run_exports.json"
_LEVEL = 9  # zstd: 19 is 4 % smaller and ten times slower
_HASHES = ("md5", "sha256")


def record(package: Path, *, sha256: str, size: int) -> Record:
    """Make the index record of a `.conda` file: its metadata, hash, size and run_exports.

    Raises `OSError` when it cannot be read, and `ValueError` when it is no such file.
    """
    found = members(package, (_INDEX_MEMBER, _EXPORTS_MEMBER))
    if _INDEX_MEMBER not in found:
        raise ValueError(f"{package} has no {_INDEX_MEMBER}")
    known = _require(package, shape.document(found[_INDEX_MEMBER]))
    exports = _exports_of(package, found)
    return {**known, "sha256": sha256, "size": size, _EXPORTED: exports}


def _require(package: Path, known: Any) -> Record:
    """Check the metadata of a package; raises `ValueError` unless it has what readers need."""
    try:
        own = f"{known['name']}-{known['version']}-{known['build']}.conda"
        names.package_file(own)
        shape.count(known["build_number"])
        names.subdir(known["subdir"])
        for field in ("depends", "constrains"):
            shape.items(names.line)(known.get(field, []))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"{package}: {_INDEX_MEMBER} does not follow CEP 34: {error}") from error
    if package.name != own:
        raise ValueError(f"{package} contains the package {own}")
    return dict(known)


def with_run_exports(record: Record, package: Path) -> Record:
    """Add the run_exports of a `.conda` file to its index record, if they are readable."""
    try:
        exports = _exports_of(package, members(package, (_EXPORTS_MEMBER,)))
    except (OSError, ValueError):
        return record
    return {**record, _EXPORTED: exports}


def _exports_of(package: Path, members: Mapping[str, bytes]) -> RunExports:
    """Return the run_exports in a package's metadata, empty when it has none."""
    exports = shape.document(members.get(_EXPORTS_MEMBER, b"{}"))
    if not isinstance(exports, dict) or not all(
        kind in _EXPORT_KINDS
        and isinstance(specs, list)
        and all(isinstance(spec, str) for spec in specs)
        for kind, specs in exports.items()
    ):
        raise ValueError(f"{package}: {_EXPORTS_MEMBER} does not follow CEP 12")
    return dict(sorted(exports.items()))


def write(folder: Path, records: Mapping[str, Record], shards: Path) -> list[Path]:
    """Write the index of one subdir into `folder`, whose name is the subdir's.

    `records` are by file name. The shards, which are named by their content, go to the folder
    `shards`; existing ones stay. Returns the written files.
    """
    return update(folder, None, records, shards)


def update(
    folder: Path,
    old: Path | None,
    changes: Mapping[str, Record | None],
    shards: Path,
    records: dict[str, Record] | None = None,
) -> list[Path]:
    """Write an index like `write`: that of the folder `old`, if there is one, with changes.

    `changes` are by file name, None for a removed record. It reads no package, and makes only the
    shards whose package name has a change. `records` are those of the old index, if they are
    already read.
    """
    records = dict(records) if records is not None else read(old) if old else {}
    exports = (read_run_exports(old) if old else None) or {}
    touched = {entry["name"] for name in changes if (entry := records.get(name))}
    for name, change in changes.items():
        records.pop(name, None)
        exports.pop(name, None)
        if change is not None:
            records[name] = {key: value for key, value in change.items() if key != _EXPORTED}
            touched.add(change["name"])
            if _EXPORTED in change:
                exports[name] = change[_EXPORTED]
    known = repodata.shards(regular.read(old / SHARDS_TABLE)) if old else {}
    return [
        *_write_both(folder / TABLE, folder / PACKED, _table(folder.name, records)),
        *_write_both(
            folder / RUN_EXPORTS, folder / RUN_EXPORTS_PACKED, _exports_table(folder.name, exports)
        ),
        *_write_shards(folder, records, exports, known, touched, shards),
    ]


def _table(subdir: str, records: Mapping[str, Record]) -> dict[str, Any]:
    return {
        "info": {"subdir": subdir},
        "packages": {},
        CONDA: records,
        "removed": [],
        "repodata_version": 1,
    }


def _exports_table(subdir: str, exports: Mapping[str, RunExports]) -> dict[str, Any]:
    return {
        "info": {"subdir": subdir, "version": _EXPORTS_VERSION},
        "packages": {},
        CONDA: {name: {_EXPORTED: one} for name, one in exports.items()},
    }


def read(folder: Path) -> dict[str, Record]:
    """Read the records of the subdir in `folder`; empty when it has no index.

    Raises `RefusedError` when there is one that cannot be read.
    """
    path = folder / TABLE
    try:
        return repodata.records(regular.read(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"{path} is damaged: {error}",
            "If you build into this channel, build again: that makes the index again "
            "from the packages. If it is a copy, publish into an empty folder.",
        ) from error


def read_run_exports(folder: Path) -> dict[str, RunExports] | None:
    """Read the run_exports of the subdir in `folder` by file name; None when unreadable."""
    try:
        return run_exports(regular.read(folder / RUN_EXPORTS))
    except (OSError, ValueError):
        return None


def run_exports(text: bytes) -> dict[str, RunExports]:
    """Parse a run_exports.json, by file name; raises `ValueError` when it is invalid."""
    try:
        table: Any = shape.document(text)
        return {name: entry[_EXPORTED] for name, entry in table[CONDA].items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"it is not a table of run_exports: {error!r}") from error


def shard_files(folder: Path) -> set[str]:
    """Return the names of the shards of the index in `folder`; none when it has no index.

    Raises `OSError` or `ValueError` when its table cannot be read.
    """
    try:
        table = regular.read(folder / SHARDS_TABLE)
    except FileNotFoundError:
        return set()
    return {_shard(digest) for digest in repodata.shards(table).values()}


def _shard(digest: bytes) -> str:
    return f"{digest.hex()}.msgpack.zst"


def _write_shards(
    folder: Path,
    records: Mapping[str, Record],
    exports: Mapping[str, RunExports],
    known: Mapping[str, bytes],
    touched: Set[str],
    place: Path,
) -> list[Path]:
    by_name: dict[str, dict[str, Record]] = defaultdict(dict)
    for filename, entry in sorted(records.items()):
        if entry["name"] in touched:
            binary = {name: bytes.fromhex(entry[name]) for name in _HASHES if name in entry}
            exported = {_EXPORTED: exports[filename]} if filename in exports else {}
            # Sorted, so that the same record gives the same bytes, from a package or an index.
            whole = {**entry, **binary, **exported}
            by_name[entry["name"]][filename] = dict(sorted(whole.items()))
    table = {name: digest for name, digest in known.items() if name not in touched}
    written = []
    for name, entries in by_name.items():
        shard = _pack(msgpack.packb({"packages": {}, CONDA: entries, "removed": []}))
        digest = hashlib.sha256(shard)
        table[name] = digest.digest()
        path = place / _shard(digest.digest())
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


def _write_both(plain: Path, packed: Path, table: Mapping[str, Any]) -> list[Path]:
    text = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
    return [_write(plain, text), _write(packed, _pack(text))]


def _pack(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _write(path: Path, data: bytes) -> Path:
    with path.open("wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o644)
    return path
