"""Make a built package the same bytes each time, and pack it for good.

Two builds of the same thing differ in times, owners and the order in which files were read.
Here they get one fixed time, no owner, sorted order, and single-threaded settings do not
matter: zstd's frames depend on the level and on whether there are workers, not on how many.

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
from pathlib import Path
from typing import IO, Any

import zstandard

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
_THREADS = 2
_TIMESTAMP = re.compile(r"(?m)^(\s*timestamp:).*$")


def normalise(package: Path, into: Path, *, epoch: int, level: int) -> Path:
    """Repack a `.conda` file under its own name into the folder `into`; return the new file.

    `epoch` (seconds since 1970) is the time that everything in it gets, `level` zstd's.
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
                    _repack(tar, out, epoch, level)
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


def _repack(tar: tarfile.TarFile, out: IO[bytes], epoch: int, level: int) -> None:
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
            changed = _timeless(member.name, content, epoch)
            clean.size = member.size if changed is None else len(changed)
            new.addfile(clean, content if changed is None else io.BytesIO(changed))


def _mode(member: tarfile.TarInfo) -> int:
    return 0o755 if member.issym() or member.mode & 0o100 else 0o644


def _timeless(name: str, content: IO[bytes], epoch: int) -> bytes | None:
    """The content of a metadata file with the fixed time in it; None for all others."""
    if name == "info/index.json":
        index: dict[str, Any] = json.load(content)
        index["timestamp"] = epoch * 1000  # milliseconds
        return (json.dumps(index, indent=2, sort_keys=True) + "\n").encode()
    if name == "info/recipe/rendered_recipe.yaml":
        text = content.read().decode()
        return _TIMESTAMP.sub(rf"\g<1> {epoch}", text).encode()
    return None
