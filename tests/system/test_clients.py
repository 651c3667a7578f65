"""What is in a channel works by conda's own rules: conda itself, and its libraries, use it.

conda is not in the package index, but conda-lock carries all of conda 24.7.1, with its first
solver; that is run here. mamba, micromamba and pixi could not be had.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import msgpack  # type: ignore[import-untyped]
import pytest
import zstandard
from conda_package_handling import api as handling  # type: ignore[import-untyped]
from rattler.package import RunExportsJson

from rootstock.channel import index
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.sources import tools

from ..channels import promote
from .conftest import CHECKOUT, COMMAND, ROOT, Bench, make_bench, serving

pytestmark = pytest.mark.system
LOCK = CHECKOUT / "tests/system/tools/conda.lock"
CONDA_LOCK = CHECKOUT / "tests/system/tools/conda-lock.lock"
# The package `conda` is the copy in conda-lock, of which no other part is loaded.
RUN = """
import os, runpy, sys, types
here = os.path.dirname(__file__)
outer = types.ModuleType("conda_lock")
outer.__path__ = [os.path.dirname(os.path.dirname(os.path.realpath(here + "/conda")))]
sys.modules["conda_lock"] = outer
sys.path.insert(0, here)
if __name__ == "__main__":
    runpy.run_module("conda", None, "__main__")
