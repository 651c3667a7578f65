"""What the stack's commands write: the two files of ci/, or neither; and the recipe of a package.

uv and pip are the real ones. The package index is one of this machine, with a few small wheels.
"""

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
import zstandard

from . import package_index
from .conftest import CHECKOUT, COMMAND, Bench, make_bench
from .package_index import PackageIndex

pytestmark = pytest.mark.system

STACK = """\
# Why there is a set.
[sets.orchard]
summary = "What grows"
packages = ["bud"]
pythons = ">=3.11,<3.12"
"""


@dataclass(frozen=True)
class Orchard:
    """A checkout whose set is locked, and the index that it is locked from."""

    bench: Bench
    index: PackageIndex

    @property
    def files(self) -> dict[str, bytes]:
        """The bytes of the files of ci/."""
        folder = self.bench.checkout / "ci"
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        checkout = ("--checkout", str(self.bench.checkout))
        return subprocess.run(
            [*COMMAND, *words, *checkout],
            env={**os.environ, **self.index.env, "ROOTSTOCK_HOME": str(self.bench.home)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchard]:
    folder = tmp_path_factory.mktemp("orchard")
    bench = make_bench(folder)
    names = ("recipes/analysis/wheel", "recipes/analysis/set", "recipes/base/python_abi")
    for name in (*names, "ci/tools"):
        shutil.copytree(CHECKOUT / name, bench.checkout / name)
    (bench.checkout / "ci/names.toml").write_text("[names]\n")
    (bench.checkout / "ci/stack.toml").write_text(STACK)
    with package_index.serving(folder / "index") as index:
        fill(index)
        made = Orchard(bench, index)
        done = made.run("stack", "lock")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["+ bud 1.0"]
        yield made


def fill(index: PackageIndex) -> None:
    """Put wheels there: `bud` is well, and each of the others wrong in its own way."""
    index.add("bud", files={"bud/__init__.py": b"GROWS = True\n"})
    index.add("graft", metadata="Requires-Dist: bud>=2\n")
    index.add("stone", tag="cp38-cp38-manylinux_2_28_x86_64")
    index.add("weed", license_="License: as my neighbour has it\n")
    index.add("mould", metadata="Requires-Dist: not a requirement!\n")
    index.add("moth")
    (index.folder / "moth-1.0-py3-none-any.whl").write_bytes(b"This is no archive.")
    index.add("swap", sha256="0" * 64)
    index.add("thorn", files={"bud/__init__.py": b""})
    index.add("relic", uploaded="2020-07-01")
    index.add("relic", "2.0", metadata="Requires-Dist: bud>=2\n", uploaded="2026-07-01")


@dataclass(frozen=True)
class Bad:
    """A package that cannot be added: the exit code, what is said of it, and what to do."""

    name: str
    code: int
    said: str
    where: str
    remedy: str


SET = "ci/stack.toml: [sets.orchard], Python 3.11.0"
CELL = "orchard, Python 3.11"
BAD = [
    Bad("bub", 2, "the package index has no project bub", SET, "Correct the name"),
    Bad("graft", 2, "all versions of graft depend on bud>=2", SET, "bound a package's version"),
    Bad("stone", 2, "no wheel fits of stone==1.0", SET, "write a recipe for it"),
    Bad("weed", 2, "names no license", "weed-1.0-py3-none-any.whl", "below [packages.weed]"),
    Bad("mould", 3, "the metadata cannot be read of mould==1.0", SET, "Bound its version"),
    Bad("moth", 3, "the metadata cannot be read of moth==1.0", SET, "Bound its version"),
    Bad("swap", 3, "DO NOT MATCH THE HASHES", "swap-1.0-py3-none-any.whl", "elsewhere"),
    Bad("thorn", 2, "bud/__init__.py is in bud 1.0 and in thorn 1.0", CELL, "drop = "),
    Bad("relic", 2, "relic 1.0 of 2020-07-01; the newest is 2.0 of 2026", CELL, "old = true"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_what_cannot_be_added_leaves_both_files_as_they_were(orchard: Orchard, bad: Bad) -> None:
    before = orchard.files
    done = orchard.run("stack", "add", "--set", "orchard", bad.name)
    assert orchard.files == before
    assert {"stack.toml", "stack.lock"} <= before.keys()
    assert done.returncode == bad.code, done.stderr
    said = " ".join(done.stderr.split())
    assert [words for words in (bad.said, bad.where, bad.remedy) if words not in said] == [], said


def test_a_set_that_no_longer_resolves_keeps_its_lock(orchard: Orchard) -> None:
    path = orchard.bench.checkout / "ci/stack.toml"
    text = path.read_text()
    path.write_text(text.replace('"bud"', '"bud>=2"'))
    before = orchard.files
    done = orchard.run("stack", "lock")
    assert orchard.files == before
    path.write_text(text)
    assert done.returncode == 2
    assert "only bud==1.0 is available and you require bud>=2" in " ".join(done.stderr.split())


def test_a_license_that_is_none_is_refused(orchard: Orchard) -> None:
    path = orchard.bench.checkout / "ci/stack.toml"
    text = path.read_text()
    path.write_text(f'{text}[packages.bud]\nlicense = "Beer"\nwhy = "x"\n')
    before = orchard.files
    done = orchard.run("stack", "lock")
    assert orchard.files == before
    path.write_text(text)
    assert done.returncode == 2
    assert "[packages.bud] license is 'Beer', which is not an SPDX expression" in done.stderr
    assert 'Write it like "BSD-3-Clause"' in done.stderr


def test_the_recipe_of_a_wheel_is_shown_and_stands_in_its_package(orchard: Orchard) -> None:
    shown = orchard.run("stack", "show", "bud")
    assert shown.returncode == 0, shown.stderr
    first, *rest = shown.stdout.splitlines()
    assert first == "# bud-1.0-py_0.conda, noarch, from stack.lock"
    recipe = yaml.safe_load("\n".join(rest))
    assert recipe["package"] == {"name": "bud", "version": "1.0"}
    channel = ("--channel", str(orchard.bench.channel))
    words = ("--root", "6", "--py", "3.11", "--set", "orchard")
    done = orchard.run("build", *words, *channel)
    assert done.returncode == 0, done.stderr
    [package] = orchard.bench.channel.glob("noarch/bud-1.0-*.conda")
    written = info(package, "info/recipe/recipe.yaml")
    # A build has the wheel already and fixes its time; whether it was ever tested is in no package.
    assert written["build"]["script"].pop("env").keys() == {"SOURCE_DATE_EPOCH"}
    [there], [source] = written["source"], recipe["source"]
    assert Path(there.pop("url")).name == source.pop("url").partition("#")[2]
    assert recipe["extra"]["rootstock"].pop("verified") is False
    assert written == recipe


def info(package: Path, name: str) -> Any:
    """What a YAML file among the metadata of a package says."""
    with zipfile.ZipFile(package) as archive:
        [part] = [one for one in archive.namelist() if one.startswith("info-")]
        data = zstandard.ZstdDecompressor().stream_reader(archive.open(part)).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = tar.extractfile(name)
        assert found
        return yaml.safe_load(found.read())
