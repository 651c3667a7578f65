"""Measure the least work that packaging the wheels of the set `analysis` can be.

    python benchmarks/least.py PYTHON

PYTHON is that of an environment from the channel. The wheels are taken from the store, so build
the set first. Each wheel is unpacked, compiled unless it is pure, and compressed at zstd 9, in one
process: no sandbox, no recipe, no list of files. Then the builder packages them one after the
other, as in a build, but what it makes is not compressed for good. It prints seconds of the
processor.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import zstandard

from rootstock.building.job import job_of
from rootstock.building.limits import Limits
from rootstock.building.room import BuildContext
from rootstock.building.series import Wheels
from rootstock.channel.stage import stage
from rootstock.core.checkout import Checkout
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.image.engines.choose import choose
from rootstock.plan.graph import Node
from rootstock.run.planning import Plan, plan
from rootstock.run.request import DEFAULT_LEVEL, Request
from rootstock.sources.source import path_in, source_of

CHECKOUT = Checkout(Path(__file__).resolve().parents[1])
COMPILE = ("-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "-x", "/tests?/")


@contextmanager
def counted(what: str, sums: dict[str, float]) -> Iterator[None]:
    """Add the processor's seconds of a block, its children's included, to `sums[what]`."""
    before = processor()
    yield
    sums[what] = sums.get(what, 0.0) + processor() - before


def processor() -> float:
    """Seconds of the processor of this process and the children it waited for."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def pack(node: Node, python: str, sums: dict[str, float]) -> None:
    """Unpack, compile and compress one wheel, and throw the result away."""
    store = locate()
    [source] = (source_of(entry) for entry in node.output.sources)
    with tempfile.TemporaryDirectory(dir=store.root) as folder:
        with counted("unpack", sums), zipfile.ZipFile(path_in(store, source)) as archive:
            archive.extractall(f"{folder}/site")
        if node.output.subdir != "noarch":
            with counted("compile", sums):
                # Some wheels have files of another Python, which do not compile.
                subprocess.run(
                    [python, *COMPILE, f"{folder}/site"], check=False, stdout=subprocess.DEVNULL
                )
        compressor = zstandard.ZstdCompressor(level=DEFAULT_LEVEL, threads=2)
        with (
            counted("compress", sums),
            open(f"{folder}/packed", "wb") as file,
            compressor.stream_writer(file) as stream,
            tarfile.open(fileobj=stream, mode="w|") as tar,
        ):
            tar.add(f"{folder}/site", arcname="site")


def package(planned: Plan, nodes: Sequence[Node]) -> None:
    """Package wheels one after the other, as a build does, and throw the results away."""
    store, engine = locate(), choose("auto")
    image = profiles.ensure(profiles.DEFAULT, CHECKOUT, store, silent)
    engine.prepare(image.root)
    context = BuildContext(
        store=store,
        engine=engine,
        image=image.root,
        platform=planned.matrix.platform,
        level=DEFAULT_LEVEL,
        limits=Limits(),
        stage=stage,
    )
    wheels = Wheels(context)
    try:
        for node in nodes:
            needs = [planned.have[id_] for id_ in planned.graph.closure(node.needs)]
            job = job_of(node, needs, context.platform)
            with store.scratch("least") as folder:
                if not wheels.pack(job, folder / "log", folder):
                    raise SystemExit(f"{node.id} cannot be packaged")
    finally:
        wheels.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python")
    asked = parser.parse_args()
    axes = {"root": ("6",), "python": ("3.11",)}
    planned = plan(Request(checkout=CHECKOUT, axes=axes, sets=("analysis",)), locate(), silent)
    wheels = [node for node in planned.graph.nodes.values() if node.output.is_wheel]
    sums: dict[str, float] = {}
    for node in wheels:
        pack(node, asked.python, sums)
    with counted("the builder, for all of it but the last compression", sums):
        package(planned, wheels)
    print(f"| {len(wheels)} wheels | seconds of the processor |\n|---|---|")
    for what, seconds in sums.items():
        print(f"| {what} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
