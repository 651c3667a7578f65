"""Releases by the real command: made, copied, checked, and installed from again."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import Artifact
from rootstock.building.previous import entries
from rootstock.channel.stage import stage
from rootstock.core.errors import MachineError, SourceError
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.environment.creation import Locked, create, create_locked
from rootstock.release import locks

from .conftest import COMMAND, Bench

pytestmark = pytest.mark.system

CELL = "root6.40.00-cp311-linux_x86_64"
# What an environment's records say of where its packages came from and where they were unpacked,
# how they were asked for, and what an index says besides their metadata: docs/releases.md.
PROVENANCE = {
    *("url", "channel", "md5", "size"),
    *("requested_specs", "requested_spec"),
    *("extracted_package_dir", "link"),
}
READER = """
import json, os, sys
from pathlib import Path
from rattler import LockFile
environment = LockFile.from_path(Path(sys.argv[1])).default_environment()
[platform] = environment.platforms()
records = environment.conda_repodata_records_for_platform(platform)
found = [json.loads(record.to_json()) for record in records]
print(json.dumps([platform.name, found]), flush=True)
os._exit(0)
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(folder: Path, handler: type[SimpleHTTPRequestHandler] = Quiet) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def tree(prefix: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a folder: its mode and its content, or where it leads."""
    found = {}
    for path in prefix.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[str(path.relative_to(prefix))] = (path.lstat().st_mode, content)
    return found


def assert_identical(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same files, modes and contents; of conda's records all but where they come from."""
    assert one.keys() == other.keys()
    for name, (mode, content) in one.items():
        assert other[name][0] == mode
        if name.startswith("conda-meta/") and name.endswith(".json"):
            records = [json.loads(text) for text in (content, other[name][1])]
            for record in records:
                for field in PROVENANCE:
                    record.pop(field, None)
            assert records[0] == records[1]
        else:
            assert other[name][1] == content, name


@pytest.fixture
def signing(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    """A bench whose root has its prefix in a file, and a user with a key."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("ROOTSTOCK_KEY", raising=False)
    make = 'cp root.txt $PREFIX/\necho "prefix=$PREFIX" > $PREFIX/where.sh\n'
    bench.recipe("root", make_sh=make)
    made = rootstock("keys", "new")
    assert made.returncode == 0, made.stderr
    return bench


def rootstock(*words: str, home: Path | None = None) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, **({"ROOTSTOCK_HOME": str(home)} if home else {})}
    return subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, check=False)


def build(bench: Bench, *words: str) -> Any:
    return bench.json("build", "--root", "6", "--py", "3.11", *words)


def test_a_release_lasts(signing: Bench, tmp_path: Path) -> None:
    """Made, copied in three ways, the original and the store gone; checked and installed."""
    record = build(signing)
    assert record["release"] == 1
    public = tmp_path / "config/rootstock/key.pub"
    tested = smoked_again(signing, tmp_path / "prefix")

    kept = shutil.copytree(signing.channel, tmp_path / "kept", symlinks=True)
    plain = shutil.copytree(signing.channel, tmp_path / "plain")  # as rsync -L makes it
    shutil.rmtree(signing.channel)
    shutil.rmtree(signing.home)
    home = tmp_path / "elsewhere"
    for copy in (str(kept), str(plain)):
        check_and_install(copy, public, home, tmp_path / "prefix", tested)
    with serving(plain) as url:
        check_and_install(url, public, home, tmp_path / "prefix", tested)


def check_and_install(
    copy: str, public: Path, home: Path, prefix: Path, tested: dict[str, Any]
) -> None:
    done = rootstock("verify", "latest", "--channel", copy, "--key", str(public), home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "which you trust" in done.stdout
    assert not home.exists()
    for ending in ("txt", "lock"):
        lock = f"{copy}/releases/0001/{CELL}.{ending}"
        done = rootstock("env", str(prefix), "--lock", lock, home=home)
        assert done.returncode == 0, done.stderr
        assert (prefix / "where.sh").read_text() == f"prefix={prefix}\n"
        assert_identical(tree(prefix), dict(tested))
        shutil.rmtree(prefix)
        shutil.rmtree(home)


def smoked_again(bench: Bench, prefix: Path) -> dict[str, Any]:
    """The files of an environment made as the smoke test makes its own."""
    store = Store(bench.home)
    release = json.loads((bench.channel / "releases/0001/release.json").read_text())
    staged = [artifact_of(entry.folder) for entry in entries(store)]
    specs = release["cells"][CELL]["specs"]
    glibc = release["cells"][CELL]["smoke"]["glibc"]
    channel = stage(staged, prefix.parent / "staged")
    create(prefix, specs, channel, cache=prefix.parent / "cache", listen=silent, glibc=glibc)
    files = tree(prefix)
    shutil.rmtree(prefix)
    return files


def artifact_of(folder: Path) -> Artifact:
    from rootstock.building.artifact import load

    found = load(folder)
    assert found
    return found


def test_verify_names_what_differs(signing: Bench) -> None:
    build(signing)
    [package] = signing.channel.glob("*/root-*.conda")
    content = bytearray(package.read_bytes())
    content[100] ^= 1
    package.unlink()  # it is a link to the store's
    package.write_bytes(content)
    done = signing_verify(signing)
    assert done.returncode == 1
    assert f"{package.name} has the sha256" in done.stdout
    said = json.loads(signing_verify(signing, "--json").stdout)
    assert len(said["differences"]) == 1


def signing_verify(bench: Bench, *words: str) -> "subprocess.CompletedProcess[str]":
    return rootstock("verify", "1", "--channel", str(bench.channel), *words)


def test_a_second_cell_is_a_second_release(signing: Bench) -> None:
    assert build(signing)["release"] == 1
    assert build(signing)["release"] == 0  # nothing new
    both = signing.json("build", "--root", "6", "--py", "all")
    assert both["release"] == 2
    for number in ("1", "2", "latest"):
        done = rootstock("verify", number, "--channel", str(signing.channel))
        assert done.returncode == 0, done.stdout


def test_without_a_key_the_run_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTSTOCK_KEY", str(bench.home / "none.pem"))
    done = bench.run("build", "--root", "6", "--py", "3.11")
    assert done.returncode == 0, done.stderr
    assert "release 1 not signed (rootstock keys new makes a key)" in done.stderr
    assert f"a lock of {bench.channel}/releases/0001" in done.stderr
    said = rootstock("verify", "1", "--channel", str(bench.channel))
    assert said.returncode == 0 and "Not signed" in said.stdout


# Its one package with a suite is the cell's python.
STACK = """
[sets.frames]
packages = ["numpy"]

[packages.python]
suite = ["--pyargs", "test"]
why = "It brings tests."
"""


def test_a_release_without_the_packages_own_tests_says_so(bench: Bench) -> None:
    stack = bench.checkout / "ci/stack.toml"
    stack.write_text("[sets]")  # which is wrong, and no reason to promote nothing
    (bench.checkout / "ci/names.toml").write_text("[names]\n")
    done = bench.run("build", "--root", "6", "--py", "3.13")
    assert (done.returncode, "own tests" in done.stderr) == (0, False), done.stderr
    stack.write_text(STACK)
    done = bench.run("build", "--root", "6", "--py", "3.11")
    assert done.returncode == 0, done.stderr
    assert "the packages' own tests did not run (build --deep runs them): python" in done.stderr
    again = bench.run("build", "--root", "6", "--py", "3.11")
    assert (again.returncode, "own tests" in again.stderr) == (0, False), again.stderr


def test_a_key_with_a_passphrase(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTSTOCK_KEY", str(bench.home / "key.pem"))
    monkeypatch.setenv("ROOTSTOCK_KEY_PASSPHRASE", "sesame")
    made = rootstock("keys", "new", "--encrypt", "--json")
    assert made.returncode == 0, made.stderr
    monkeypatch.delenv("ROOTSTOCK_KEY_PASSPHRASE")
    refused = bench.run("build", "--root", "6", "--py", "3.11")
    assert refused.returncode == 2
    assert "needs a passphrase" in refused.stderr
    assert not bench.channel.exists()
    monkeypatch.setenv("ROOTSTOCK_KEY_PASSPHRASE", "sesame")
    build(bench)
    said = json.loads(rootstock("verify", "1", "--channel", str(bench.channel), "--json").stdout)
    assert said["signer"] == json.loads(made.stdout)["id"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "1", "zlib"], "one release, or packages"),
        (
            ["verify", "zlib", "--key", "a.pub"],
            "--key, --builders and --attestation go with a release",
        ),
        (["verify", "latest", "--key", "a.pub"], "not a public key"),
        (["verify", "latest"], "has no releases"),
        (["lock"], "has no releases"),
        (["lock", "--channel", "http://127.0.0.1:9"], "cannot be read"),
        (["env", "prefix"], "package names, or a --lock"),
        (["env", "prefix", "root", "--lock", "a.lock"], "package names, or a --lock"),
        (["env", "prefix", "--lock", "a.lock"], "there is no lock"),
        (["build", "--url", "example.org"], "is not an address that starts with"),
        (["keys", "show"], "there is no key"),
    ],
)
def test_what_cannot_be_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROOTSTOCK_KEY", str(tmp_path / "key.pem"))
    done = rootstock(*words, home=tmp_path / "home")
    assert done.returncode == (3 if "http" in words[-1] else 2), done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 3
    assert not (tmp_path / "prefix").exists()


@pytest.mark.parametrize("by", ["option", "settings"])
def test_the_public_url_is_in_all_of_it(signing: Bench, tmp_path: Path, by: str) -> None:
    url = "https://example.org/channel/"
    if by == "option":
        build(signing, "--url", url)
    else:
        signing.channel.mkdir()
        (signing.channel / "channel.yaml").write_text(f"url: {url}\n")
        build(signing)
    folder = signing.channel / "releases/0001"
    for ending in ("txt", "lock", "cdx.json"):
        assert "https://example.org/channel/linux-64/" in (folder / f"{CELL}.{ending}").read_text()
    assert str(tmp_path) not in "".join(
        path.read_text() for path in folder.rglob("*") if path.is_file()
    )
    # It is not there, and the copy beside the lock is.
    done = rootstock("env", str(tmp_path / "env"), "--lock", str(folder / f"{CELL}.txt"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("form", ["explicit", "pixi"])
def test_a_lock_for_this_copy_is_printed(signing: Bench, tmp_path: Path, form: str) -> None:
    build(signing)
    copy = signing.channel.rename(tmp_path / "copy")
    with serving(copy) as url:
        done = rootstock("lock", "--format", form, "--channel", url)
        assert done.returncode == 0, done.stderr
        assert str(tmp_path) not in done.stdout
        alone = tmp_path / "alone.lock"
        alone.write_text(done.stdout)
        made = rootstock("env", str(tmp_path / "env"), "--lock", str(alone), home=tmp_path / "h")
        assert made.returncode == 0, made.stderr


def test_py_rattler_reads_the_lock_as_the_index_has_it(signing: Bench, tmp_path: Path) -> None:
    build(signing)
    done = rootstock("lock", "--format", "pixi", "--channel", str(signing.channel))
    lock = tmp_path / "pixi.lock"
    lock.write_text(done.stdout)
    read = subprocess.run([sys.executable, "-c", READER, lock], capture_output=True, check=True)
    platform, records = json.loads(read.stdout)
    assert platform == "linux-64"
    indexed: dict[str, Any] = {}
    for table in signing.channel.glob("*/repodata.json"):
        indexed |= json.loads(table.read_text())["packages.conda"]
    assert {record["name"] for record in records} == {"root", "python"}
    for record in records:
        name = f"{record['name']}-{record['version']}-{record['build']}.conda"
        for field in ("sha256", "md5", "size", "depends", "build_number", "subdir"):
            assert record[field] == indexed[name][field], field
        # These recipes do not say when their sources were released.
        assert record.get("timestamp") == indexed[name].get("timestamp")


@pytest.fixture
def channel(package: Callable[..., Artifact], tmp_path: Path) -> tuple[Path, list[Locked]]:
    """A channel with a noarch Python package, and its lock."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    made = [
        package("python", f"{version}.0", files={"bin/python": python}),
        package(
            "pure", noarch="python", files={"site-packages/p.py": b"x = 1\n"}, depends=["python"]
        ),
        package("low", depends=["__glibc >=2.17,<3.0.a0"]),
    ]
    folder = stage(made, tmp_path / "channel")
    locked = [Locked(url=(folder / a.subdir / a.filename).as_uri(), sha256=a.sha256) for a in made]
    return folder, locked


def test_a_lock_makes_what_its_specs_make(channel: Any, tmp_path: Path) -> None:
    folder, locked = channel
    prefix = tmp_path / "prefix"
    create(prefix, ["pure", "low"], folder, cache=tmp_path / "one", listen=silent)
    solved = tree(prefix)
    assert any(name.endswith(".pyc") for name in solved)
    shutil.rmtree(prefix)
    create_locked(prefix, locked, cache=tmp_path / "two", listen=silent)
    assert_identical(tree(prefix), solved)


def test_what_the_cache_has_is_not_fetched(channel: Any, tmp_path: Path) -> None:
    folder, locked = channel
    create_locked(tmp_path / "one", locked, cache=tmp_path / "cache", listen=silent)
    shutil.rmtree(folder)
    create_locked(tmp_path / "two", locked, cache=tmp_path / "cache", listen=silent)
    assert (tmp_path / "two/share/low.txt").exists()


@pytest.mark.parametrize("web", [False, True])
def test_another_hash_makes_nothing(channel: Any, tmp_path: Path, web: bool) -> None:
    folder, locked = channel
    wrong = Locked(url=locked[2].url, sha256="0" * 64)
    prefix = tmp_path / "prefix"
    with serving(folder) as url:
        where = wrong.url.replace(folder.as_uri(), url) if web else wrong.url
        lock = [*locked[:2], Locked(url=where, sha256=wrong.sha256)]
        with pytest.raises(SourceError):
            create_locked(prefix, lock, cache=tmp_path / "cache", listen=silent)
    assert not prefix.exists()


def test_a_package_that_is_gone_makes_nothing(channel: Any, tmp_path: Path) -> None:
    folder, locked = channel
    next(folder.glob("linux-64/low-*.conda")).unlink()
    with pytest.raises(SourceError, match=r"low-1\.0-h0_0\.conda cannot be read"):
        create_locked(tmp_path / "prefix", locked, cache=tmp_path / "cache", listen=silent)
    assert not (tmp_path / "prefix").exists()


def test_a_system_that_is_too_old_is_reported(
    channel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.12")
    with pytest.raises(MachineError, match=r"needs glibc >= 2\.17; .* taken to have glibc 2\.12"):
        create_locked(tmp_path / "prefix", channel[1], cache=tmp_path / "cache", listen=silent)


def test_a_server_that_says_two_stories_is_found_out(
    package: Callable[..., Artifact], tmp_path: Path
) -> None:
    """What is read before the hash is checked must be what the checked package says."""
    real, fake = package("low"), package("low", key="fake", constrains=["python <3"])
    said: list[str] = []

    class Liar(Quiet):
        def translate_path(self, path: str) -> str:
            said.append(path)
            # A range, which this server does not know; the whole; the whole to install.
            return str((fake if len(said) <= 2 else real).path)

    with serving(tmp_path, Liar) as url:
        lock = [Locked(url=f"{url}/linux-64/{real.filename}", sha256=real.sha256)]
        with pytest.raises(SourceError, match="does not match the metadata from its server"):
            create_locked(tmp_path / "prefix", lock, cache=tmp_path / "cache", listen=silent)
    assert not (tmp_path / "prefix").exists()


def test_a_lock_over_the_web(channel: Any, tmp_path: Path) -> None:
    folder, locked = channel
    with serving(folder) as url:
        text = "@EXPLICIT\n" + "".join(
            f"{one.url.replace(folder.as_uri(), url)}#sha256:{one.sha256}\n" for one in locked
        )
        (folder / "lock.txt").write_text(text)
        read = locks.read(f"{url}/lock.txt", "linux-64")
        create_locked(tmp_path / "prefix", read, cache=tmp_path / "cache", listen=silent)
    assert (tmp_path / "prefix/share/low.txt").read_text() == "key"
