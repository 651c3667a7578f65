"""A release that is taken elsewhere, and used there without the network."""

import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rootstock.channel import index
from rootstock.offline.pack import unpack

from .conftest import CHECKOUT, COMMAND, Bench, make_bench

pytestmark = pytest.mark.system
CELL = "root6.40.00-cp311-linux_x86_64"
# A network of its own, in which not even the loopback is up.
ALONE = ("unshare", "--map-root-user", "--net")
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A channel with a release of two cells."""
    bench = make_bench(tmp_path_factory.mktemp("offline"))
    shutil.copytree(CHECKOUT / "ci/tools", bench.checkout / "ci/tools")
    done = bench.run("build", "--root", "6", "--py", "all")
    assert done.returncode == 0, done.stderr
    return bench


@pytest.fixture(autouse=True)
def possible() -> None:
    tried = subprocess.run([*ALONE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no user namespaces on this machine: {tried.stderr}")


def run(bench: Bench, *words: str | Path, before: tuple[str, ...] = ()) -> Done:
    argv = [*before, *COMMAND, *(str(word) for word in words)]
    return subprocess.run(argv, env=bench.env, capture_output=True, text=True, check=False)


def bundle(bench: Bench, target: Path, *words: str) -> Path:
    done = run(bench, "bundle", target, "--channel", bench.channel, *words)
    assert done.returncode == 0, done.stderr
    return target


def install(folder: Path, prefix: Path, *words: str) -> Done:
    """Make an environment without the network, and with a store that has nothing."""
    home = prefix.with_name(f"{prefix.name}-home")
    env = {**os.environ, "ROOTSTOCK_HOME": str(home)}
    argv = [*ALONE, *COMMAND, "env", str(prefix), *words]
    return subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, check=False)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


class _Slow(_Quiet):
    """A server on which packages come to a halt."""

    def copyfile(self, source: object, outputfile: object) -> None:
        if self.path.endswith(".conda"):
            time.sleep(60)
        super().copyfile(source, outputfile)  # type: ignore[arg-type]


@contextmanager
def served(folder: Path, handler: type[SimpleHTTPRequestHandler] = _Quiet) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_bundle_is_installed_from_without_network_or_channel(
    built: Bench, tmp_path: Path
) -> None:
    made = bundle(built, tmp_path / "made", "--only", "*-cp311-*")
    stick = shutil.copytree(made, tmp_path / "a stick/root")
    for word, prefix in (
        (["root", "--channel", "."], tmp_path / "solved"),
        (["--lock", f"releases/0001/{CELL}.txt"], tmp_path / "locked"),
        (["--lock", f"releases/0001/{CELL}.lock"], tmp_path / "pixi"),
    ):
        done = install(stick, prefix, *word)
        assert done.returncode == 0, done.stderr
        assert (prefix / "root.txt").read_text() == "root\n"
        assert (prefix / "bin/python").exists()
    names = {path.name for path in stick.glob("*/*.conda")}
    assert {name for name in built.packages() if "313" not in name} == names


def test_without_the_network_a_channel_that_needs_it_is_not_read(
    built: Bench, tmp_path: Path
) -> None:
    """So that the test above would fail if anything was asked of the network."""
    with served(built.channel) as url:
        assert install(tmp_path, tmp_path / "no", "root", "--channel", url).returncode == 3
        home = {**os.environ, "ROOTSTOCK_HOME": str(tmp_path / "home")}
        argv = [*COMMAND, "env", str(tmp_path / "yes"), "root", "--channel", url]
        assert subprocess.run(argv, env=home, check=False).returncode == 0


def test_what_the_text_says_about_conda_names_the_packages_that_are_there(
    built: Bench, tmp_path: Path
) -> None:
    made = bundle(built, tmp_path / "made", "--only", "*-cp311-*")
    [line] = re.findall(r"^  (sed .*)$", (made / "INSTALL.txt").read_text(), re.MULTILINE)
    subprocess.run(["sh", "-euc", line], cwd=made, check=True)
    lock = (made / "here.txt").read_text()
    urls = [line for line in lock.splitlines() if line.startswith("file:")]
    assert sorted(urls) == sorted(path.as_uri() for path in made.glob("*/*.conda"))
    assert "@EXPLICIT" in lock.splitlines()


def test_one_file_unpacks_to_the_same(built: Bench, tmp_path: Path) -> None:
    whole = bundle(built, tmp_path / "whole")
    with tarfile.open(bundle(built, tmp_path / "one.tar", "--tar")) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    names = {path.relative_to(whole) for path in whole.rglob("*")}
    assert names >= {Path("noarch/repodata.json"), Path("INSTALL.txt"), Path("releases.json")}
    record = json.loads((whole / "releases/0001/release.json").read_text())
    appeared = int(datetime.fromisoformat(record["time"]).timestamp() * 1000)
    for subdir in ("noarch", "linux-64"):
        assert names >= {Path(subdir) / name for name in index.FILES}
        records = index.read(whole / subdir)
        assert index.read_run_exports(whole / subdir) == {name: {} for name in records}
        assert {one["indexed_timestamp"] for one in records.values()} <= {appeared}
    folder = tmp_path / "out/one"
    assert {path.relative_to(folder) for path in folder.rglob("*")} == names
    for package in whole.glob("*/*.conda"):
        assert (folder / package.relative_to(whole)).read_bytes() == package.read_bytes()


def test_a_part_of_a_release_is_verified_as_that(built: Bench, tmp_path: Path) -> None:
    made = bundle(built, tmp_path / "made", "--only", "*-cp311-*")
    verdict = run(built, "verify", "latest", "--channel", made, "--json")
    assert verdict.returncode == 0, verdict.stderr
    assert json.loads(verdict.stdout)["cells"] == [CELL]
    next(made.glob("linux-64/root-*.conda")).unlink()
    assert run(built, "verify", "latest", "--channel", made).returncode == 1


def test_a_bundle_is_made_from_a_url(built: Bench, tmp_path: Path) -> None:
    with served(built.channel) as url:
        done = run(built, "bundle", tmp_path / "made", "--channel", url, "--json")
    said = json.loads(done.stdout)
    assert (said["release"], said["packages"]) == (1, len(built.packages()))
    assert run(built, "verify", "latest", "--channel", tmp_path / "made").returncode == 0


def test_refusals_leave_nothing(built: Bench, tmp_path: Path) -> None:
    target = tmp_path / "made"
    channel = shutil.copytree(built.channel, tmp_path / "channel", symlinks=True)
    for words, code in (
        (("--release", "9"), 2),
        (("--only", "root5*"), 2),
        (("--channel", tmp_path / "nowhere"), 2),
        (("--channel", "http://127.0.0.1:9"), 3),
    ):
        done = run(built, "bundle", target, "--channel", channel, *words)
        assert done.returncode == code, (words, done.stderr)
    package = next(channel.glob("linux-64/root-*.conda"))
    content = package.read_bytes()
    package.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    damaged = run(built, "bundle", target, "--channel", channel)
    assert damaged.returncode == 3
    assert "is damaged" in damaged.stderr
    package.unlink()
    assert "is missing" in run(built, "bundle", target, "--channel", channel).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["channel"]
    target.mkdir()
    assert run(built, "bundle", target, "--channel", built.channel).returncode == 5
    assert list(target.iterdir()) == []


def test_a_dry_run_says_and_makes_nothing(built: Bench, tmp_path: Path) -> None:
    words = ("bundle", tmp_path / "made", "--channel", built.channel, "--dry-run", "--json")
    said = json.loads(run(built, *words).stdout)
    assert set(said["packages"]) == built.packages()
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(built: Bench, tmp_path: Path) -> None:
    with served(built.channel, _Slow) as url:
        argv = [*COMMAND, "bundle", str(tmp_path / "made"), "--channel", url]
        started = subprocess.Popen(argv, env=built.env, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".made.*/made/*/*.conda")) and time.monotonic() < deadline:
            time.sleep(0.01)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=30)
    assert (started.returncode, "interrupted" in said) == (130, True)
    assert list(tmp_path.iterdir()) == []


def offline(bench: Bench, *words: str | Path) -> Done:
    where = ("--channel", bench.channel, "--checkout", bench.checkout)
    return run(bench, *words, "--only", "*-cp311-*", *where)


def test_a_shipped_file_installs_itself_and_is_the_cells_python(
    built: Bench, tmp_path: Path
) -> None:
    """The python of these tests is a shell script, that ends well whatever it is asked."""
    done = offline(built, "ship", tmp_path / "file", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["smoke"]["passed"]
    assert said["size"] == (tmp_path / "file").stat().st_size
    prefix, home = tmp_path / "there", tmp_path / "home"
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "CONDA_SHIP_PREFIX": str(prefix)}
    first = subprocess.run(
        [*ALONE, str(tmp_path / "file"), "-c", "pass"], env=env, capture_output=True, check=False
    )
    assert first.returncode == 0, first.stderr
    assert (prefix / "root.txt").read_text() == "root\n"
    assert (prefix / "conda-meta/frozen").exists()
    content = b"".join(path.read_bytes() for path in prefix.glob("conda-meta/*initial*"))
    assert b"file:///rootstock/deps/" in content
    assert str(built.channel).encode() not in (tmp_path / "file").read_bytes()


def test_a_shipped_file_is_the_same_when_it_is_made_again(built: Bench, tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = offline(built, "ship", tmp_path / name, "--no-test")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_ship_and_pack_refuse_what_cannot_be(built: Bench, tmp_path: Path) -> None:
    (tmp_path / "there.tar").touch()
    every = ("--channel", built.channel)
    for words, code in (
        (("ship", tmp_path / "there.tar", "--only", "*-cp311-*", *every), 5),
        (("ship", tmp_path / "new", *every), 2),
        (("ship", tmp_path / "new", "--only", "*-cp311-*", "--program", "nothing", *every), 1),
        (("pack", "/opt/root", tmp_path / "there.tar", "--only", "*-cp311-*", *every), 5),
        (("pack", "opt/root", tmp_path / "new.tar", "--only", "*-cp311-*", *every), 2),
        (("pack", "/opt/o'brien", tmp_path / "new.tar", "--only", "*-cp311-*", *every), 2),
        (("pack", "/tmp/root", tmp_path / "new.tar", "--only", "*-cp311-*", *every), 2),
        (("pack", "/usr", tmp_path / "new.tar", "--only", "*-cp311-*", *every), 2),
        (("pack", "/opt/root", tmp_path / "new.zip", "--only", "*-cp311-*", *every), 2),
        (("pack", "/opt/root", tmp_path / "new.tar", *every), 2),
    ):
        done = run(built, *words)
        assert done.returncode == code, (words, done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["there.tar"]


def test_a_packed_cell_is_for_its_path_and_readable_by_everybody(
    built: Bench, tmp_path: Path
) -> None:
    done = offline(built, "pack", "/cvmfs/lab.example/root", tmp_path / "one.tar.zst", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["smoke"]["passed"]
    unpack(tmp_path / "one.tar.zst", tmp_path / "out")
    assert (tmp_path / "out/root.txt").read_text() == "root\n"
    assert (tmp_path / "out/.cvmfscatalog").exists()
    frozen = json.loads((tmp_path / "out/conda-meta/frozen").read_text())
    assert "/cvmfs/lab.example/root" in frozen["message"]
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o444 == 0o444, path
        assert not path.is_dir() or path.stat().st_mode & 0o555 == 0o555, path
    again = offline(built, "pack", "/cvmfs/lab.example/root", tmp_path / "two.tar.zst", "--no-test")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "one.tar.zst").read_bytes() == (tmp_path / "two.tar.zst").read_bytes()
