"""Two builders, each with a store and a key of their own, make the same bytes or not.

They have the same engine, so that all but one test run where one engine works. That one compares
engines, and is skipped where it cannot.
"""

import base64
import json
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.image.engines.choose import ENGINES, why_not

from .conftest import COMMAND, Bench, make_bench, serving

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
CHANCE = "cp root.txt $PREFIX/\nod -An -N8 -tx1 /dev/urandom > $PREFIX/chance.txt\n"


@dataclass(frozen=True)
class Builder:
    """Somebody with a checkout, a store, an engine and a key."""

    bench: Bench
    engine: str
    key: Path

    @property
    def public(self) -> str:
        return str(self.key.with_suffix(".pub"))

    def run(
        self, *words: str, code: int = 0, channel: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        bench = replace(self.bench, channel=channel or self.bench.channel)
        argv = bench.argv(*words, "--engine", self.engine)
        env = {**bench.env, "ROOTSTOCK_KEY": str(self.key)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def verify(self, channel: object, *words: str, code: int = 0) -> dict[str, str]:
        """The outcome for each package of a release of a channel, by its name."""
        found = self.json("verify", "--against", str(channel), *words, code=code)
        return {one["filename"].split("-")[0]: one["outcome"] for one in found["packages"]}


def builder(folder: Path, name: str, engine: str) -> Builder:
    """Somebody with a new key, a store of their own and the same checkout as everybody."""
    (folder / name).mkdir()
    key = folder / name / "key.pem"
    env = {**os.environ, "ROOTSTOCK_KEY": str(key)}
    subprocess.run([*COMMAND, "keys", "new"], env=env, check=True, capture_output=True)
    return Builder(make_bench(folder / name), engine, key)


@pytest.fixture(scope="module")
def working() -> list[str]:
    """The engines that work on this machine, by their names."""
    names = [name for name, engine in ENGINES.items() if not why_not(engine)]
    if not names:
        pytest.skip("no engine works on this machine")
    return names


@pytest.fixture
def two(tmp_path: Path, working: list[str]) -> tuple[Builder, Builder]:
    """Two builders with a store each, and the same engine."""
    return builder(tmp_path, "alice", working[0]), builder(tmp_path, "bob", working[0])


def subjects(file: Path) -> dict[str, str]:
    """The sha256 of each package that an attestation names, by the package's name."""
    statement = json.loads(base64.b64decode(json.loads(file.read_text())["payload"]))
    return {one["name"].split("-")[0]: one["digest"]["sha256"] for one in statement["subject"]}


def test_what_two_have_made_is_promoted_and_published(
    two: tuple[Builder, Builder], tmp_path: Path
) -> None:
    alice, bob = two
    record = alice.json("build", *CELL)
    file, site = tmp_path / "bob.json", tmp_path / "site"
    assert "python" in bob.run("verify", "--against", str(alice.bench.channel), "--dry-run").stdout
    assert not list(bob.bench.home.glob("artifacts/*"))
    with serving(alice.bench.channel) as url:
        assert bob.verify(url, "--write", str(file)) == {"python": "same", "root": "same"}
    made = {node["package"]: node["sha256"] for node in record["nodes"]}
    assert subjects(file) == {name: made[name] for name in ("python", "root")}

    needs = ("--builders", "2", "--key", bob.public)
    for words in (("publish", str(site)), ("publish", str(site), "--dry-run")):
        refused = alice.run(*words, *needs, code=5).stderr
        assert "2 of 2 packages have fewer" in refused and "root-6.40.00" in refused
    assert not site.exists() or not list(site.glob("*/repodata.json"))
    alice.run("publish", str(site), *needs, "--attestation", str(file))
    assert list(site.glob("linux-64/root-*.conda"))

    public = tmp_path / "public"
    alice.run("build", *CELL, *needs, channel=public, code=5)
    assert not public.exists()
    alice.run("build", *CELL, *needs, "--attestation", str(file), channel=public)
    trusted = ("--builders", "2", "--key", alice.public, "--key", bob.public)
    alice.run("verify", "latest", *trusted, channel=public)
    lacking = alice.run("verify", "latest", *trusted, code=1)
    assert "2 of 2 packages have fewer" in lacking.stdout
    # The release has bob's statement, so that publishing needs no file.
    alice.run("publish", str(tmp_path / "copy"), *needs, channel=public)


def test_two_engines_make_the_same_bytes(tmp_path: Path, working: list[str]) -> None:
    if len(working) == 1:
        pytest.skip(f"only one engine works on this machine: {working[0]}")
    alice = builder(tmp_path, "alice", working[0])
    alice.run("build", *CELL)
    for engine in working[1:]:
        found = builder(tmp_path, engine, engine).verify(alice.bench.channel)
        assert found == {"python": "same", "root": "same"}


def test_one_flipped_byte_is_found(two: tuple[Builder, Builder], tmp_path: Path) -> None:
    alice, bob = two
    alice.run("build", *CELL)
    [path] = alice.bench.channel.glob("linux-64/root-*.conda")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()  # the store has the same file
    path.write_bytes(content)
    file = tmp_path / "bob.json"
    done = bob.run("verify", "--against", str(alice.bench.channel), "--write", str(file), code=1)
    assert "1 of 2 packages are not as in release 1" in done.stderr and path.name in done.stderr
    assert "its release names another sha256" in done.stdout
    assert subjects(file).keys() == {"python"}


def test_what_depends_on_chance_is_not_agreed_on(
    two: tuple[Builder, Builder], tmp_path: Path
) -> None:
    alice, bob = two
    for one in two:
        one.bench.recipe("root", make_sh=CHANCE)
    alice.run("build", *CELL)
    file = tmp_path / "bob.json"
    done = bob.run("verify", "--against", str(alice.bench.channel), "--write", str(file), code=1)
    assert "chance.txt: different text" in done.stdout
    needs = ("--builders", "2", "--key", bob.public, "--attestation", str(file))
    refused = alice.run("publish", str(tmp_path / "site"), *needs, code=5).stderr
    assert "1 of 2 packages have fewer" in refused and "root-6.40.00" in refused


def test_later_releases_and_other_checkouts(two: tuple[Builder, Builder]) -> None:
    """A build number is that of the release; what has other inputs here is not built."""
    alice, bob = two
    alice.run("build", *CELL)
    alice.bench.recipe("root", root_txt="a second root\n")
    alice.run("build", *CELL)
    [second] = alice.bench.channel.glob("linux-64/root-*_1.conda")
    channel = alice.bench.channel
    assert bob.verify(channel) == {"python": "same", "root": "unknown"}
    assert not list(bob.bench.home.glob("artifacts/*/root-*.conda"))
    assert bob.verify(channel, "1") == {"python": "same", "root": "same"}
    bob.bench.recipe("root", root_txt="a second root\n")
    assert bob.verify(channel) == {"python": "same", "root": "same"}
    assert list(bob.bench.home.glob(f"artifacts/*/{second.name}"))
    done = bob.run("verify", "--against", str(channel), "--level", "3", code=2)
    assert "no package of release 2 is made from the same inputs here" in done.stderr
