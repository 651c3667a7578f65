import io
import json
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import yaml
import zstandard

from rootstock.building.normalise import normalise

EPOCH = 1_400_000_000
RELEASED = date(2019, 7, 1)


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


RENDERED = """\
recipe:
  package: {{name: graft, version: '1.10'}}
  tests: [{{script: [second, first]}}]
  source: [{{sha256: 1_0, flag: yes}}]
build_configuration:
  build_platform:
    platform: linux-64
    virtual_packages: [__linux={time}=0]
  timestamp: {time}
finalized_dependencies:
  run:
    depends:
    - {{spec: {depends[0]}, from: build}}
    - {{spec: {depends[1]}, from: build}}
"""
DEPENDS = ["libgcc >=14", "__glibc >=2.17"]


def members(time: int, depends: list[str] = DEPENDS) -> list[tuple[str, bytes]]:
    index = {"name": "graft", "timestamp": time * 1000, "depends": depends}
    rendered = RENDERED.format(time=time, depends=depends)
    return [
        ("bin/graft", b"#!/bin/sh\n"),
        ("lib/libgraft.so.1", b"\x7fELF"),
        ("info/index.json", json.dumps(index).encode()),
        ("info/recipe/rendered_recipe.yaml", rendered.encode()),
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
        step = -1 if number else 1
        listed = members(time, DEPENDS[::step])[::step]
        built = package(tmp_path / f"built{number}", listed, time)
        target = tmp_path / f"done{number}"
        target.mkdir()
        results.append(
            normalise(built, target, epoch=EPOCH, released=RELEASED, level=3).read_bytes()
        )
    assert results[0] == results[1]


def test_nothing_is_lost(tmp_path: Path) -> None:
    built = package(tmp_path / "built", members(1_700_000_000), 1_700_000_000)
    (tmp_path / "done").mkdir()
    done = normalise(built, tmp_path / "done", epoch=EPOCH, released=RELEASED, level=3)
    files = read(done, "pkg")
    assert files["bin/graft"][1] == b"#!/bin/sh\n"
    assert files["bin/graft"][0].mode == 0o755
    assert files["lib/libgraft.so.1"][0].mode == 0o644
    assert files["lib/libgraft.so"][0].linkname == "libgraft.so.1"
    assert {entry.mtime for entry, _ in files.values()} == {EPOCH}
    index = json.loads(read(done, "info")["info/index.json"][1])
    expected = {"name": "graft", "timestamp": 1_561_939_200_000, "depends": sorted(DEPENDS)}
    assert index == expected
    assert [entry.name for entry in (tmp_path / "done").iterdir()] == [done.name]


def test_a_package_without_a_known_date_has_none(tmp_path: Path) -> None:
    built = package(tmp_path / "built", members(1_700_000_000), 1_700_000_000)
    (tmp_path / "done").mkdir()
    done = normalise(built, tmp_path / "done", epoch=EPOCH, released=None, level=3)
    assert "timestamp" not in json.loads(read(done, "info")["info/index.json"][1])


def test_the_rendered_recipe_keeps_what_is_not_of_the_machine(tmp_path: Path) -> None:
    built = package(tmp_path / "built", members(1_700_000_000), 1_700_000_000)
    (tmp_path / "done").mkdir()
    done = normalise(built, tmp_path / "done", epoch=EPOCH, released=RELEASED, level=3)
    rendered = yaml.safe_load(read(done, "info")["info/recipe/rendered_recipe.yaml"][1])
    # YAML 1.1 would have read a number and a truth value: the builder writes YAML 1.2.
    assert rendered["recipe"]["source"] == [{"sha256": "1_0", "flag": "yes"}]
    assert rendered["recipe"]["package"] == {"name": "graft", "version": "1.10"}
    assert rendered["recipe"]["tests"] == [{"script": ["second", "first"]}]
    build = {"build_platform": {"platform": "linux-64"}, "timestamp": EPOCH}
    assert rendered["build_configuration"] == build
    listed = rendered["finalized_dependencies"]["run"]["depends"]
    assert [entry["spec"] for entry in listed] == sorted(DEPENDS)
