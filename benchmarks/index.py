"""Measure the time to add a release to a channel, and to roll back.

    python benchmarks/index.py [--sizes 10,1000,100000] [--turns 3]

The packages of the channel are records without files, so a program that reads one of them again
fails. Those of the release are real files: 40 small packages, of which a promotion reads every
byte. Each turn is a process of its own, like the command. The Markdown rows have the median of the
seconds of whole processes, and their largest memory.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import io
import json
import os
import statistics
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import zstandard

from rootstock.building.artifact import Artifact, load, write_record
from rootstock.channel import files, index, new_index, writer
from rootstock.channel.generation import (
    NOTHING,
    Generation,
    History,
    Published,
    as_json,
    releases_table,
)
from rootstock.channel.layout import RELEASES_TABLE, Layout, link_target
from rootstock.channel.promote import commit, promote
from rootstock.channel.reader import Channel

RELEASE = 40
VERSIONS = 50  # of each package name that the channel has
HEAD = """\
| packages | what | seconds, median (range) | of the processor | MB |
| --- | --- | --- | --- | --- |"""
ROOTSTOCK = [sys.executable, "-I", "-m", "rootstock"]


def record(number: int) -> tuple[str, index.Record]:
    """The index record of a package that is not there, as large as those of real ones."""
    name, version = f"package-{number // VERSIONS}", f"{number % VERSIONS}.0.1"
    build, digest = "h0123456_0", hashlib.sha256(str(number).encode()).hexdigest()
    return f"{name}-{version}-{build}.conda", {
        "arch": "x86_64",
        "build": build,
        "build_number": 0,
        "depends": [f"package-{(number * k) % 997} >=1.2.3,<2.0a0" for k in (3, 7, 11)]
        + ["__glibc >=2.17,<3.0.a0", "libgcc >=14", "libstdcxx >=14"],
        "license": "BSD-3-Clause",
        "md5": digest[:32],
        "name": name,
        "platform": "linux",
        "run_exports": {"weak": [f"{name} >={version},<{number % VERSIONS + 1}.0a0"]},
        "sha256": digest,
        "size": 100_000 + number,
        "subdir": "noarch" if number % 5 == 0 else "linux-64",
        "timestamp": 1_700_000_000_000,
        "version": version,
    }


def fill(channel: Path, size: int) -> None:
    """Make a channel that says it has `size` packages."""
    packages: dict[str, Published] = {}
    changes: dict[str, dict[str, index.Record | None]] = {"noarch": {}, "linux-64": {}}
    for number in range(size):
        filename, entry = record(number)
        changes[entry["subdir"]][filename] = entry
        packages[filename] = Published(
            subdir=entry["subdir"],
            sha256=entry["sha256"],
            size=entry["size"],
            key=entry["sha256"],
            generation=1,
        )
    new, layout = (
        Generation(number=1, time=writer.now(), base=0, packages=packages),
        Layout(channel),
    )
    writer.make(layout)
    folder = layout.generation(1)
    files.make(folder, channel)
    files.write_json(layout.record(1), as_json(new))
    new_index.write(layout, History((NOTHING,)), new, changes)
    files.write_json(folder / RELEASES_TABLE, releases_table(()))
    files.link(channel / RELEASES_TABLE, link_target(RELEASES_TABLE))
    writer.switch(layout, 1)


def artifact(folder: Path, number: int) -> Artifact:
    """A small real package in a folder of its own, with its record beside it."""
    name = f"new-{number}"
    about = {
        **record(1)[1],
        "name": name,
        "subdir": "noarch" if number % 5 == 0 else "linux-64",
    }
    for key in ("md5", "sha256", "size", "run_exports"):
        del about[key]
    text = json.dumps(about).encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("info/index.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    stem = f"{name}-{about['version']}-{about['build']}"
    path = folder / stem / f"{stem}.conda"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(f"info-{stem}.tar.zst", zstandard.compress(tar.getvalue()))
        package.writestr(f"pkg-{stem}.tar.zst", os.urandom(100_000))
    made = Artifact(
        path=path,
        key=name,
        name=name,
        version=about["version"],
        build=about["build"],
        subdir=about["subdir"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size=path.stat().st_size,
        seconds=0.0,
        scope="channel",
    )
    write_record(made, path.parent)
    return made


def timed(argv: Sequence[str]) -> tuple[float, float, int]:
    """Run a command that has to end well.

    Its seconds, the processor's, and its memory at its peak in bytes.
    """
    started = time.monotonic()
    child = os.posix_spawn(
        argv[0],
        list(argv),
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
    seconds = time.monotonic() - started
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def measure(size: int, turns: int, folder: Path) -> None:
    """Print the rows of one size."""
    channel = folder / "channel"
    fill(channel, size)
    where = ["--channel", str(channel)]
    last = 1 + turns
    commands: dict[str, Callable[[int], list[str]]] = {
        f"add {RELEASE}": lambda turn: [
            *[sys.executable, __file__, "--promote"],
            *[str(channel), str(folder / str(turn))],
        ],
        "rollback": lambda _: [*ROOTSTOCK, "rollback", *where],
        "rollback, forth": lambda turn: [*ROOTSTOCK, "rollback", "--to", str(last - turn), *where],
        "releases": lambda _: [*ROOTSTOCK, "releases", *where],
    }
    for what, command in commands.items():
        seen = []
        for turn in range(turns):
            if what.startswith("add"):
                for number in range(turn * RELEASE, (turn + 1) * RELEASE):
                    artifact(folder / str(turn), number)
            seen.append(timed(command(turn)))
        seconds, processor, peaks = zip(*seen, strict=True)
        print(
            f"| {size:,} | {what} | {statistics.median(seconds):.2f} "
            f"({min(seconds):.2f}-{max(seconds):.2f}) | {statistics.median(processor):.2f} "
            f"| {max(peaks) / 1e6:.0f} |",
            flush=True,
        )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,1000,100000")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--promote", nargs=2, type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.promote:
        gc.set_threshold(100_000)  # as commands have it
        channel, folder = words.promote
        artifacts = [found for one in folder.iterdir() if (found := load(one))]
        with Channel.at(channel).write(create=True) as change:
            made = commit(change, promote(change, artifacts))
        assert len(made.added) == RELEASE
        return
    print(HEAD)
    for size in map(int, words.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            measure(size, words.turns, Path(folder))


if __name__ == "__main__":
    main()
