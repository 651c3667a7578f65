import io
import json
import tarfile
import zipfile
from pathlib import Path

import zstandard

from rootstock.build.normalise import normalise

EPOCH = 1_400_000_000


def package(folder: Path, members: list[tuple[str, bytes]], time: int) -> Path:
    """A `.conda` file as a builder may leave it: with its times and in its order."""
    folder.mkdir(parents=True)
    path = folder / "graft-1.0-h0_0.conda"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        for part in ("pkg", "info"):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                for name, content in members:
                    if name.startswith("info/") != (part == "info"):
                        continue
                    entry = tarfile.TarInfo(name)
                    entry.size, entry.mtime, entry.uid = len(content), time, time % 1000
                    entry.mode = 0o755 if name.startswith("bin/") else 0o600
                    tar.addfile(entry, io.BytesIO(content))
                if part == "pkg":
                    link = tarfile.TarInfo("lib/libgraft.so")
                    link.type, link.linkname = tarfile.SYMTYPE, "libgraft.so.1"
                    tar.addfile(link)
            data = zstandard.compress(buffer.getvalue(), 1)
            archive.writestr(f"{part}-graft-1.0-h0_0.tar.zst", data)
    return path


def members(time: int) -> list[tuple[str, bytes]]:
    index = json.dumps({"name": "graft", "timestamp": time * 1000}).encode()
    rendered = f"build:\n  timestamp: {time}\n".encode()
    return [
        ("bin/graft", b"#!/bin/sh\n"),
        ("lib/libgraft.so.1", b"\x7fELF"),
        ("info/index.json", index),
        ("info/recipe/rendered_recipe.yaml", rendered),
    ]


def read(path: Path, part: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    with zipfile.ZipFile(path) as archive:
        packed = archive.read(f"{part}-graft-1.0-h0_0.tar.zst")
    data = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {}
        for entry in tar.getmembers():
            file = tar.extractfile(entry) if entry.isreg() else None
            found[entry.name] = (entry, file.read() if file else b"")
        return found


def test_two_builds_of_the_same_become_the_same_bytes(tmp_path: Path) -> None:
    results = []
    for number, time in enumerate((1_700_000_000, 1_800_000_000)):
        listed = members(time)[:: -1 if number else 1]
        built = package(tmp_path / f"built{number}", listed, time)
        target = tmp_path / f"done{number}"
        target.mkdir()
        results.append(normalise(built, target, epoch=EPOCH, level=3).read_bytes())
    assert results[0] == results[1]


def test_nothing_is_lost(tmp_path: Path) -> None:
    built = package(tmp_path / "built", members(1_700_000_000), 1_700_000_000)
    (tmp_path / "done").mkdir()
    done = normalise(built, tmp_path / "done", epoch=EPOCH, level=3)
    files = read(done, "pkg")
    assert files["bin/graft"][1] == b"#!/bin/sh\n"
    assert files["bin/graft"][0].mode == 0o755
    assert files["lib/libgraft.so.1"][0].mode == 0o644
    assert files["lib/libgraft.so"][0].linkname == "libgraft.so.1"
    assert {entry.mtime for entry, _ in files.values()} == {EPOCH}
    index = json.loads(read(done, "info")["info/index.json"][1])
    assert index == {"name": "graft", "timestamp": EPOCH * 1000}
    assert [entry.name for entry in (tmp_path / "done").iterdir()] == [done.name]
