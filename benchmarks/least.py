"""Measure the least work that packaging the wheels of the set `analysis` can be.

    python benchmarks/least.py PYTHON

PYTHON is that of an environment from the channel. The wheels are taken from the store, so build
the set first. Each wheel is unpacked, compiled unless it is pure, and compressed at zstd 9, in one
process: no sandbox, no recipe, no list of files, no test. Then as many empty sandboxes are started,
each with a Python that imports the builder and ends. It prints seconds of the processor.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rattler_build
import zstandard

from rootstock.building.fingerprint import ENVIRONMENT
from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.image.engines import Mount, Sandbox
from rootstock.image.engines.choose import choose
from rootstock.plan.graph import Node
from rootstock.run.planning import plan
from rootstock.run.request import DEFAULT_LEVEL, Request
from rootstock.sources.source import path_in, source_of

CHECKOUT = Checkout(Path(__file__).resolve().parents[1])
COMPILE = ("-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "-x", "/tests?/")
IMPORT = ("/usr/bin/python3", "-c", "import rattler_build")


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


def _is_wheel(node: Node) -> bool:
    return bool(node.output.lock and node.output.sources)


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


def start(root: Path) -> None:
    """Start one sandbox of an image, with a Python that imports the builder."""
    package = Path(rattler_build.__file__).parent
    sandbox = Sandbox(
        root=root,
        name="rootstock-least",
        mounts=(Mount(source=package, target="/rootstock/site/rattler_build"),),
        env=ENVIRONMENT,
        cwd="/",
    )
    done = process.run(choose("auto").command(sandbox, IMPORT))
    if done.code:
        raise SystemExit(done.output)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python")
    asked = parser.parse_args()
    axes = {"root": ("6",), "python": ("3.11",)}
    planned = plan(Request(checkout=CHECKOUT, axes=axes, sets=("analysis",)), locate(), silent)
    wheels = [node for node in planned.graph.nodes.values() if _is_wheel(node)]
    sums: dict[str, float] = {}
    for node in wheels:
        pack(node, asked.python, sums)
    image = profiles.ensure(profiles.DEFAULT, CHECKOUT, locate(), silent)
    with counted("start a sandbox and the builder", sums):
        for _ in wheels:
            start(image.root)
    print(f"| {len(wheels)} wheels | seconds of the processor |\n|---|---|")
    for what, seconds in (*sums.items(), ("all", sum(sums.values()))):
        print(f"| {what} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