"""
RECORD = {
    "type": "object",
    "required": [
        *("name", "version", "build", "build_number", "depends", "subdir", "sha256", "size"),
        "indexed_timestamp",
    ],
    "properties": {
        "name": {
            "type": "string",
            "pattern": r"^(([a-z0-9])|([a-z0-9_](?!_)))[._-]?([a-z0-9]+(\.|-|_|$))*$",
        },
        "version": {"type": "string", "pattern": r"^[a-z0-9_.+!]+$"},
        "build": {"type": "string", "pattern": r"^[a-zA-Z0-9_.+]+$"},
        "build_number": {"type": "integer", "minimum": 0},
        "depends": {"type": "array", "items": {"type": "string"}},
        "constrains": {"type": "array", "items": {"type": "string"}},
        "subdir": {"enum": ["linux-64", "noarch"]},
        "noarch": {"enum": ["python", "generic"]},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "md5": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "size": {"type": "integer", "minimum": 1},
        "timestamp": {"type": "integer"},
        # CEP 47: in milliseconds, of this century
        "indexed_timestamp": {"type": "integer", "minimum": 10**12, "maximum": 5 * 10**12},
        "license": {"type": "string"},
    },
}
REPODATA = {
    "type": "object",
    "required": ["info", "packages", "packages.conda", "repodata_version"],
    "properties": {
        "info": {"type": "object", "required": ["subdir"]},
        "packages": {"type": "object", "maxProperties": 0},
        "packages.conda": {
            "type": "object",
            "propertyNames": {"pattern": r"\.conda$"},
            "additionalProperties": RECORD,
        },
        "removed": {"type": "array"},
        "repodata_version": {"enum": [1, 2]},
    },
}

_SPECS = {"type": "array", "items": {"type": "string"}}
_KINDS = ("weak", "strong", "weak_constrains", "strong_constrains", "noarch")
EXPORTS = {  # CEP 12
    "type": "object",
    "required": ["info", "packages", "packages.conda"],
    "properties": {
        "info": {
            "type": "object",
            "required": ["subdir", "version"],
            "properties": {"version": {"type": "integer"}},
        },
        "packages": {"type": "object", "maxProperties": 0},
        "packages.conda": {
            "type": "object",
            "propertyNames": {"pattern": r"\.conda$"},
            "additionalProperties": {
                "type": "object",
                "required": ["run_exports"],
                "additionalProperties": False,
                "properties": {
                    "run_exports": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": dict.fromkeys(_KINDS, _SPECS),
                    }
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Conda:
    """The program conda, in a home of its own."""

    tool: Path
    home: Path

    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "HOME": str(self.home),
            "CONDA_PKGS_DIRS": str(self.home / "pkgs"),
            "CONDA_ENVS_DIRS": str(self.home / "envs"),
            "CONDA_NO_PLUGINS": "true",
            # To it each Python depends on pip, which channels of these tests do not have.
            "CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY": "false",
            "CONDA_SOLVER": "classic",
            "CONDA_SAT_SOLVER": "pysat",
            "CONDA_CHANNEL_PRIORITY": "strict",
            "CONDA_OVERRIDE_GLIBC": "2.31",
        }

    def __call__(self, *words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.home / "bin/conda", *words],
            env={**self.env(), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def create(
        self, prefix: Path, channel: str, *specs: str, **env: str
    ) -> subprocess.CompletedProcess[str]:
        own = ("--yes", "--override-channels", "--channel", channel, "--prefix", prefix)
        return self("create", *own, *specs, **env)


@pytest.fixture
def conda(tmp_path: Path) -> Conda:
    tool = tools.ensure(LOCK, locate(), silent)
    home = tmp_path / "conda home"
    (home / "bin").mkdir(parents=True)
    (home / "lib").mkdir()
    [copy] = tool.glob("lib/python3*/site-packages/conda_lock/_vendor/conda")
    (home / "lib/conda").symlink_to(copy)
    program = home / "bin/conda"
    python = " ".join(f"'{word}'" for word in tools.python(tool))
    (home / "lib/run.py").write_text(RUN)
    program.write_text(f'#!/bin/sh\nexec {python} "{home}/lib/run.py" "$@"\n')
    program.chmod(0o755)
    return Conda(tool, home)


@pytest.fixture
def channel(package: Any, tmp_path: Path) -> Path:
    """Two Pythons, and a package for both with a program."""
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    pythons = [
        package(
            "python",
            f"{version}.0",
            build=f"cp{version.replace('.', '')}_0",
            key=version,
            files={"bin/python": python, f"bin/python{version}": python},
        )
        for version in ("3.11", "3.13")
    ]
    pure = package(
        "pure",
        files={"site-packages/pure.py": b"def main():\n    print('from', __file__)\n"},
        noarch="python",
        depends=["python >=3.11"],
        entry_points=["say-pure = pure:main"],
    )
    core = package("root-core", "6.40.00", constrains=["root_base <0"], depends=["__glibc >=2.28"])
    others = [
        package("root", "6.40.00", depends=["root-core ==6.40.0"], noarch="generic"),
        package("root_base", "6.40.0"),
        package("late", "1.10"),
        package("late", "1.9"),
        package("late", "1.10rc1"),
    ]
    promote([*pythons, pure, core, *others], tmp_path / "channel")
    return tmp_path / "channel"


def names_in(prefix: Path) -> set[str]:
    return {path.stem for path in (prefix / "conda-meta").glob("*.json")}


@pytest.fixture
def served(channel: Path) -> Iterator[str]:
    with serving(channel) as url:
        yield url


def test_conda_installs_from_a_server_by_its_own_rules(
    conda: Conda, served: str, tmp_path: Path
) -> None:
    done = conda.create(tmp_path / "env", served, "root", "late")
    assert done.returncode == 0, done.stdout + done.stderr
    installed = {"root-6.40.00-h0_0", "root-core-6.40.00-h0_0", "late-1.10-h0_0"}
    assert names_in(tmp_path / "env") == installed
    assert (tmp_path / "env/share/root-core.txt").read_text() == "key"
    older = conda.create(tmp_path / "older", served, "root", CONDA_OVERRIDE_GLIBC="2.17")
    assert older.returncode != 0
    assert "__glibc" in older.stdout + older.stderr


def test_conda_goes_on_in_an_environment_of_the_channel(
    conda: Conda, served: str, tmp_path: Path
) -> None:
    """What docs/users.md says to type later: install, update, remove."""
    prefix = tmp_path / "env"
    done = conda.create(prefix, served, "root", "late=1.9")
    assert done.returncode == 0, done.stdout + done.stderr
    channel = ("--override-channels", "-c", served)
    for words in (("install", "root_base"), ("update", "late"), ("remove", "root")):
        done = conda(words[0], "--yes", "-p", prefix, *channel, words[1])
        wrong = words[1] == "root_base"  # which root refuses to be beside
        assert (done.returncode != 0) == wrong, done.stdout + done.stderr
    assert names_in(prefix) == {"late-1.10-h0_0"}


def test_root_is_not_installed_beside_that_of_another_channel(
    conda: Conda, channel: Path, tmp_path: Path
) -> None:
    done = conda.create(tmp_path / "env", channel.as_uri(), "root", "root_base")
    assert done.returncode != 0
    alone = conda.create(tmp_path / "env", channel.as_uri(), "root_base")
    assert alone.returncode == 0, alone.stderr


@pytest.mark.parametrize("version", ["3.11", "3.13"])
@pytest.mark.parametrize("client", ["conda", "rootstock"])
def test_one_pure_package_has_its_program_in_every_python(
    conda: Conda, channel: Path, tmp_path: Path, version: str, client: str
) -> None:
    prefix = tmp_path / "env"
    specs = ("pure", f"python {version}.*")
    if client == "conda":
        done = conda.create(prefix, channel.as_uri(), *specs)
    else:
        argv = [*COMMAND, "env", str(prefix), *specs, "--channel", str(channel)]
        home = {**os.environ, "ROOTSTOCK_HOME": str(tmp_path / "home")}
        done = subprocess.run(argv, env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    site = prefix / f"lib/python{version}/site-packages"
    said = subprocess.run(
        [prefix / "bin/say-pure"],
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout == f"from {site}/pure.py\n", said.stderr


def test_conda_takes_a_lock_and_holds_it_against_the_files(
    conda: Conda, channel: Path, served: str, tmp_path: Path
) -> None:
    """With md5: this conda is older than those that read a sha256 in a lock."""
    file = "root-core-6.40.00-h0_0.conda"
    md5 = index.read(channel / "linux-64")[file]["md5"]
    lock = tmp_path / "lock.txt"
    lock.write_text(f"@EXPLICIT\n{served.rstrip('/')}/linux-64/{file}#{md5}\n")
    done = conda("create", "--yes", "-p", tmp_path / "env", "--file", lock)
    assert done.returncode == 0, done.stdout + done.stderr
    assert names_in(tmp_path / "env") == {"root-core-6.40.00-h0_0"}
    shutil.rmtree(conda.home / "pkgs")
    lock.write_text(f"@EXPLICIT\n{served.rstrip('/')}/linux-64/{file}#{'0' * 32}\n")
    done = conda("create", "--yes", "-p", tmp_path / "other", "--file", lock)
    assert done.returncode != 0
    assert "mismatch" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A channel that the whole pipeline has made."""
    bench = make_bench(tmp_path_factory.mktemp("clients"))
    exporting = ROOT.replace("requirements: {", 'requirements: {run_exports: ["root >=6.40"], ')
    bench.recipe("root", recipe_yaml=exporting)
    done = bench.run("build", "--root", "6", "--py", "all")
    assert done.returncode == 0, done.stderr
    return bench


