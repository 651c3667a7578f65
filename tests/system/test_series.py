"""Wheels that are packaged one after the other in one sandbox."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.building import builder
from rootstock.building.job import Job
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
from rootstock.plan.key import folder_hashes

from .conftest import CHECKOUT
from .packing import Parcel
from .test_crash import descendants, kill

pytestmark = pytest.mark.system
RECIPE = CHECKOUT / "recipes/analysis/wheel"
Make = Callable[..., Job]


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
def make(store: Store, tmp_path: Path) -> Make:
    """Make the job that packages a small wheel with a text."""

    def made(text: str, file: str = "x/a.py") -> Job:
        wheel = Parcel(files={file: f"TEXT = {text!r}\n".encode()}).wheel(tmp_path)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        store.source(sha256).mkdir(parents=True, exist_ok=True)
        wheel.rename(store.source(sha256) / wheel.name)
        source = {"url": f"https://example.org/{wheel.name}", "sha256": sha256}
        inside = {**source, "url": f"file:///rootstock/sources/{sha256}/{wheel.name}"}
        script = f'/usr/bin/python3 "$RECIPE_DIR/unpack.py" {wheel.name}'
        recipe = {
            "schema_version": 1,
            "context": {},
            "package": {"name": "x", "version": "1"},
            "source": [inside],
            "build": {
                "number": 0,
                "string": "py_0",
                "noarch": "python",
                "script": {"content": script, "env": {"SOURCE_DATE_EPOCH": "0"}},
            },
            "requirements": {"run": ["python"]},
            "tests": [],
            "about": {"license": "MIT"},
        }
        return Job(
            id=f"x-{text}",
            subdir="noarch",
            filename="x-1-py_0.conda",
            order={
                "recipe": recipe,
                "variant": {"target_platform": "noarch"},
                "platform": "linux-64",
                "test": True,
            },
            folder=RECIPE,
            files=folder_hashes(RECIPE),
            sources=[source],
            needs=(),
            is_wheel=True,
        )

    return made


def packed(wheels: Wheels, job: Job, log: Path) -> bytes | None:
    """The package that a sandbox of `wheels` makes; None if it makes none."""
    package = wheels.pack(job, log, log.parent)
    return package.read_bytes() if package else None


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
        builder.make(bad, context, log, tmp_path / "alone")
    assert any("no such wheel" in line for line in caught.value.tail)


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


@pytest.mark.parametrize("file", ["x.pth", "x-1.data/purelib/x.pth", "sitecustomize.py"])
def test_a_wheel_with_files_that_python_starts_with_gets_no_open_sandbox(
    file: str, wheels: Wheels, context: BuildContext, make: Make, tmp_path: Path
) -> None:
    job = make("one", file)
    assert packed(wheels, job, tmp_path / "log") is None
    assert open_sandboxes(context.store) == 0
    assert builder.make(job, context, tmp_path / "log", tmp_path).path.exists()


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
