"""Source distributions for tests: made of what is said of them."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def make(folder: Path, metadata: str, files: Mapping[str, str], ending: str = ".tar.gz") -> Path:
    """Write the source distribution bud 1.0 with some metadata (lines) and files."""
    head = f"Name: bud\nVersion: 1.0\n{metadata}"
    path = folder / f"bud-1.0{ending}"
    whole = {f"bud-1.0/{name}": text.encode() for name, text in {"PKG-INFO": head, **files}.items()}
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in whole.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz") as tar:
        for name, data in whole.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path
