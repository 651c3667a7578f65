"""Reads the metadata in a `.conda` file, which is a zip of two tar archives (CEP 35)."""

import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path

import zstandard

_MOST = 1 << 30  # bytes of all files in a package's metadata


def members(package: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """Read some files of a package's `info` folder; skip those that it lacks.

    Raises `OSError` and `ValueError`.
    """
    found: dict[str, bytes] = {}
    size = 0
    try:
        with zipfile.ZipFile(package) as archive:
            [member] = (name for name in archive.namelist() if name.startswith("info-"))
            with (
                archive.open(member) as packed,
                zstandard.ZstdDecompressor().stream_reader(packed) as stream,
                tarfile.open(fileobj=stream, mode="r|") as tar,
            ):
                for entry in tar:
                    size += entry.size
                    if size > _MOST:
                        raise ValueError(f"its metadata has more than {_MOST} bytes")
                    if entry.name in wanted and (file := tar.extractfile(entry)):
                        found[entry.name] = file.read()
                    if len(found) == len(wanted):
                        break
    except OSError:
        raise
    except Exception as error:  # each of the three formats has its own kinds of errors
        raise ValueError(f"{package} cannot be read: {error}") from error
    return found
