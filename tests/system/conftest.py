"""A small checkout of its own, and runs of the real command on it.

Its recipes are shell scripts, so that the whole pipeline, sandbox and smoke tests included,
takes seconds. The images are those of this checkout, shared with the user's store.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import debian
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import ENGINES, why_not

from .parcels import promoted

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-I", "-m", "rootstock")

MATRIX = """
platform: linux-64
pythons: ["3.11", "3.13"]
roots: [{version: "6.40.00", origin: source, pythons: ["3.11", "3.13"]}]
specs: [root, python]
variants: {c_stdlib: sysroot, c_stdlib_version: "2.17"}
"""

# The smoke tests run `bin/python -I _inside.py AT_ONCE NAME,...`; this one finds every check well,
# and ends so whatever else it is asked.
WELL = """#!/bin/sh
[ "${2##*/}" = _inside.py ] || exit 0
shift 3
for check; do
    : > "${check%%,*}.log"
    echo "${check%%,*} 0 0.01"
done
"""
PYTHON = """
package: {name: python, version: "${{ cpython }}.0"}
source: {path: python.sh}
build:
  number: 0
  string: h${{ hash }}_0_cp${{ cpython | replace(".", "") }}
  script: ["install -D python.sh $PREFIX/bin/python"]
about: {license: MIT, license_file: python.sh, summary: A shell script}
extra: {rootstock: {origin: source, verified: true}}
"""
ROOT = """
package: {name: root, version: "${{ root_version }}"}
source: {path: root.txt}
build:
  number: 0
  script: ["sh $RECIPE_DIR/make.sh"]
requirements: {host: [python], run: ["python ${{ cpython }}.*"]}
about: {license: MIT, license_file: root.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""


@dataclass(frozen=True)
class Bench:
    """A checkout, a store and a channel to run the command with."""

    checkout: Path
    home: Path
    channel: Path

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "ROOTSTOCK_HOME": str(self.home)}

    def argv(self, *words: str) -> list[str]:
        options = ["--checkout", str(self.checkout), "--channel", str(self.channel)]
        return [*COMMAND, *words, *options]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words), env=self.env, capture_output=True, text=True, check=False
        )

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def recipe(self, name: str, **files: str) -> Path:
        folder = self.checkout / "recipes/small" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            path = folder / file.replace("_", ".")
            path.write_text(text)
            path.chmod(0o755)
        return folder

    def packages(self) -> set[str]:
        names: set[str] = set()
        for index in self.channel.glob("*/repodata.json"):
            names |= set(json.loads(index.read_text())["packages.conda"])
        return names


@pytest.fixture
def channel(package: Any, tmp_path: Path) -> Path:
    """A channel with one release, to publish and to add to."""
    folder = tmp_path / "channel"
    promoted(folder, "old", package("one"), package("pure", noarch="generic"))
    return folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A small checkout whose one root needs one python."""
    return make_bench(tmp_path)


def make_bench(folder: Path) -> Bench:
    """Make a small checkout in a folder, with a store and room for a channel."""
    shared, home = locate(), folder / "store"
    shared.prepare()
    home.mkdir()
    for name in ("images", "registry", "tools"):
        (home / name).symlink_to(shared.root / name)
    made = Bench(folder / "checkout", home, folder / "channel")
    shutil.copytree(CHECKOUT / "ci/images", made.checkout / "ci/images")
    shutil.copy(CHECKOUT / "ci/systems.yaml", made.checkout / "ci")
    (made.checkout / "ci/matrix.yaml").write_text(MATRIX)
    (made.checkout / "ci/sources.yaml").write_text("{}\n")
    made.recipe("python", recipe_yaml=PYTHON, python_sh=WELL)
    made.recipe("root", recipe_yaml=ROOT, root_txt="root\n", make_sh="cp root.txt $PREFIX/\n")
    return made


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with ROOT and the set `frames`, which is in every cell."""
    folder = tmp_path_factory.mktemp("frames")
    channel, env, python = folder / "channel", folder / "env", "3.11"
    build = (sys.executable, str(CHECKOUT / "scripts/build.py"), "--root", "6", "--py", python)
    make = (*COMMAND, "env", str(env), "root", "rootstock-frames", f"python {python}.*")
    for command in (build, make):
        argv = [*command, "--channel", str(channel)]
        subprocess.run(argv, check=True, capture_output=True)
    return env / "bin/python"


@pytest.fixture(scope="module")
def works() -> Callable[[str], Engine]:
    """The engine of a name; the test is skipped where it does not work."""
    reasons = {name: why_not(engine) for name, engine in ENGINES.items()}

    def working(name: str) -> Engine:
        if reason := reasons[name]:
            pytest.skip(f"{name} does not work on this machine: {reason}")
        return ENGINES[name]

    return working


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, works: Callable[[str], Engine]) -> Engine:
    return works(request.param)


@pytest.fixture(scope="module")
def bare() -> Path:
    store = locate()
    store.prepare()
    return debian.ensure(CHECKOUT / "ci/images/bare.yaml", store, silent).root


@contextmanager
def serving(channel: Path) -> Iterator[str]:
    """The address of a channel on a server of rootstock's."""
    argv = [*COMMAND, "serve", "--channel", str(channel), "--port", "0", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:  # of a test that fails, too
            server.terminate()


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("ROOTSTOCK_TEST_SEED") or random.randrange(10**6))
    print(f"ROOTSTOCK_TEST_SEED={chosen}")  # pytest shows it when the test fails
    return chosen
