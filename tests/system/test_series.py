"""Wheels that are packaged one after the other in one sandbox, and what comes out of it."""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from rootstock.building import builder
from rootstock.building.artifact import Artifact
from rootstock.building.job import PROGRAM, Job, job_of
from rootstock.building.limits import Limits
from rootstock.building.room import BuildContext
from rootstock.building.series import Wheels
from rootstock.channel.stage import stage
from rootstock.core.checkout import Checkout
from rootstock.core.errors import BuildFailed
from rootstock.core.progress import silent
from rootstock.core.store import Store, locate
from rootstock.image import profiles
from rootstock.image.engines import Engine
from rootstock.plan import wheels as plan_wheels
from rootstock.plan.graph import Node
from rootstock.plan.key import as_built, folder_hashes
from rootstock.plan.matrix import Cell
from rootstock.product.root import PRODUCT
from rootstock.stack.lock import Build, Lock, LockEntry, Texts

from .conftest import CHECKOUT
from .packing import INFO, Parcel
from .test_crash import descendants, kill

pytestmark = pytest.mark.system
PYTHON = "3.13"  # the image has its interpreter
Make = Callable[..., Job]
# A program that is a script of the wheel, one of an entry point, and data beside the modules.
FILES = {
    "x/__init__.py": b"def main() -> None: ...\n",
    "x/table.txt": b"1 2\n",
    f"{INFO.removesuffix('.dist-info')}.data/scripts/x-run": b"#!python\nimport x\n",
    f"{INFO.removesuffix('.dist-info')}.data/data/share/x/a.txt": b"a",
    # Python would run this one when it starts, if it looked for it in the wheel.
    "sitecustomize.py": b"print('it ran')\n",
}


@pytest.fixture
def context(engine: Engine, store: Store) -> BuildContext:
    shared = locate()
    shared.prepare()
    image = profiles.ensure(profiles.DEFAULT, Checkout(CHECKOUT), shared, silent)
    engine.prepare(image.root)
    return BuildContext(
        store=store,
        engine=engine,
        image=image.root,
        platform="linux-64",
        level=9,
        limits=Limits(),
        stage=stage,
    )


@pytest.fixture
def wheels(context: BuildContext) -> Iterator[Wheels]:
    made = Wheels(context)
    yield made
    made.close()
    assert list((context.store.root / "tmp").iterdir()) == []


@pytest.fixture
def keep(store: Store) -> Callable[[Path], str]:
    """Put a file among the store's sources; return its sha256."""

    def kept(path: Path) -> str:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        store.source(sha256).mkdir(parents=True, exist_ok=True)
        path.rename(store.source(sha256) / path.name)
        return sha256

    return kept


@pytest.fixture
def make(keep: Callable[[Path], str], python: Artifact, tmp_path: Path) -> Make:
    """Make the job that packages a small wheel with some files."""

    def made(text: str = "", *, files: dict[str, bytes] | None = None, **changes: Any) -> Job:
        wheel = Parcel(files=files or {"x/a.py": f"TEXT = {text!r}\n".encode()}).wheel(tmp_path)
        entry = LockEntry(
            name="x",
            version="1",
            project="x",
            file=wheel.name,
            sha256=keep(wheel),
            size=7,
            released="2026-01-02",
            pure=True,
            builds=(Build(pythons=(PYTHON,), python=">=3.9", depends=("numpy >=2",)),),
            entry_points=("x-main = x:main",),
            scripts=True,
            drop=(),
            license="MIT",
            license_files=(f"{INFO}/licenses/LICENSE",),
            summary="A letter",
            homepage="https://example.org/x",
        )
        lock = Lock(wheels=(replace(entry, **changes),), sets=(), also={})
        cells = [Cell(product=PRODUCT, values=("6.40.00", PYTHON), platform="linux-64")]
        folder = CHECKOUT / "recipes/analysis"
        [output] = plan_wheels.outputs(lock, Path("lock"), folder, cells, (), "linux-64")
        node = Node(
            output=output,
            id=f"x-{text}",
            key="",
            number=0,
            recipe=as_built(output.recipe),
            inputs={"files": folder_hashes(folder / "wheel")},
            uses=(),
            needs=(),
            runs=(),
        )
        return job_of(node, [python] if "host" in output.recipe["requirements"] else [], "linux-64")

    return made


@pytest.fixture
def python(package: Any, tmp_path: Path) -> Artifact:
    """A package of Python with the image's interpreter."""
    program = f'#!/bin/sh\nexec /usr/bin/python{PYTHON} "$@"\n'.encode()
    abi = PYTHON.replace(".", "")
    files = {"bin/python": program, f"bin/python{PYTHON}": program}
    made: Artifact = package("python", f"{PYTHON}.2", build=f"h0_0_cp{abi}", files=files)
    return made


def packed(wheels: Wheels, job: Job, log: Path) -> bytes | None:
    """The package that a sandbox of `wheels` makes; None if it makes none."""
    package = wheels.pack(job, log, log.parent)
    return package.read_bytes() if package else None


