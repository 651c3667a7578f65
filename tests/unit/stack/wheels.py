"""Wheels for tests: made of what is said of them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def make(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    metadata: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel with some metadata (lines) and files, and return its path."""
    stem = f"{name}-{version}"
    head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}"
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", head)
        for filename, content in (files or {}).items():
            archive.writestr(filename.replace("INFO", f"{stem}.dist-info"), content)
    return path
