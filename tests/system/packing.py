"""Packages and environments as a test describes them, written in each format."""

import bz2
import hashlib
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from rootstock.building.artifact import Artifact

INFO = "x-1.dist-info"
TAG = "manylinux_2_17_x86_64"


@dataclass
class Parcel:
    """A package that breaks no rule, until a test changes it.

    `modes` are those that differ, of files and of folders; `links` have their targets. `index`,
    `about` and `texts` become info/ of a conda package. `metadata` becomes METADATA of a wheel,
    `texts` its license files, and `python` and `tag` the tags in its name. `unlisted` are files
    that paths.json leaves out, `entries` what is changed of its entries.
    """

    files: dict[str, bytes] = field(default_factory=lambda: {"share/x/a.txt": b"a"})
    modes: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    index: dict[str, Any] = field(
        default_factory=lambda: {
            "name": "x",
            "license": "MIT",
            "depends": ["__glibc >=2.17,<3.0.a0"],
        }
    )
    about: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=lambda: ["LICENSE"])
    unlisted: set[str] = field(default_factory=set)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    metadata: str = "License-Expression: MIT\nLicense-File: LICENSE\n"
    python: str = "py3-none"
    tag: str = TAG

    def conda(self, folder: Path) -> Path:
        """Write it as a .conda file."""
        path = folder / "x-1-0.conda"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
            for part, content in (("pkg", self._tar(self.files)), ("info", _tar(self._info()))):
                archive.writestr(f"{part}-x-1-0.tar.zst", zstandard.compress(content))
        return path

    def old_conda(self, folder: Path) -> Path:
        """Write it as a .tar.bz2 file."""
        path = folder / "x-1-0.tar.bz2"
        path.write_bytes(bz2.compress(self._tar({**self.files, **self._info()})))
        return path

    def wheel(self, folder: Path) -> Path:
        """Write it as a wheel; of `modes` and `links` it has modes only."""
        path = folder / f"x-1-{self.python}-{self.tag}.whl"
        info = {f"{INFO}/METADATA": self.metadata.encode()}
        info |= {f"{INFO}/licenses/{text}": b"free" for text in self.texts}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**self.files, **info}.items():
                member = zipfile.ZipInfo(name)
                member.external_attr = self.modes.get(name, stat.S_IFREG | 0o644) << 16
                archive.writestr(member, content)
        return path

    def environment(self, folder: Path) -> Path:
        """Make it the only package of an environment."""
        prefix = folder / "env"
        for name, content in self.files.items():
            path = prefix / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, mode in self.modes.items():
            (prefix / name).chmod(mode)
        for name, target in self.links.items():
            (prefix / name).parent.mkdir(parents=True, exist_ok=True)
            (prefix / name).symlink_to(target)
        files = sorted({*self.files, *self.links})
        license_ = self.index["license"]
        record(prefix, "x", files=files, depends=self.index["depends"], license=license_)
        return prefix

    def artifact(self, folder: Path) -> Artifact:
        """Write it as a .conda file that was built here."""
        path = self.conda(folder)
        content = path.read_bytes()
        return Artifact(
            path=path, key="", name="x", version="1", build="0", subdir="linux-64",
            sha256=hashlib.sha256(content).hexdigest(), size=len(content), seconds=0.0,
            scope="channel",
        )  # fmt: skip

    def _tar(self, files: Mapping[str, bytes]) -> bytes:
        return _tar(files, self.modes, self.links)

    def _info(self) -> dict[str, bytes]:
        listed = {name: self._entry(name) for name in (*self.files, *self.links, *self.entries)}
        paths = [entry for name, entry in listed.items() if name not in self.unlisted]
        return {
            "info/index.json": json.dumps(self.index).encode(),
            "info/about.json": json.dumps(self.about).encode(),
            "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
            **{f"info/licenses/{text}": b"free" for text in self.texts},
        }

    def _entry(self, name: str) -> dict[str, Any]:
        content = self.files.get(name, b"")
        return {
            "_path": name,
            "path_type": "softlink" if name in self.links else "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
            **self.entries.get(name, {}),
        }


def record(prefix: Path, name: str, **fields: Any) -> None:
    """Write the record of a package in an environment."""
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    (meta / f"{name}-1-0.json").write_text(
        json.dumps({"fn": f"{name}-1-0.conda", "license": "MIT", **fields})
    )


def _tar(
    files: Mapping[str, bytes],
    modes: Mapping[str, int] | None = None,
    links: Mapping[str, str] | None = None,
) -> bytes:
    modes = modes or {}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in modes.keys() - files.keys():
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, modes[name]
            archive.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), modes.get(name, 0o644)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return made.getvalue()