def contents(package: Path) -> dict[str, Any]:
    """The files of a package, by their paths: each with its mode, or with what its JSON says.

    It leaves out what each builder does in its own way: where the prefix was, the channel, the
    minimum glibc among the variant, and the text of programs.
    """
    found: dict[str, Any] = {}
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if name.endswith(".zst"):
                stream = zstandard.ZstdDecompressor().stream_reader(archive.read(name))
                with tarfile.open(fileobj=stream, mode="r|") as tar:
                    for member in tar:
                        file = tar.extractfile(member)
                        found[member.name] = (member.mode, file.read() if file else b"")
    info = {path: json.loads(found[path][1]) for path in found if path.endswith(".json")}
    info["info/about.json"].pop("channels", None)
    info["info/hash_input.json"].pop("__glibc", None)
    programs = [one for one in info["info/paths.json"]["paths"] if "file_mode" in one]
    for program in programs:
        del program["sha256"], program["size_in_bytes"], program["prefix_placeholder"]
        found[program["_path"]] = "a program"
    info["info/paths.json"]["paths"].sort(key=lambda one: str(one["_path"]))
    del found["info/recipe/variant_config.yaml"]
    return found | info


def open_sandboxes(store: Store) -> int:
    return len(list(store.root.glob("tmp/series-*")))


def test_wheels_share_a_sandbox_and_come_out_as_from_one_of_their_own(
    wheels: Wheels, context: BuildContext, make: Make, tmp_path: Path
) -> None:
    for number, text in enumerate(("one", "two", "one")):
        room = tmp_path / str(number)
        (room / "alone").mkdir(parents=True)
        (room / "shared").mkdir()
        job, log = make(text), room / "log"
        alone = builder.make(job, context, room / "log alone", room / "alone")
        shared = builder.packed(job, context, wheels, log, room / "shared")
        assert shared
        assert shared.path.read_bytes() == alone.path.read_bytes()
        assert "unpack.py" in log.read_text()
        assert open_sandboxes(context.store) == 1


def test_after_a_failure_the_next_wheel_gets_another_sandbox(
    wheels: Wheels, context: BuildContext, make: Make, tmp_path: Path
) -> None:
    good, log = make("one"), tmp_path / "log"
    recipe = {**good.order["recipe"], "build": {**good.order["recipe"]["build"]}}
    recipe["build"]["script"] = {"content": "echo no such wheel; exit 3"}
    bad = replace(good, order={**good.order, "recipe": recipe})
    assert packed(wheels, bad, log) is None
    assert not log.exists()
    assert open_sandboxes(context.store) == 0
    assert packed(wheels, good, log)
    # Alone, it finds the reason.
    (tmp_path / "alone").mkdir()
    with pytest.raises(BuildFailed) as caught:
        builder.make(bad, context, tmp_path / "log alone", tmp_path / "alone")
    assert any("no such wheel" in line for line in caught.value.tail)
    assert caught.value.stage == "script"


def test_a_sandbox_that_was_killed_is_replaced(
    wheels: Wheels, context: BuildContext, make: Make, tmp_path: Path
) -> None:
    assert packed(wheels, make("one"), tmp_path / "log")
    kill(descendants(os.getpid()))
    assert packed(wheels, make("two"), tmp_path / "log") is None
    assert packed(wheels, make("two"), tmp_path / "log")


def test_a_wheel_that_takes_too_long_is_given_up(
    context: BuildContext, make: Make, tmp_path: Path
) -> None:
    wheels = Wheels(replace(context, limits=Limits(seconds=0.001)))
    assert packed(wheels, make("one"), tmp_path / "log") is None
    assert open_sandboxes(context.store) == 0
    assert descendants(os.getpid()) == []


@pytest.mark.parametrize("pure", [True, False])
def test_the_builder_makes_the_same_of_the_recipe(
    pure: bool,
    keep: Callable[[Path], str],
    wheels: Wheels,
    context: BuildContext,
    make: Make,
    tmp_path: Path,
) -> None:
    source = tmp_path / "x-1.tar.gz"
    with tarfile.open(source, "w:gz") as tar:
        member = tarfile.TarInfo("x-1/COPYING")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"free"))
    texts = Texts(version="1", file=source.name, sha256=keep(source), files=("COPYING",))
    job = make(files=FILES, pure=pure, license_source=texts)
    log = tmp_path / "log"
    ours = builder.packed(job, context, wheels, log, tmp_path)
    assert ours, log.read_text()
    assert "it ran" not in log.read_text()
    plain = replace(job, files={name: job.files[name] for name in ("unpack.py",)})
    (tmp_path / "alone").mkdir()
    theirs = builder.make(plain, context, tmp_path / "log of the builder", tmp_path / "alone")
    mine, other = contents(ours.path), contents(theirs.path)
    del mine[f"info/recipe/{PROGRAM}"]
    for path in ("info/recipe/rendered_recipe.yaml", "info/tests/tests.yaml"):
        del other[path]
    assert mine == other
    assert (mine.get("bin/x-main") == "a program") is not pure


def test_a_package_that_is_not_what_it_should_be_is_built_alone(
    wheels: Wheels, context: BuildContext, make: Make, tmp_path: Path
) -> None:
    job = make("one")
    other = {**job.order["recipe"], "package": {"name": "y", "version": "1"}}
    odd = replace(job, order={**job.order, "recipe": other})
    log = tmp_path / "log"
    assert builder.packed(odd, context, wheels, log, tmp_path) is None
    assert not log.exists()
    # What one job leaves is not there for the next.
    assert packed(wheels, make("two"), log)
    assert list(context.store.root.glob("tmp/series-*/sources/*")) == []
    assert [p.name for p in context.store.root.glob("tmp/series-*/tool/jobs/*")] == ["next"]
