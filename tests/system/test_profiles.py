"""The profile `manylinux` with a stand-in for its base, on every engine that can build one.

All is real but the pull: the stand-in is our own build image, imported into the engine and named by
its digest. It has a `dnf` that says what it is asked for, and no compiler is compiled.
"""

import json
import re
import shutil
from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.core.progress import silent
from rootstock.core.store import Store, locate
from rootstock.image import containers, debian, manylinux
from rootstock.image.engines.choose import BUILDERS, why_not
from rootstock.image.engines.container import Container, image_tag

from .conftest import CHECKOUT, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")

STAND_IN = """
FROM {base}
RUN mkdir -p /usr/local/bin /opt/python/cp313-cp313/bin \\
    && printf '#!/bin/sh\\necho "dnf $*" >>/asked\\n' >/usr/local/bin/dnf \\
    && chmod +x /usr/local/bin/dnf \\
    && mv /usr/bin/python3.13 /opt/python/cp313-cp313/bin/python3
"""
COMPILER = "echo compiled >/usr/bin/compiled\n"


@pytest.fixture(params=BUILDERS, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Container:
    made: Container = request.param
    if reason := why_not(made):
        pytest.skip(f"{made.name} does not work on this machine: {reason}")
    return made


@pytest.fixture
def folder(engine: Container, tmp_path: Path) -> Path:
    """A copy of docker/ whose base is the stand-in."""
    store = locate()
    store.prepare()
    root = debian.ensure(CHECKOUT / "ci/images/build.yaml", store, silent).root
    engine.prepare(root)
    context = tmp_path / "stand-in"
    context.mkdir()
    (context / "Dockerfile").write_text(STAND_IN.format(base=image_tag(root)))
    done = process.run([engine.name, "build", "--iidfile", tmp_path / "id", context])
    assert done.code == 0, done.output
    base = (tmp_path / "id").read_text().strip()
    assert re.fullmatch("sha256:[0-9a-f]{64}", base)
    made = tmp_path / "docker"
    shutil.copytree(CHECKOUT / "docker", made)
    dockerfile, count = re.subn(
        "^FROM .*$", f"FROM {base}", (made / "Dockerfile").read_text(), flags=re.MULTILINE
    )
    assert count == 1
    (made / "Dockerfile").write_text(dockerfile)
    (made / "compiler.sh").write_text(COMPILER)
    return made


def test_the_pipeline_runs_in_what_the_dockerfile_makes(
    engine: Container, folder: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = (bench.home / "images").resolve()
    (bench.home / "images").unlink()
    (bench.home / "images").mkdir()
    for kept in shared.iterdir():
        (bench.home / "images" / kept.name).symlink_to(kept)
    shutil.copytree(folder, bench.checkout / "docker")
    # The builder is the first that works: only this one is to be found.
    monkeypatch.setattr(containers, "BUILDERS", (engine,))
    store = Store(bench.home)
    store.prepare()
    image = manylinux.ensure(bench.checkout / "docker", store, silent)
    assert (image.root / "usr/bin/compiled").exists()
    assert "install -y bison" in (image.root / "asked").read_text()

    debian_plan = bench.json("plan", *CELL)
    planned = bench.json("plan", *CELL, "--profile", "manylinux")
    keys = [[node["key"] for node in made["nodes"]] for made in (debian_plan, planned)]
    assert not set(keys[0]) & set(keys[1]), "the image is in every key"
    record = bench.json("build", *CELL, "--profile", "manylinux", "--engine", engine.name)
    assert [node["key"] for node in record["nodes"]] == keys[1]
    assert [cell["state"] for cell in record["cells"]] == ["promoted"]


def test_a_base_that_cannot_be_had_ends_with_3(engine: Container, bench: Bench) -> None:
    folder = bench.checkout / "docker"
    folder.mkdir()
    missing = f"localhost:1/nothing@sha256:{'0' * 64}"
    (folder / "Dockerfile").write_text(f"FROM {missing}\n")
    done = bench.run("build", *CELL, "--profile", "manylinux", "--json")
    assert done.returncode == 3, done.stderr
    assert missing in json.loads(done.stdout)["error"]
    assert manylinux.UNPROVEN in done.stderr
