"""Measure what docs/benchmarks.md reports; each measurement prints its rows as Markdown.

    python benchmarks/measure.py cold         from nothing: one cell, then a second Python on top
    python benchmarks/measure.py warm         nothing to do for the whole matrix, after a build of
                                              it into ./channel, against bare rendering
    python benchmarks/measure.py pythons      what the second and the third Python cost
    python benchmarks/measure.py environment  an environment with root, against pip install root,
                                              then `rattler`
    python benchmarks/measure.py rattler      an environment with root, against py-rattler alone
    python benchmarks/measure.py sizes        packages of the channel, at zstd 9 and 19
    python benchmarks/measure.py wheels       packaging all wheels of the set `analysis` for one
                                              Python, after a build of it
    python benchmarks/measure.py stack        an environment of sets from ./channel, against pip
                                              install of the same wheels

`--root`, `--py` and `--set` choose what `warm` asks for, `--set` the sets of `stack`, and `--turns`
how often that is measured.
`cold` needs 15 GB and some 20 minutes, `pythons` 20 GB and an hour. They use stores of their own,
which are removed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from rootstock.core.checkout import Checkout
from rootstock.core.store import locate
from rootstock.plan import matrix as matrices
from rootstock.plan.recipe import load_variants
from rootstock.run.planning import plan
from rootstock.run.request import Request

CHECKOUT = Path(__file__).resolve().parents[1]
BUILD = [sys.executable, str(CHECKOUT / "scripts/build.py")]
ROOTSTOCK = [sys.executable, "-I", "-m", "rootstock"]
CELL = ["--root", "6", "--py", "3.11"]
PYTHONS = ("3.11", "3.13")  # the first, and one that comes on top
BUILT = ["3.9", "3.11", "3.13", "3.14"]  # whose CPython a registry has
# What a program that uses py-rattler-build and nothing else needs to render the same recipes.
RENDER = """
import json, sys, tempfile
from pathlib import Path
from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig
with tempfile.TemporaryDirectory() as folder:
    for recipe, variants, zipped, platform in json.loads(sys.stdin.read()):
        if isinstance(recipe, str):
            read = Stage0Recipe.from_file(Path(recipe))
        else:
            read = Stage0Recipe.from_dict(recipe, recipe_dir=folder)
        read.render(
            VariantConfig(variants, zip_keys=zipped),
            RenderConfig(platform=PlatformConfig(target_platform=platform)),
        )
"""
# What a program that uses py-rattler and nothing else needs to make the same environment. As with
# rootstock, its threads are not waited for.
INSTALL = """
import asyncio, os, sys
from pathlib import Path
from rattler import Channel, VirtualPackage, install, solve

async def main(prefix, cache, channel, *specs):
    records = await solve(
        sources=[Channel(channel)],
        specs=list(specs),
        platforms=["linux-64", "noarch"],
        virtual_packages=VirtualPackage.detect(),
    )
    await install(records, prefix, cache_dir=Path(cache), show_progress=False)

asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""
SPECS = ["root", "python 3.11.*", "numpy"]
# Builds what the store lacks, and proves nothing.
PACKAGE = """
import sys
from pathlib import Path
from rootstock.run.pipeline import run
from rootstock.core.checkout import Checkout
from rootstock.run.request import Request
from rootstock.core.store import locate
run(
    Request(
        checkout=Checkout(Path(sys.argv[1])),
        axes={"root": ("6",), "python": ("3.11",)},
        sets=("analysis",),
    ),
    locate(),
    lambda event: None,
    "build",
)
"""
# The modules that are at the top of site-packages, but for ROOT's, which pip has in other places.
MODULES = """
from importlib.metadata import distributions
for one in distributions():
    for file in one.files or ():
        top, *rest = file.parts
        if rest == ["__init__.py"] and not top.startswith("_"):
            print(top)
"""
IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
NOT_IMPORTED = {"pip", "setuptools", "pkg_resources", "ROOT", "cppyy", "cppyy_backend", "JupyROOT"}
PAIRS = 15
PIP = ["root==0.1a12", "numpy==2.4.6"]


def row(what: str, *values: str) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join((what, *values)) + " |", flush=True)


@dataclass(frozen=True)
class Ran:
    """A command that ended well: seconds, those of the processor, bytes of its largest process."""

    seconds: float
    processor: float
    peak: int


