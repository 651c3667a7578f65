"""A package index of a few wheels, as a test describes them, that uv and pip read over HTTP.

It answers with the JSON of the simple repository API (PEP 691), with the fields of PEP 700.
"""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass
class PackageIndex:
    """Files by their project and name; `env` makes uv and pip read nothing else."""

    folder: Path
    url: str = ""
    projects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        return {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": f"{self.url}/simple",
            "UV_CACHE_DIR": str(self.folder / "uv"),
        }

    def add(
        self,
        name: str,
        version: str = "1.0",
        *,
        metadata: str = "",
        license_: str = "License-Expression: MIT\n",
        files: Mapping[str, bytes] | None = None,
        tag: str = "py3-none-any",
        uploaded: str = "2026-07-01",
        sha256: str = "",
    ) -> None:
        """Put a wheel there: its metadata and files, and what the index says of it."""
        path = self.folder / f"{name}-{version}-{tag}.whl"
        info = f"{name}-{version}.dist-info"
        head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{license_}{metadata}"
        content = {
            f"{info}/METADATA": head.encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
            f"{info}/RECORD": b"",
            f"{info}/licenses/LICENSE": b"free",
            **(files or {f"{name}/__init__.py": b""}),
        }
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in content.items():
                archive.writestr(zipfile.ZipInfo(member), data)
        data = path.read_bytes()
        self.projects.setdefault(name, {})[path.name] = {
            "filename": path.name,
            "url": f"{self.url}/files/{path.name}",
            "hashes": {"sha256": sha256 or hashlib.sha256(data).hexdigest()},
            "size": len(data),
            "upload-time": f"{uploaded}T00:00:00.000000Z",
        }

    def answer(self, path: str) -> bytes | None:
        """Return what a path of its URL has, or nothing."""
        _, kind, name, *_ = [*path.split("/"), "", ""]
        if kind == "files":
            return (self.folder / name).read_bytes()
        if name not in self.projects:
            return None
        files = list(self.projects[name].values())
        versions = sorted({one["filename"].split("-")[1] for one in files})
        meta = {"api-version": "1.1"}
        found = {"meta": meta, "name": name, "files": files, "versions": versions}
        return json.dumps(found).encode()


@contextmanager
def serving(folder: Path) -> Iterator[PackageIndex]:
    """An index whose files are in a folder, on a server of its own."""
    folder.mkdir()
    index = PackageIndex(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            found = index.answer(self.path)
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", _JSON if "/simple/" in self.path else "x/y")
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(found or b"")

        def log_message(self, *words: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield index
        finally:
            server.shutdown()
