"""What several test files share: small real packages."""

import hashlib
import io
import json
import os
import signal
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import zstandard

from rootstock.building.artifact import Artifact
from rootstock.core.store import Store

Package = Callable[..., Artifact]

# Who starts the tests in the background has these ignored, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return zstandard.compress(buffer.getvalue())


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Makes a `.conda` file by hand and returns it as an artifact."""

    def make(
        name: str,
        version: str = "1.0",
        *,
        build: str = "h0_0",
        key: str = "key",
        files: Mapping[str, bytes] | None = None,
        depends: Sequence[str] = (),
        noarch: str = "",
        scope: str = "channel",
        constrains: Sequence[str] = (),
        entry_points: Sequence[str] = (),
        run_exports: Mapping[str, Sequence[str]] | None = None,
        timestamp: int | None = None,
    ) -> Artifact:
        files = {f"share/{name}.txt": key.encode()} if files is None else files
        stem, subdir = f"{name}-{version}-{build}", "noarch" if noarch else "linux-64"
        index = {
            "name": name,
            "version": version,
            "build": build,
            "build_number": int(build.rsplit("_", 1)[1]),
            "depends": list(depends),
            "subdir": subdir,
            **({"timestamp": timestamp} if timestamp is not None else {}),
            **({"constrains": list(constrains)} if constrains else {}),
            **({"noarch": noarch} if noarch else {"arch": "x86_64", "platform": "linux"}),
        }
        paths = [
            {
                "_path": path,
                "path_type": "hardlink",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_in_bytes": len(content),
            }
            for path, content in files.items()
        ]
        info = {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        }
        if run_exports is not None:
            info["info/run_exports.json"] = json.dumps(run_exports).encode()
        if noarch == "python":
            kind = {"type": "python", "entry_points": list(entry_points)}
            link = {"noarch": kind, "package_metadata_version": 1}
            info["info/link.json"] = json.dumps(link).encode()
        folder = tmp_path / "artifacts" / f"{key}-{stem}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stem}.conda"
        with zipfile.ZipFile(path, "w") as archive:  # ZipInfo: the same bytes at any time
            archive.writestr(zipfile.ZipInfo("metadata.json"), '{"conda_pkg_format_version": 2}')
            archive.writestr(zipfile.ZipInfo(f"pkg-{stem}.tar.zst"), _packed(files))
            archive.writestr(zipfile.ZipInfo(f"info-{stem}.tar.zst"), _packed(info))
        path.chmod(0o600)
        content = path.read_bytes()
        return Artifact(
            path=path,
            key=key,
            name=name,
            version=version,
            build=build,
            subdir=subdir,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            seconds=0.0,
            scope=scope,
        )

    return make


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Whether nothing is left of a process group; what has ended may be reaped a moment later."""

    def gone(group: int) -> bool:
        for _ in range(100):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.1)
        return False

    return gone