def timed(argv: Sequence[str], env: dict[str, str] | None = None, stdin: str = "") -> Ran:
    """Run a command that reads `stdin` from its standard input."""
    started = time.monotonic()
    process = subprocess.Popen(
        argv,
        env=env,
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write(stdin.encode())
    process.stdin.close()
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status:
        sys.exit(f"{' '.join(argv)} failed:\n{said.decode()}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def cold() -> None:
    """From an empty store to a proven channel, then a second Python."""
    with tempfile.TemporaryDirectory(prefix="rootstock-cold-", dir=CHECKOUT) as folder:
        env = {**os.environ, "ROOTSTOCK_HOME": f"{folder}/store"}
        channel = ["--channel", f"{folder}/channel"]
        row("from an empty store", "seconds", "of it sources and images")
        row("---", "---", "---")
        for words in (CELL, ["--root", "6", "--py", "3.13"]):
            seconds = timed([*BUILD, *words, *channel], env).seconds
            run = max((Path(folder) / "store/runs").iterdir())
            stages = json.loads((run / "report.json").read_text())["stages"]
            row("`" + " ".join(words) + "`", f"{seconds:.0f}", f"{stages['sources']:.0f}")


def warm(axes: Mapping[str, tuple[str, ...]], sets: Sequence[str]) -> None:
    """Nothing to do, for cells that were built, in turns with rendering their recipes."""
    options = {"--root": axes.get("root", ()), "--py": axes["python"], "--set": sets}
    words = [word for option, values in options.items() for one in values for word in (option, one)]
    jobs = json.dumps(renderings(axes, sets))
    ours: list[Ran] = []
    bare: list[Ran] = []
    for turn in range(8):  # the first fills the system's caches
        pair = timed([*BUILD, *words]), timed([sys.executable, "-I", "-c", RENDER], stdin=jobs)
        if turn:
            ours.append(pair[0])
            bare.append(pair[1])
    row("median of 7", "seconds", "range", "seconds of the processor")
    row(*["---"] * 4)
    medians = []
    for what, runs in (
        (f"nothing to do, `scripts/build.py {' '.join(words)}`", ours),
        ("bare rendering of the same recipes by py-rattler-build", bare),
    ):
        times = [ran.seconds for ran in runs]
        middle = statistics.median(times)
        work = statistics.median(ran.processor for ran in runs)
        medians.append((middle, work))
        row(what, f"{middle:.2f}", f"{min(times):.2f}-{max(times):.2f}", f"{work:.2f}")
    (full, full_work), (least, least_work) = medians
    row("ratio", f"{full / least:.2f}", "", f"{full_work / least_work:.2f}")
    row("largest process", f"{max(ran.peak for ran in ours) / 1e6:.0f} MB", "", "")


def renderings(
    axes: Mapping[str, tuple[str, ...]], sets: Sequence[str]
) -> list[tuple[str | dict[str, Any], dict[str, list[str]], list[list[str]], str]]:
    """What every recipe is rendered with for the cells that were built, also those of wheels."""
    matrix = matrices.load(CHECKOUT / "ci/matrix.yaml")
    common = matrix.variants_of(matrices.select(matrix, axes))
    request = Request(checkout=Checkout(CHECKOUT), axes=axes, sets=tuple(sets))
    planned = plan(request, locate(), lambda event: None)
    found: list[tuple[str | dict[str, Any], dict[str, list[str]], list[list[str]], str]] = [
        (dict(one.recipe), {key: [value] for key, value in one.variant.items()}, [], one.subdir)
        for one in (node.output for node in planned.graph.nodes.values())
        if one.lock
    ]
    for path in sorted(CHECKOUT.glob("recipes/*/*/recipe.yaml")):
        if path.parent.name == "python-local":  # it is for an interpreter that is named
            continue
        variants = load_variants(path.parent, common)
        zipped = [list(keys) for keys in matrix.zip_keys if all(key in variants for key in keys)]
        found.append((str(path), variants, zipped, matrix.platform))
    return found


def pythons() -> None:
    """What each Python after the first costs: seconds and bytes, CPython's own build apart."""
    with tempfile.TemporaryDirectory(prefix="rootstock-pythons-", dir=CHECKOUT) as folder:
        env = {**os.environ, "ROOTSTOCK_HOME": f"{folder}/store"}
        channel = ["--channel", f"{folder}/channel"]
        row("Python", "seconds", "of it CPython", "new packages", "MB", "of it CPython")
        row(*["---"] * 6)
        for python in PYTHONS:
            ran = timed([*BUILD, "--root", "6", "--py", python, *channel], env)
            run = max((Path(folder) / "store/runs").iterdir())
            nodes = json.loads((run / "report.json").read_text())["nodes"]
            built = [node for node in nodes if node["state"] == "built"]
            cpython = [node for node in built if node["package"] == "python"]
            row(
                python,
                f"{ran.seconds:.0f}",
                f"{sum(node['seconds'] for node in cpython):.0f}",
                str(len(built)),
                f"{sum(node['size'] for node in built) / 1e6:.1f}",
                f"{sum(node['size'] for node in cpython) / 1e6:.1f}",
            )


def environment() -> None:
    """An environment from warm caches against pip, and against py-rattler alone, in turns."""
    with tempfile.TemporaryDirectory(prefix="rootstock-env-") as folder:
        room = Path(folder)
        pip_env = {**os.environ, "PIP_CACHE_DIR": f"{folder}/pip"}
        ours: list[float] = []
        theirs: list[float] = []
        sizes = (0, 0)
        for turn in range(4):  # the first fills the caches
            prefix, venv = room / f"env{turn}", room / f"venv{turn}"
            made = timed([*ROOTSTOCK, "env", str(prefix), *SPECS])
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *PIP]
            installed = timed(pip, pip_env)
            sizes = (_disk(prefix), _disk(venv))
            if turn:
                ours.append(made.seconds)
                theirs.append(installed.seconds)
            shutil.rmtree(prefix)
            shutil.rmtree(venv)
        row("an environment with root", "rootstock env", "pip install root", "ratio")
        row("---", "---", "---", "---")
        mine, other = statistics.median(ours), statistics.median(theirs)
        row("seconds, warm cache", f"{mine:.1f}", f"{other:.1f}", f"{mine / other:.2f}")
        mb = [size / 1e6 for size in sizes]
        row("MB on disk", f"{mb[0]:.0f}", f"{mb[1]:.0f}", f"{mb[0] / mb[1]:.2f}")
    rattler()


def rattler() -> None:
    """An environment from a warm package cache by rootstock and by py-rattler alone, in pairs.

    Both are whole processes and link from the same cache; who begins a pair takes turns.
    """
    channel = (CHECKOUT / "channel").as_uri()
    cache = str(locate().packages)
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="rootstock-env-", dir=locate().root) as folder:
        prefix = Path(folder) / "env"
        commands = (
            (ours, [*ROOTSTOCK, "env", str(prefix), *SPECS]),
            (bare, [sys.executable, "-I", "-c", INSTALL, str(prefix), cache, channel, *SPECS]),
        )
        for turn in range(PAIRS + 1):  # the first fills the cache
            for times, command in commands if turn % 2 else commands[::-1]:
                os.sync()  # what was removed before is not this one's to write
                ran = timed(command)
                if turn:
                    times.append(ran.seconds)
                shutil.rmtree(prefix)
    row("an environment with root, warm cache", "rootstock env", "py-rattler alone", "ratio")
    row(*["---"] * 4)
    row(
        f"median seconds of {PAIRS} pairs",
        f"{statistics.median(ours):.2f}",
        f"{statistics.median(bare):.2f}",
        f"{statistics.median(a / b for a, b in zip(ours, bare, strict=True)):.2f}",
    )
    row("range", *(f"{min(times):.2f}-{max(times):.2f}" for times in (ours, bare)), "")


