"""Channels: the index against py-rattler's own, and writers that are killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard

from rootstock.building.artifact import write_record
from rootstock.channel import index, writer
from rootstock.channel.stage import stage

from ..channels import PROGRAM, history, promote
from .conftest import serving

pytestmark = pytest.mark.system

INDEXER = """
import asyncio, os, sys
from pathlib import Path
from rattler.index import index_fs
asyncio.run(index_fs(Path(sys.argv[1]), force=True, write_zst=True, write_shards=True))
os._exit(0)
"""

PROMOTER = f"""{PROGRAM}
from pathlib import Path
from rootstock.building.artifact import load
artifacts = [load(Path(folder)) for folder in sys.argv[2:]]
print("ready", flush=True)
promote(artifacts, Path(sys.argv[1]))
"""

# Solves for `one` as the channel was at a time, from the form of the index that is asked for.
SOLVER = """
import asyncio, json, os, sys
from datetime import datetime, timezone
from pathlib import Path
from rattler import Channel, Gateway, MatchSpec, SourceConfig, solve
async def main(url, cache, sharded, time, policy):
    config = SourceConfig(sharded_enabled=sharded == "True")
    found = await solve(
        [Channel(url)],
        [MatchSpec("one")],
        Gateway(cache_dir=Path(cache), default_config=config),
        ["linux-64", "noarch"],
        exclude_newer=datetime.fromtimestamp(float(time), timezone.utc),
        timestamp_policy=policy,
    )
    shown = {one.version: str(one.timestamp) for one in found}
    print(json.dumps({str(version): timestamp for version, timestamp in shown.items()}))
asyncio.run(main(*sys.argv[1:]))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("policy", ["require-timestamp", "require-indexed-timestamp"])
@pytest.mark.parametrize("sharded", [True, False])
def test_py_rattler_goes_back_to_the_packages_that_were_there_at_a_time(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, sharded: bool
) -> None:
    """Neither package has the time of a build, which a client would take otherwise."""
    channel = tmp_path / "channel"
    for then, version in (("10", "1.0"), ("12", "2.0")):
        monkeypatch.setattr(writer, "now", lambda then=then: f"2026-11-20T{then}:00:00+00:00")
        promote([package("one", version)], channel)
    seen: dict[int, Any] = {}
    with serving(channel) as url:
        for hour in (9, 11, 13):
            time_ = datetime(2026, 11, 20, hour, tzinfo=timezone.utc).timestamp()
            words = [url, str(tmp_path / "cache"), str(sharded), str(time_), policy]
            done = subprocess.run(
                [sys.executable, "-c", SOLVER, *words], capture_output=True, text=True, check=False
            )
            seen[hour] = json.loads(done.stdout) if done.returncode == 0 else done.stderr
    assert "one" in seen.pop(9)  # which could not be had
    assert seen == {11: {"1.0": "None"}, 13: {"2.0": "None"}}


def test_index_says_what_py_rattler_says(package: Any, tmp_path: Path) -> None:
    artifacts = [
        package("one", depends=["two >=1", "__glibc >=2.17"]),
        package("one", "2.0", build="h1_3", run_exports={"weak": ["one >=2"]}),
        package("pure", noarch="python", files={"site-packages/pure.py": b""}),
    ]
    channel = tmp_path / "channel"
    promote(artifacts, channel)
    ours = {subdir: _tables(channel / subdir) for subdir in ("noarch", "linux-64")}
    other = stage(artifacts, tmp_path / "other")
    subprocess.run([sys.executable, "-c", INDEXER, other], check=True)
    for subdir, tables in ours.items():
        assert tables == _tables(other / subdir)


def _tables(folder: Path) -> Any:
    """All that the index of a subdir says, but for times and optional empty parts."""
    table = json.loads((folder / index.TABLE).read_text())
    packed = zstandard.ZstdDecompressor().decompressobj()
    assert json.loads(packed.decompress((folder / index.PACKED).read_bytes())) == table
    shards = _unpack(folder / index.SHARDS_TABLE)
    shards["info"].pop("created_at")
    shards.pop("version", None)
    for name, digest in shards["shards"].items():
        shard = _unpack(folder / index.SHARDS / f"{digest.hex()}.msgpack.zst")
        shards["shards"][name] = _timeless(shard["packages.conda"])
    records = _timeless(table["packages.conda"])
    for record in records.values():
        record.pop("run_exports", None)  # py-rattler has them here, too; CEP 12 keeps them apart
    return table["info"], records, shards


def _timeless(records: dict[str, Any]) -> dict[str, Any]:
    for record in records.values():
        record.pop("indexed_timestamp", None)
        if not record.get("run_exports", True):  # py-rattler leaves out what is empty
            del record["run_exports"]
    return records


def _unpack(path: Path) -> Any:
    return msgpack.unpackb(
        zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    )


def _start(channel: Path, artifacts: list[Any]) -> "subprocess.Popen[str]":
    for artifact in artifacts:
        write_record(artifact, artifact.path.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", PROMOTER, channel, *(a.path.parent for a in artifacts)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_killed_writers(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    expected = set(promote([package("first")], channel).added)
    random.seed(1)
    for round_ in range(15):
        artifacts = [package(f"p{n}", f"{round_}.0") for n in range(20)]
        process = _start(channel, artifacts)
        time.sleep(random.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        names = {a.filename for a in artifacts}
        seen = set(index.read(channel / "linux-64"))
        assert seen in (expected, expected | names)
        assert seen == history(channel).visible()
        assert all((channel / "linux-64" / name).is_file() for name in seen)
        promote(artifacts, channel)
        expected |= names
    assert set(index.read(channel / "linux-64")) == expected
    assert {p.name for p in (channel / "linux-64").glob("*.conda")} == expected


def test_two_writers_at_once(package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    sets = [[package(f"w{w}p{n}") for n in range(50)] for w in range(2)]
    writers = [_start(channel, artifacts) for artifacts in sets]
    errors = [process.communicate()[1] for process in writers]
    seen = set(index.read(channel / "linux-64"))
    # The second waits for the first.
    assert [process.returncode for process in writers] == [0, 0], errors
    assert seen == {artifact.filename for artifacts in sets for artifact in artifacts}
