"""Whatever is killed, and whenever: the channel stays whole, and the next run makes the same.

What two channels and two stores are compared by is every byte of every file, with the exceptions
that `settled` has: times, and what follows from them.
"""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard

from .conftest import ROOT, Bench

pytestmark = pytest.mark.system
# With an address, so that what a release says is not another in each folder.
CELL = ("--root", "6", "--py", "3.11", "--url", "https://example.org/channel")
ROUNDS = 50  # each run of the tests has other ones
# What ends a run in which a process was killed: nothing (it was of no use any more), a build, an
# audit or a smoke test failed, the installer failed, or no engine worked when tried.
ENDS = {0, 1, 3, 4}

# The line at a stage's begin, and the name under which the record has its seconds.
STAGES = {
    "sources": r"plan +done",
    "build": r"build +begins",
    "audit": r"audit +begins",
    "smoke": r"smoke +begins",
    "promote": r"promote +begins",
}


def settled(path: Path, name: str) -> object:
    """The content of a file without what is another in each run; None when nothing is left."""
    content = path.read_bytes()
    if name.endswith(("generation.json", "releases.json")):
        return without(json.loads(content), "time")  # when it was promoted
    if name.endswith("repodata_shards.msgpack.zst"):
        # The shards are named by their hashes, and say when their packages appeared.
        table = msgpack.unpackb(zstandard.decompress(content))
        place = path.resolve().parents[4] / path.resolve().parent.name / "shards"
        shards = {n: shard_of(place / f"{d.hex()}.msgpack.zst") for n, d in table["shards"].items()}
        return repr(without(table["info"], "created_at")) + repr(shards)
    if path.parent.name == "shards":
        return shard_of(path)
    if name.endswith("repodata.json"):
        return without(json.loads(content), "indexed_timestamp")
    if name.endswith("repodata.json.zst"):
        return without(json.loads(zstandard.decompress(content)), "indexed_timestamp")
    if name.endswith("release.json"):
        record = without(json.loads(content), "time")
        return {**record, "files": sorted(record["files"])}  # of which the SBOM has a time
    if name.endswith(".cdx.json"):
        return without(json.loads(content), "timestamp", "serialNumber")
    if path.name == "index.html":  # has times
        return "a page"
    if name.startswith("proofs/"):  # with a hash of all of it, and where the logs are
        return without(json.loads(content)["proof"], "log")
    if name.endswith("artifact.json"):
        return without(json.loads(content))
    if path.name == "build.log":  # has times
        return "a log"
    if path.name == "verified" or path.suffix == ".seal":  # inode and time of a file
        return "a seal"
    return hashlib.sha256(content).hexdigest()


def shard_of(path: Path) -> str:
    """What a shard says but for times, so that it differs from others."""
    shard = msgpack.unpackb(zstandard.decompress(path.read_bytes()))
    return repr(without(shard, "indexed_timestamp"))


def without(value: Any, *names: str) -> Any:
    """A value of JSON without its seconds, and without some other names."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in ("seconds", *names)}
        return {key: without(entry, *names) for key, entry in kept.items()}
    return [without(entry, *names) for entry in value] if isinstance(value, list) else value


def contents(folder: Path, *parts: str) -> dict[str, object]:
    """Every file and link below some parts of a folder."""
    found: dict[str, object] = {}
    for part in parts:
        for path in sorted((folder / part).rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_symlink():
                found[name] = str(path.readlink())
            elif path.is_file():
                content = settled(path, name)
                if path.parent.name == "shards":  # its name is a hash of its times as well
                    name = f"{path.parent.relative_to(folder)}/{content}"
                found[name] = content
            else:
                found[name] = "a folder"
    return found


def state(bench: Bench) -> dict[str, dict[str, object]]:
    """All that must be the same: the channel, and of the store what is no log and no cache."""
    kept = contents(bench.home, "artifacts", "sources", "proofs", "unpacked")
    leftovers = contents(bench.home, "tmp")
    return {"channel": contents(bench.channel, "."), "store": kept, "tmp": leftovers}


def assert_whole(channel: Path) -> None:
    """All that readers can find is there, in each form of the index."""
    for table in channel.glob("*/repodata.json"):
        folder = table.parent
        text = table.read_bytes()
        assert zstandard.decompress((folder / "repodata.json.zst").read_bytes()) == text
        packages = json.loads(text)["packages.conda"]
        for name, entry in packages.items():
            content = (folder / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
            assert len(content) == entry["size"], name
        packed = (folder / "repodata_shards.msgpack.zst").read_bytes()
        shards = msgpack.unpackb(zstandard.decompress(packed))["shards"]
        assert set(shards) == {entry["name"] for entry in packages.values()}
        for digest in shards.values():
            shard = (folder / "shards" / f"{digest.hex()}.msgpack.zst").read_bytes()
            assert hashlib.sha256(shard).digest() == digest
    assert_whole_releases(channel)


def assert_whole_releases(channel: Path) -> None:
    """Every release that readers see is there, with every file that its record names."""
    table = channel / "releases.json"
    for release in json.loads(table.read_bytes())["releases"] if table.exists() else ():
        folder = channel / f"releases/{release['release']:04d}"
        record = json.loads((folder / "release.json").read_bytes())
        assert sorted(record["cells"]) == release["cells"]
        for name, sha256 in record["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256, name


def descendants(root: int) -> list[int]:
    """The processes below one, the deepest last."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, wave = [], [root]
    while wave := [child for process in wave for child in children.get(process, [])]:
        found += wave
    return found


