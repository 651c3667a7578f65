"""The command `publish` on channels of the pipeline, and where its token is not."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rootstock.core.progress import silent
from rootstock.environment import creation

from . import anaconda_site
from .anaconda_site import TOKEN, USER, Site
from .conftest import CHECKOUT, Bench
from .faulty import Answer, Fault, serving

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()
    with serving(anaconda_site.Handler, state) as url:
        state.url = url
        yield state


@pytest.fixture
def built(bench: Bench) -> Bench:
    (bench.checkout / "ci/tools").symlink_to(CHECKOUT / "ci/tools")
    bench.json("build", *CELL)
    return bench


def words(site: Site) -> list[str]:
    return [
        "publish",
        f"anaconda:{USER}",
        "--server",
        site.url,
        "--url",
        f"{site.url}/conda/{USER}",
    ]


def run(bench: Bench, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        bench.argv(*words), env={**bench.env, **env}, capture_output=True, text=True, check=False
    )


class Watch(threading.Thread):
    """Looks for a word in the command lines and environments of all processes, until stopped."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word, self.found = word.encode(), set[str]()
        self.has: set[str] = set()  # the command lines of those whose environment has it
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.01):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    line, env = ((folder / f).read_bytes() for f in ("cmdline", "environ"))
                except OSError:
                    continue
                words = line.replace(b"\0", b" ").decode(errors="replace")
                if self.word in line:
                    self.found.add(words)
                if self.word in env:
                    self.has.add(words)


def test_a_channel_is_published_and_the_token_is_nowhere(built: Bench, site: Site) -> None:
    watch = Watch(TOKEN)
    watch.start()
    try:
        done = run(built, *words(site), "--json", ANACONDA_API_TOKEN=TOKEN)
    finally:
        watch.stop.set()
        watch.join()
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert set(site.labelled("main")) == set(printed["shown"]) == set(printed["read"])
    assert {Path(path).name for path in printed["shown"]} == built.packages()
    assert printed["cells"] == ["root6.40.00-cp311-linux_x86_64"]
    assert watch.found == set()
    # The command itself, and as long as a client runs, that: no sandbox, no solver, no pip.
    others = {line for line in watch.has if "rootstock publish" not in line}
    assert others and all("programs/anaconda.py" in line for line in others)
    assert TOKEN not in done.stdout + done.stderr
    holds_nothing(built, TOKEN)
    assert any(TOKEN in header for _, _, header in site.asked)

    again = run(built, *words(site), ANACONDA_API_TOKEN=TOKEN)
    assert again.returncode == 0 and "0 uploaded, 0 new" in again.stderr


def holds_nothing(bench: Bench, word: str) -> None:
    """No file of a store has a word, but those that are shared with other stores."""
    for folder, folders, names in os.walk(bench.home):
        folders[:] = [name for name in folders if not Path(folder, name).is_symlink()]
        for path in (Path(folder, name) for name in names):
            assert not path.is_file() or word.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (200, {"files": None}, 4, "Traceback"),
        (403, {"error": f"{TOKEN} may not"}, 5, "<ROOTSTOCK_TOKEN> may not"),
        (200, TOKEN.encode(), 3, "an answer that is not JSON"),
    ],
)
def test_no_failure_says_the_token(
    status: int, body: object, code: int, said: str, built: Bench, site: Site
) -> None:
    token = built.checkout / "token"
    token.write_text(f"{TOKEN}\n")

    def nonsense(handler: anaconda_site.Handler, value: object, rest: list[str]) -> None:
        raise Answer(status, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anaconda_site.Handler, "package", nonsense)
        done = run(built, *words(site), "--tries", "1", "--token-file", str(token))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert TOKEN not in done.stdout + done.stderr
    holds_nothing(built, TOKEN)


def test_what_is_refused_ends_with_5_and_a_dead_site_with_3(built: Bench, site: Site) -> None:
    site.faults = [Fault("commit", 401)]
    done = run(built, *words(site), ANACONDA_API_TOKEN=TOKEN)
    assert done.returncode == 5 and "Check that the token is right" in done.stderr
    site.faults = []
    dead = run(built, "publish", "quetz:http://127.0.0.1:9/c", "--tries", "2")
    assert dead.returncode == 2 and "Set QUETZ_API_KEY" in dead.stderr
    dead = run(built, "publish", "quetz:http://127.0.0.1:9/c", "--dry-run", "--tries", "2")
    assert dead.returncode == 3 and "again in 1 s" in dead.stderr


def test_mistakes_end_with_2(built: Bench, tmp_path: Path) -> None:
    assert "Set ANACONDA_API_TOKEN" in run(built, "publish", f"anaconda:{USER}").stderr
    for target in ("anaconda:", "quetz:host", "s3://", "ftp://host/channel"):
        assert run(built, "publish", target, ANACONDA_API_TOKEN="t").returncode == 2
    folder = str(tmp_path / "web")
    assert run(built, "publish", folder, "--label", "main").returncode == 2
    assert run(built, "publish", folder, "--release", "7").returncode == 2
    assert not Path(folder).exists()


def test_a_dry_run_needs_no_token_and_changes_nothing(built: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    printed = json.loads(run(built, "publish", str(folder), "--dry-run", "--json").stdout)
    assert {Path(path).name for path in printed["upload"]} == built.packages()
    assert printed["upload"] == printed["show"]
    assert not folder.exists()


def test_a_folder_is_published_staged_first(built: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    done = run(built, "publish", str(folder), "--stage-only")
    assert done.returncode == 0, done.stderr
    assert not (folder / "noarch/repodata.json").exists()
    done = run(built, "publish", f"folder:{folder}")
    assert done.returncode == 0, done.stderr
    assert "0 uploaded" in done.stderr and "rdataframe" in done.stderr
    made = creation.create(
        tmp_path / "env", ["root"], folder, cache=tmp_path / "cache", listen=silent
    )
    assert {package.name for package in made.packages} == {"root", "python"}
    assert (folder / "releases/0001/release.json").is_file()


def test_ctrl_c_ends_it_and_the_next_run_goes_on(built: Bench, site: Site) -> None:
    site.faults = [Fault("commit", "hang", spare=1)]
    env = {**built.env, "ANACONDA_API_TOKEN": TOKEN}
    with subprocess.Popen(
        built.argv(*words(site)), env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not site.met:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in said
    assert site.labelled("main") == {} and len(site.files) == 1
    site.faults = []
    done = run(built, *words(site), "--json", ANACONDA_API_TOKEN=TOKEN)
    assert len(json.loads(done.stdout)["uploaded"]) == 1
    assert len(site.labelled("main")) == 2


def test_builds_do_not_see_a_token(bench: Bench) -> None:
    """Not in their own environment, nor in that of any process that they can see."""
    look = "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | cut -d= -f1 | sort -u >seen\n"
    bench.recipe("root", make_sh=f"{look}cp root.txt seen $PREFIX/\n")
    done = run(bench, "build", *CELL, ANACONDA_API_TOKEN=TOKEN, AWS_SECRET_ACCESS_KEY=TOKEN)
    assert done.returncode == 0, done.stderr
    made = creation.create(
        bench.home / "env", ["root"], bench.channel, cache=bench.home / "cache", listen=silent
    )
    names = (made.prefix / "seen").read_text().split()
    assert "PREFIX" in names
    assert not {"ANACONDA_API_TOKEN", "AWS_SECRET_ACCESS_KEY"} & {*names}