def wheels() -> None:
    """Packages of all wheels of a set for one Python, with all else taken from the user's store."""
    home = locate().root
    row("wheels", "seconds", "seconds of the processor")
    row(*["---"] * 3)
    for _ in range(3):
        with tempfile.TemporaryDirectory(prefix="rootstock-wheels-", dir=home.parent) as folder:
            for name in ("sources", "images", "artifacts"):
                shutil.copytree(
                    home / name, f"{folder}/{name}", copy_function=os.link, symlinks=True
                )
            for artifact in Path(folder, "artifacts").iterdir():
                if (artifact / "recipe/unpack.py").exists():
                    shutil.rmtree(artifact)
            before = len(list(Path(folder, "artifacts").iterdir()))
            env = {**os.environ, "ROOTSTOCK_HOME": folder}
            ran = timed([sys.executable, "-I", "-c", PACKAGE, str(CHECKOUT)], env)
            count = len(list(Path(folder, "artifacts").iterdir())) - before
            row(str(count), f"{ran.seconds:.0f}", f"{ran.processor:.0f}")


def stack(sets: Sequence[str], turns: int) -> None:
    """An environment of sets, and one that pip makes of the same wheels, both from warm caches."""
    specs = [f"rootstock-{name}" for name in sets]
    with tempfile.TemporaryDirectory(prefix="rootstock-stack-", dir=locate().root) as folder:
        room = Path(folder)
        pip_env = {**os.environ, "PIP_CACHE_DIR": f"{folder}/pip"}
        heads = "rootstock env", "pip install", "ratio", "of sizes", "of the imports' times"
        row(f"with {', '.join(sets)}", *heads)
        row(*["---"] * 6)
        for turn in range(turns + 1):  # the first fills the caches
            prefix, venv = room / f"env{turn}", room / f"venv{turn}"
            made = timed([*ROOTSTOCK, "env", str(prefix), *SPECS, *specs])
            wanted = [PIP[0], *_wheels_in(prefix)]
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *wanted]
            installed = timed(pip, pip_env)
            ratios = (
                made.seconds / installed.seconds,
                _disk(prefix) / _disk(venv),
                _imports(prefix, venv),
            )
            if turn:
                times = f"{made.seconds:.1f} s", f"{installed.seconds:.1f} s"
                row("", *times, *(f"{ratio:.2f}" for ratio in ratios))
            shutil.rmtree(prefix)
            shutil.rmtree(venv)