def is_reported(process: int) -> bool:
    """Whether the death of a process differs from a failure of its own.

    It cannot be of the shell that runs a build's script: rattler-build says that it failed. That
    failure is kept, and `--retry` is what helps.
    """
    try:
        return b"conda_build.sh" not in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def using(home: Path) -> list[str]:
    """The processes that name a folder in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home) in words:
            found.append(f"{folder.name}: {words}")
    return found


@dataclass
class Saboteur:
    """Runs the command on a bench and kills at random moments."""

    bench: Bench
    chance: random.Random
    seconds: dict[str, float]
    log: Path

    def run_to_its_end(self) -> None:
        with self.log.open("w") as log:
            ended = subprocess.run(
                self.bench.argv("build", *CELL),
                env=self.bench.env,
                stdout=log,
                stderr=log,
                check=False,
            )
        assert ended.returncode == 0, self.log.read_text()

    def kill_the_run(self) -> None:
        """Kill rootstock alone, or with all its processes, the sandboxes' among them."""
        with self._running() as run:
            self._wait(run)
            victims = [run.pid, *(descendants(run.pid) if self.chance.random() < 0.5 else [])]
            kill(victims)
            run.wait()
        deadline = time.monotonic() + 10
        while found := using(self.bench.home):
            assert time.monotonic() < deadline, f"outlived rootstock: {found}"
            time.sleep(0.01)

    def interrupt(self, stage: str) -> int:
        """Press Ctrl-C, or ask the run to end, at a random moment of a stage."""
        with self._running() as run:
            self._wait(run, stage)
            run.send_signal(self.chance.choice([signal.SIGINT, signal.SIGTERM]))
            return run.wait(20)

    def kill_one_process(self) -> None:
        """Kill one of the processes that rootstock has started."""
        with self._running() as run:
            self._wait(run)
            while run.poll() is None:
                if below := [victim for victim in descendants(run.pid) if is_reported(victim)]:
                    kill([self.chance.choice(below)])
                    break
                time.sleep(0.002)
            code = run.wait(60)
        said = self.log.read_text()
        assert code in ENDS, said
        assert "Traceback" not in said

    def _running(self) -> "subprocess.Popen[bytes]":
        with self.log.open("w") as log:
            return subprocess.Popen(
                self.bench.argv("build", *CELL),
                env=self.bench.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, run: "subprocess.Popen[bytes]", stage: str = "") -> None:
        """Wait for a random moment of a stage: of a random one, so that all are met as often."""
        stage = stage or self.chance.choice(list(STAGES))
        while run.poll() is None and not re.search(STAGES[stage], self.log.read_text()):
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0, self.seconds[stage]))


def kill(processes: list[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def another(bench: Bench, folder: Path) -> Bench:
    """An empty store and no channel, for the same checkout."""
    made = Bench(bench.checkout, folder / "store", folder / "channel")
    made.home.mkdir(parents=True)
    (made.home / "images").symlink_to(bench.home / "images")
    return made


def prepared(
    bench: Bench, folder: Path, seed: int
) -> tuple[Saboteur, dict[str, dict[str, object]]]:
    """A bench with nothing done yet, and what an undisturbed run makes of the same checkout."""
    source = bench.checkout / "source.txt"
    source.write_text("a source\n")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    entry = f'source: [{{path: root.txt}}, {{url: "{source.as_uri()}", sha256: "{digest}"}}]'
    bench.recipe(
        "root",
        recipe_yaml=ROOT.replace("source: {path: root.txt}", entry),
        make_sh="cp root.txt source.txt $PREFIX/\n",
    )
    seconds = bench.json("build", *CELL)["stages"]
    assert_whole(bench.channel)
    right = state(bench)
    assert right["tmp"] == {}
    empty = another(bench, folder / "0")
    return Saboteur(empty, random.Random(seed), seconds, folder / "log"), right


def test_a_build_that_was_killed_is_tried_again(bench: Bench) -> None:
    bench.recipe("root", make_sh="kill -9 $$\n")
    for _ in range(2):
        ended = bench.run("build", *CELL)
        assert ended.returncode == 4, ended.stderr
        assert "outside rootstock" in ended.stderr
    assert len(list(bench.home.glob("runs/*/root-*.log"))) == 2


def test_whatever_is_killed_the_next_run_makes_the_same(
    bench: Bench, tmp_path: Path, seed: int
) -> None:
    subject, right = prepared(bench, tmp_path, seed)
    chance = subject.chance
    for number in range(ROUNDS):
        print(f"round {number} in {subject.bench.home}")
        if number % 2:
            subject.kill_one_process()
        else:
            subject.kill_the_run()
        assert_whole(subject.bench.channel)
        if chance.random() < 0.4 or number == ROUNDS - 1:
            subject.run_to_its_end()
            assert_whole(subject.bench.channel)
            assert state(subject.bench) == right
            subject.bench = another(bench, tmp_path / str(number + 1))


@pytest.mark.parametrize("stage", STAGES)
def test_an_interruption_of_any_stage_leaves_nothing_half_made(
    bench: Bench, tmp_path: Path, seed: int, stage: str
) -> None:
    subject, right = prepared(bench, tmp_path, seed)
    seen = []
    for _ in range(3):
        code = subject.interrupt(stage)
        said = subject.log.read_text()
        assert code in (0, 130), said  # 0: it was at its end before the signal came
        assert "Traceback" not in said
        assert using(subject.bench.home) == []
        assert list((subject.bench.home / "tmp").iterdir()) == []
        assert_whole(subject.bench.channel)
        seen.append(subject.bench.packages())
    subject.run_to_its_end()
    assert state(subject.bench) == right
    # A signal may come just after the switch, too.
    ends: tuple[set[str], ...] = (set(), subject.bench.packages())
    assert all(packages in ends for packages in seen)