def test_what_the_text_of_a_bundle_says_is_what_conda_does(
    conda: Conda, built: Bench, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    words = ["bundle", str(made), "--channel", str(built.channel), "--only", "*-cp311-*"]
    subprocess.run([*COMMAND, *words], env=built.env, check=True)
    text = (made / "INSTALL.txt").read_text()
    commands = [line.strip() for line in re.findall(r"^  ((?:conda|sed) .*)$", text, re.MULTILINE)]
    assert len(commands) == 3
    solve, sed, explicit = commands
    prefix = conda.home / "envs/analysis"
    for script in (f"{solve} --yes", f"{sed}\n{explicit} --yes"):
        done = subprocess.run(
            ["unshare", "--map-root-user", "--net", "sh", "-euc", script],
            env=conda.env(),
            cwd=made,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert (prefix / "root.txt").read_text() == "root\n"
        shutil.rmtree(prefix)


def test_the_lock_of_a_release_is_one_that_conda_takes(
    conda: Conda, built: Bench, tmp_path: Path
) -> None:
    words = ["lock", "--cell", "*-cp311-*", "--format", "md5", "--channel", str(built.channel)]
    shown = subprocess.run([*COMMAND, *words], env=built.env, check=True, capture_output=True)
    lock = tmp_path / "lock.txt"
    lock.write_bytes(shown.stdout)
    done = conda("create", "--yes", "-p", tmp_path / "env", "--file", lock)
    assert done.returncode == 0, done.stdout + done.stderr
    release = json.loads((built.channel / "releases/0001/release.json").read_text())
    [packages] = [c["packages"] for name, c in release["cells"].items() if "-cp311-" in name]
    assert names_in(tmp_path / "env") == {name.removesuffix(".conda") for name in packages}


@pytest.mark.parametrize("served", ["file", "http"])
def test_conda_lock_installs_from_the_lock_of_a_release(
    conda: Conda, built: Bench, tmp_path: Path, served: str
) -> None:
    """From the file in the release, and from one for another address, by which it is served."""
    release = json.loads((built.channel / "releases/0001/release.json").read_text())
    [cell] = [name for name in release["cells"] if "-cp311-" in name]
    lock = built.channel / f"releases/0001/{release['cells'][cell]['files']['conda-lock']}"
    with serving(built.channel) if served == "http" else nullcontext("") as url:
        if url:
            lock = tmp_path / "conda-lock.yml"
            words = ["lock", "--cell", cell, "--format", "conda-lock", "--url", url]
            argv = [*COMMAND, *words, "--channel", str(built.channel)]
            lock.write_bytes(subprocess.run(argv, check=True, capture_output=True).stdout)
        # conda-lock's own reader, which refuses what it does not know, and then conda.
        program, prefix = str(conda.home / "bin/conda"), str(tmp_path / "env")
        render = ["render", "--kind", "explicit", str(lock)]
        install = ["install", "--conda", program, "--prefix", prefix, str(lock)]
        python = tools.python(tools.ensure(CONDA_LOCK, locate(), silent))
        for words in (render, install):
            done = subprocess.run(
                [*python, "-m", "conda_lock", *words],
                env=conda.env(),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    explicit = (tmp_path / "conda-linux-64.lock").read_text().splitlines()
    packages = [release["packages"][name] for name in release["cells"][cell]["packages"]]
    base = url.rstrip("/") or built.channel.as_uri()
    assert [line for line in explicit if not line.startswith(("#", "@"))] == [
        f"{base}/{one['url']}#{one['md5']}" for one in packages
    ]
    assert names_in(tmp_path / "env") == {
        name.removesuffix(".conda") for name in release["cells"][cell]["packages"]
    }
    assert (tmp_path / "env/root.txt").read_text() == "root\n"


def test_conda_takes_records_without_the_date_of_a_build(
    conda: Conda, built: Bench, tmp_path: Path
) -> None:
    found = conda("search", "--override-channels", "-c", built.channel.as_uri(), "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    every = [one for name in json.loads(found.stdout).values() for one in name]
    assert {one["name"] for one in every} == {"root", "python"}
    assert all("timestamp" not in one or one["timestamp"] > 0 for one in every)
    shown = conda("search", "--override-channels", "-c", built.channel.as_uri(), "--info", "root")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "2014" not in shown.stdout


def test_run_exports_are_those_of_the_packages(built: Bench, tmp_path: Path) -> None:
    """As conda's own library and py-rattler find them in the packages."""
    shown: dict[str, Any] = {}
    for folder in (built.channel / "linux-64", built.channel / "noarch"):
        text = (folder / index.RUN_EXPORTS).read_bytes()
        assert zstandard.decompress((folder / index.RUN_EXPORTS_PACKED).read_bytes()) == text
        table = json.loads(text)
        jsonschema.validate(table, EXPORTS)
        assert table["info"]["subdir"] == folder.name
        assert table["packages.conda"].keys() == index.read(folder).keys()
        for name, entry in table["packages.conda"].items():
            shown[name] = entry["run_exports"]
            handling.extract(str(folder / name), str(tmp_path / name))
            file = tmp_path / name / "info/run_exports.json"
            assert shown[name] == (json.loads(file.read_text()) if file.exists() else {})
            if shown[name]:
                own = RunExportsJson.from_package_archive(folder / name)
                found = {kind: getattr(own, kind) for kind in _KINDS}
                assert shown[name] == {kind: specs for kind, specs in found.items() if specs}
    roots = [exports for name, exports in shown.items() if name.startswith("root-")]
    assert roots == [{"weak": ["root >=6.40"]}] * 2


def test_the_index_is_by_its_specification_and_the_same_in_all_forms(built: Bench) -> None:
    for folder in (built.channel / "linux-64", built.channel / "noarch"):
        text = (folder / index.TABLE).read_bytes()
        jsonschema.validate(json.loads(text), REPODATA)
        assert zstandard.decompress((folder / index.PACKED).read_bytes()) == text
        for name, record in json.loads(text)["packages.conda"].items():
            assert name == f"{record['name']}-{record['version']}-{record['build']}.conda"
            content = (folder / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == record["sha256"]
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == record["md5"]


def test_the_shards_are_by_their_specification_and_say_what_the_table_says(built: Bench) -> None:
    """CEP 16: a shard's name is its hash, hashes are bytes, and each package name has one."""
    for folder in (built.channel / "linux-64", built.channel / "noarch"):
        packed = (folder / index.SHARDS_TABLE).read_bytes()
        table = msgpack.unpackb(zstandard.decompress(packed))
        assert (table["version"], table["info"]["subdir"]) == (1, folder.name)
        found: dict[str, Any] = {}
        for name, digest in table["shards"].items():
            place = folder / table["info"]["shards_base_url"] / f"{digest.hex()}.msgpack.zst"
            assert hashlib.sha256(place.read_bytes()).digest() == digest
            shard = msgpack.unpackb(zstandard.decompress(place.read_bytes()))
            assert {record["name"] for record in shard["packages.conda"].values()} == {name}
            found |= shard["packages.conda"]
        exports = {name: record.pop("run_exports") for name, record in found.items()}  # CEP 21
        assert exports == index.read_run_exports(folder)
        for record in found.values():
            for kind in ("md5", "sha256"):
                assert isinstance(record[kind], bytes)
                record[kind] = record[kind].hex()
        assert found == index.read(folder)


def test_the_packages_are_archives_by_their_specification(built: Bench) -> None:
    """CEP 35: three members, not compressed once more, and those that are packed by zstd."""
    for package in built.channel.glob("*/*.conda"):
        with zipfile.ZipFile(package) as archive:
            members = {member.filename: member for member in archive.infolist()}
            kinds = [f"{kind}-{package.stem}.tar.zst" for kind in ("info", "pkg")]
            assert members.keys() == {"metadata.json", *kinds}
            assert {m.compress_type for m in members.values()} == {zipfile.ZIP_STORED}
            assert json.loads(archive.read("metadata.json")) == {"conda_pkg_format_version": 2}
            for kind in kinds:
                assert archive.read(kind)[:4] == b"\x28\xb5\x2f\xfd"


def test_condas_own_library_unpacks_what_the_packages_say_of_themselves(
    built: Bench, tmp_path: Path
) -> None:
    packages = sorted(built.channel.glob("*/*.conda"))
    assert packages
    for package in packages:
        folder = tmp_path / package.stem
        handling.extract(str(package), str(folder))
        about = json.loads((folder / "info/about.json").read_text())
        assert about["license"]
        assert list((folder / "info/licenses").iterdir())
        paths = json.loads((folder / "info/paths.json").read_text())
        assert paths["paths_version"] == 1
        there = {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if (path.is_symlink() or path.is_file())
            and "info" not in path.relative_to(folder).parts
        }
        assert {entry["_path"] for entry in paths["paths"]} == there
        for entry in paths["paths"]:
            content = (folder / entry["_path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
            assert len(content) == entry["size_in_bytes"]
        record = json.loads((folder / "info/index.json").read_text())
        listed = index.read(package.parent)[package.name]
        assert {key: listed[key] for key in record} == record
