"""What is damaged in the store is found when it is used, reported, and made again the same."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.building.artifact import RECORD
from rootstock.core import seal

from .conftest import COMMAND, ROOT, Bench
from .test_crash import assert_whole, state

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")


def flip(path: Path) -> None:
    """Change one bit in the middle of a file, in place."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def one(folder: Path, pattern: str) -> Path:
    [found] = folder.glob(pattern)
    return found


def flip_artifact(bench: Bench) -> Path:
    path = one(bench.home, "artifacts/*/root-6*.conda")
    flip(path)  # and with it the channel's file, which is a hard link to it
    return path.parent


def cut_artifact(bench: Bench) -> Path:
    path = one(bench.home, "artifacts/*/root-6*.conda")
    cut(path)
    return path.parent


def lose_package(bench: Bench) -> Path:
    path = one(bench.home, "artifacts/*/root-6*.conda")
    path.unlink()
    return path.parent


def lose_record(bench: Bench) -> Path:
    folder = one(bench.home, "artifacts/*/root-6*.conda").parent
    (folder / RECORD).unlink()
    return folder


def cut_record(bench: Bench) -> Path:
    folder = one(bench.home, "artifacts/*/root-6*.conda").parent
    cut(folder / RECORD)
    (folder / RECORD).write_text((folder / RECORD).read_text()[:-10])
    return folder


def record_of_another(bench: Bench) -> Path:
    folder = one(bench.home, "artifacts/*/root-6*.conda").parent
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps({**record, "subdir": "noarch"}))
    return folder


def flip_audit(bench: Bench) -> Path:
    path = sorted(bench.home.glob("proofs/audit/*.json"))[0]
    flip(path)
    return path


def cut_smoke(bench: Bench) -> Path:
    path = one(bench.home, "proofs/smoke/*.json")
    path.write_text(path.read_text()[:-20])
    return path


@pytest.mark.parametrize(
    "damage",
    [
        flip_artifact,
        cut_artifact,
        lose_package,
        lose_record,
        cut_record,
        record_of_another,
        flip_audit,
        cut_smoke,
    ],
)
def test_damage_is_reported_and_mended(bench: Bench, damage: Callable[[Bench], Path]) -> None:
    bench.json("build", *CELL)
    right = state(bench)
    damaged = damage(bench)
    again = bench.run("build", *CELL)
    assert again.returncode == 0, again.stderr
    assert f"{damaged} is damaged" in again.stderr
    assert state(bench) == right
    assert_whole(bench.channel)
    assert "damaged" not in bench.run("build", *CELL).stderr


def environment(bench: Bench, prefix: Path) -> "subprocess.CompletedProcess[str]":
    words = [*COMMAND, "env", str(prefix), "root", "--channel", str(bench.channel)]
    made = subprocess.run(words, env=bench.env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return made


def rebuild_root(bench: Bench) -> None:
    """Have the next run build and install the root anew, and nothing else."""
    bench.recipe("root", root_txt="root, changed\n")


def test_a_damaged_source_is_fetched_again(bench: Bench) -> None:
    there = bench.checkout / "source.txt"
    there.write_text("a source\n")
    sha256 = seal.sha256_of(there)
    entry = f'source: [{{path: root.txt}}, {{url: "{there.as_uri()}", sha256: "{sha256}"}}]'
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", entry))
    bench.json("build", *CELL)
    kept = bench.home / "sources" / sha256 / "source.txt"
    flip(kept)
    rebuild_root(bench)
    again = bench.run("build", *CELL)
    assert again.returncode == 0, again.stderr
    assert str(kept) in again.stderr
    assert kept.read_text() == "a source\n"


def test_a_damaged_unpacked_package_is_unpacked_again(bench: Bench) -> None:
    bench.json("build", *CELL)
    script = one(bench.home, "unpacked/*/package/bin/python")
    before = script.read_bytes()
    flip(script)
    shutil.rmtree(bench.home / "proofs")
    record = bench.json("build", *CELL)
    assert all(report["passed"] for report in record["audit"])
    assert one(bench.home, "unpacked/*/package/bin/python").read_bytes() == before


def test_a_damaged_package_in_the_cache_is_not_installed(bench: Bench, tmp_path: Path) -> None:
    bench.json("build", *CELL)
    script = one(bench.home, "packages/python-*/bin/python")
    before = script.read_bytes()
    flip(script)
    made = environment(bench, tmp_path / "env")
    assert f"{script.parents[1]} is damaged" in made.stderr
    assert (tmp_path / "env/bin/python").read_bytes() == before
    assert script.read_bytes() == before
    # One that was never sealed, because the installer was killed, is read as a whole.
    seal.place_of(script.parents[1]).unlink()
    status = script.stat()
    flip(script)
    os.utime(script, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = environment(bench, tmp_path / "again")
    assert f"{script.parents[1]} is damaged" in again.stderr
    assert (tmp_path / "again/bin/python").read_bytes() == before


def test_a_sound_package_in_the_cache_is_used_again(bench: Bench, tmp_path: Path) -> None:
    bench.json("build", *CELL)
    script = one(bench.home, "packages/python-*/bin/python")
    inode = script.stat().st_ino
    seal.place_of(script.parents[1]).unlink()
    for name in ("env", "again"):
        made = environment(bench, tmp_path / name)
        assert "damaged" not in made.stderr
    assert script.stat().st_ino == inode
    assert seal.holds(script.parents[1])


def test_damaged_durations_are_reported(bench: Bench) -> None:
    bench.json("build", *CELL)
    durations = one(bench.home, "durations/*.json")
    durations.write_text("[7]")
    rebuild_root(bench)
    again = bench.run("build", *CELL)
    assert again.returncode == 0, again.stderr
    assert f"{durations} is damaged" in again.stderr
    assert "root" in json.loads(durations.read_text())
