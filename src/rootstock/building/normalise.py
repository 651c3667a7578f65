"""Make a built package the same bytes each time, and pack it for good.

Two builds of the same thing differ in times, owners, the order in which files were read and in
which dependencies were found, and in what the builder writes down of the machine. Here they
get one fixed time, no owner and sorted order, and the machine is left out. zstd's frames depend
on the level and on whether there are workers, not on how many.

A package's own date (`timestamp` in info/index.json, which clients sort and filter by) is that of
the release of its source. A package of which nobody knows that date has none.

The format is that of CEP 35 (`.conda`, version 2): a zip, not compressed, of `metadata.json`
and two zstd-compressed tars, `pkg-` and `info-`.
"""

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import IO, Any

import yaml
import zstandard

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
_THREADS = 2


def normalise(package: Path, into: Path, *, epoch: int, released: date | None, level: int) -> Path:
    """Repack a `.conda` file under its own name into the folder `into`; return the new file.

    `epoch` (seconds since 1970) is the time that every file in it gets, `released` the day of the
    release of its source, `level` zstd's.
    """
    name = package.name.removesuffix(".conda")
    target = into / package.name
    with (
        zipfile.ZipFile(package) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new,
    ):
        _add(new, "metadata.json", b'{"conda_pkg_format_version":2}')
        for part in ("pkg", "info"):
            member = f"{part}-{name}.tar.zst"
            with old.open(member) as packed, _unpacked(packed, into) as tar:
                entry = zipfile.ZipInfo(member, _ZIP_TIME)
                entry.external_attr = 0o644 << 16
                with new.open(entry, "w", force_zip64=True) as out:
                    _repack(tar, out, epoch, released, level)
    target.chmod(0o644)
    return target


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


@contextmanager
def _unpacked(packed: IO[bytes], folder: Path) -> Iterator[tarfile.TarFile]:
    """The tar of a part, uncompressed in a file, because its members are read out of order."""
    path = folder / "unpacked.tar"
    with path.open("wb") as file:
        zstandard.ZstdDecompressor().copy_stream(packed, file)
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    finally:
        path.unlink()


def _repack(
    tar: tarfile.TarFile, out: IO[bytes], epoch: int, released: date | None, level: int
) -> None:
    compressor = zstandard.ZstdCompressor(level=level, threads=_THREADS)
    with (
        compressor.stream_writer(out, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            if not (member.isreg() or member.issym()):
                continue  # folders are made by their files, and rattler-build writes no others
            clean = tarfile.TarInfo(member.name)
            clean.mtime, clean.mode, clean.type = epoch, _mode(member), member.type
            clean.linkname = member.linkname
            if member.issym():
                new.addfile(clean)
                continue
            content = tar.extractfile(member)
            assert content is not None, "a regular file has content"
            changed = _settled(member.name, content, epoch, released)
            clean.size = member.size if changed is None else len(changed)
            new.addfile(clean, content if changed is None else io.BytesIO(changed))


def _mode(member: tarfile.TarInfo) -> int:
    return 0o755 if member.issym() or member.mode & 0o100 else 0o644


def _settled(name: str, content: IO[bytes], epoch: int, released: date | None) -> bytes | None:
    """The content of a file about the package, the same for each build; None for all others."""
    if name == "info/index.json":
        index: dict[str, Any] = json.load(content)
        index.pop("timestamp", None)  # when it was built
        if released:
            midnight = datetime(released.year, released.month, released.day, tzinfo=timezone.utc)
            index["timestamp"] = int(midnight.timestamp()) * 1000  # milliseconds
        for listed in ("depends", "constrains"):
            if listed in index:
                index[listed] = sorted(index[listed])
        return (json.dumps(index, indent=2, sort_keys=True) + "\n").encode()
    if name == "info/recipe/rendered_recipe.yaml":
        rendered: dict[str, Any] = yaml.load(content, _Loader)
        configuration = rendered.get("build_configuration", {})
        configuration["timestamp"] = epoch
        for platform in ("host_platform", "build_platform"):
            # The kernel's version, the processor's kind: of the machine, not of the package.
            configuration.get(platform, {}).pop("virtual_packages", None)
        found = "finalized_dependencies"
        rendered[found] = _sorted(rendered.get(found))
        return yaml.safe_dump(rendered, sort_keys=False, allow_unicode=True, width=10**6).encode()
    return None


def _sorted(value: Any) -> Any:
    """The value with all its lists in an order that depends only on what is in them."""
    if isinstance(value, dict):
        return {key: _sorted(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda entry: json.dumps(entry, sort_keys=True))
    return value


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, which the builder writes; PyYAML's own is 1.1 (`1_0` is 10)."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:null|~|)$", [*"n~", ""]),
    ("bool", r"^(?:true|false)$", [*"tf"]),
    ("int", r"^[-+]?[0-9]+$", [*"-+0123456789"]),
    ("float", r"^[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?$", [*"-+.0123456789"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