def _imports(prefix: Path, venv: Path) -> float:
    """Seconds to import all modules of an environment against those in pip's, medians of turns."""
    pythons = [str(folder / "bin/python") for folder in (prefix, venv)]
    asked = subprocess.run(
        [pythons[1], "-I", "-c", MODULES], check=True, capture_output=True, text=True
    )
    modules = sorted({*asked.stdout.split()} - NOT_IMPORTED)
    times: tuple[list[float], list[float]] = [], []
    for turn in range(6):  # the first fills the system's caches
        for python, had in zip(pythons, times, strict=True):
            ran = timed([python, "-I", "-W", "ignore", "-c", IMPORT, *modules])
            if turn:
                had.append(ran.seconds)
    return statistics.median(times[0]) / statistics.median(times[1])


def _wheels_in(prefix: Path) -> list[str]:
    """The packages of an environment as pip would be asked for them, but for ROOT and pip."""
    words = [str(prefix / "bin/python"), "-I", "-m", "pip", "list", "--format", "json"]
    asked = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    own = {"root", "root-numpy", "root-pandas", "pip"}
    found = {one["name"].lower().replace("_", "-"): one["version"] for one in json.loads(asked)}
    return [f"{name}=={version}" for name, version in found.items() if name not in own]


def _disk(folder: Path) -> int:
    """Bytes of all files below a folder, each hard-linked one counted once."""
    seen: dict[int, int] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            seen[status.st_ino] = status.st_size
    return sum(seen.values())


def sizes() -> None:
    """The packages of ./channel at zstd 9 and 19."""
    row("package", "MB", "MB at zstd 9", "s", "MB at zstd 19", "s")
    row(*["---"] * 6)
    for path in sorted((CHECKOUT / "channel/linux-64").glob("*.conda")):
        if not path.name.startswith(("root", "pyroot", "python-")):
            continue
        with zipfile.ZipFile(path) as archive:
            [member] = (name for name in archive.namelist() if name.startswith("pkg-"))
            with archive.open(member) as packed:
                data = zstandard.ZstdDecompressor().stream_reader(packed).read()
        cells = [f"{path.stat().st_size / 1e6:.2f}"]
        for level in (9, 19):
            started = time.monotonic()
            size = len(zstandard.ZstdCompressor(level=level, threads=2).compress(data))
            cells += [f"{size / 1e6:.2f}", f"{time.monotonic() - started:.1f}"]
        row(path.name, *cells)


def main() -> None:
    """Run the measurements that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", action="append", metavar="X", help="default: all")
    parser.add_argument("--py", action="append", metavar="X.Y", help=f"default: {BUILT}")
    parser.add_argument("--set", action="append", metavar="NAME", help="a set of the stack")
    parser.add_argument("--turns", type=int, default=3, help="of stack (3)")
    plain = {f.__name__: f for f in (cold, pythons, environment, rattler, sizes, wheels)}
    parser.add_argument("what", nargs="+", choices=(*plain, "warm", "stack"))
    asked = parser.parse_args()
    axes = {"python": tuple(asked.py or BUILT)}
    if asked.root:
        axes["root"] = tuple(asked.root)
    measurements: dict[str, Callable[[], None]] = {
        **plain,
        "warm": lambda: warm(axes, asked.set or ()),
        "stack": lambda: stack(asked.set or ["analysis"], asked.turns),
    }
    for name in asked.what:
        measurements[name]()


if __name__ == "__main__":
    main()
