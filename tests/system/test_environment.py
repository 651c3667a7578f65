"""Environments from channels of small real packages."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from rootstock.channel.stage import stage
from rootstock.core.errors import MachineError, SourceError, UsageError
from rootstock.core.progress import Event, silent
from rootstock.environment.creation import Environment, Locked, create, create_locked
from rootstock.environment.prefix import MARK

from ..channels import promote
from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.system


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(specs: list[str], channel: Path | str, **options: Any) -> Environment:
        arguments: dict[str, Any] = {"cache": tmp_path / "cache", "listen": silent, **options}
        return create(tmp_path / "prefix", specs, channel, **arguments)

    return make


def test_environment_has_the_files_and_their_records(
    package: Any, tmp_path: Path, make: Any
) -> None:
    channel = stage([package("top", depends=["low >=1"]), package("low")], tmp_path / "channel")
    events: list[Event] = []
    made = make(["top"], channel, listen=events.append)
    assert (made.prefix / "share/low.txt").read_text() == "key"
    assert {p.name for p in made.packages} == {"top", "low"}
    assert {p.name for p in (made.prefix / "conda-meta").iterdir()} == {
        "history",
        "top-1.0-h0_0.json",
        "low-1.0-h0_0.json",
    }
    assert made.size > 0
    assert next(e.state for e in events) == "start"
    assert events[-1].state == "done"
    linked = [e for e in events if e.detail.startswith("link")]
    assert [(e.done, e.total) for e in linked] == [(1, 2), (2, 2)]


def test_files_are_linked_from_the_cache(package: Any, tmp_path: Path, make: Any) -> None:
    made = make(["one"], stage([package("one")], tmp_path / "channel"))
    assert (made.prefix / "share/one.txt").stat().st_nlink == 2


def test_noarch_python_is_compiled(package: Any, tmp_path: Path, make: Any) -> None:
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    channel = stage(
        [
            package("python", f"{version}.0", files={"bin/python": python}),
            package(
                "pure",
                files={"site-packages/pure.py": b"x = 1\n"},
                noarch="python",
                depends=["python"],
            ),
        ],
        tmp_path / "channel",
    )
    made = make(["pure"], channel)
    site = made.prefix / f"lib/python{version}/site-packages"
    assert (site / "pure.py").is_file()
    assert list((site / "__pycache__").glob("pure.*.pyc"))


def test_same_name_with_other_bytes_is_not_taken_from_the_cache(
    package: Any, tmp_path: Path, make: Any
) -> None:
    make(["one"], stage([package("one", key="a")], tmp_path / "a"))
    other = create(
        tmp_path / "other",
        ["one"],
        stage([package("one", key="b")], tmp_path / "b"),
        cache=tmp_path / "cache",
        listen=silent,
    )
    assert (other.prefix / "share/one.txt").read_text() == "b"


def test_second_promotion_is_seen_at_once(package: Any, tmp_path: Path, make: Any) -> None:
    channel = tmp_path / "channel"
    promote([package("one")], channel)
    make(["one"], channel)
    promote([package("one", "2.0")], channel)
    again = create(tmp_path / "again", ["one"], channel, cache=tmp_path / "cache", listen=silent)
    assert [p.version for p in again.packages] == ["2.0"]


def test_plain_web_server(package: Any, tmp_path: Path, make: Any) -> None:
    channel = tmp_path / "channel"
    promote([package("top", depends=["low"]), package("low", noarch="generic")], channel)
    handler = partial(SimpleHTTPRequestHandler, directory=str(channel))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        made = make(["top"], url)
        promote([package("top", "2.0")], channel)
        again = create(tmp_path / "again", ["top"], url, cache=tmp_path / "cache", listen=silent)
        with pytest.raises(SourceError, match="cannot be read"):
            create(tmp_path / "no", ["top"], f"{url}/no", cache=tmp_path / "cache", listen=silent)
        server.shutdown()
    assert {p.name for p in made.packages} == {"top", "low"}
    assert {p.version for p in again.packages} == {"2.0"}


def test_refusals_leave_nothing(package: Any, tmp_path: Path, make: Any) -> None:
    channel = stage(
        [
            package("rootling", depends=["__glibc >=2.28"]),
            package("a", depends=["low 1.*"]),
            package("b", depends=["low 2.*"]),
            package("low", "1.0"),
            package("low", "2.0"),
        ],
        tmp_path / "channel",
    )
    with pytest.raises(UsageError, match="no package rootlin") as unknown:
        make(["rootlin"], channel)
    assert "rootling" in unknown.value.remedy
    with pytest.raises(UsageError, match=r"low 1\.\*"):
        make(["a", "b"], channel)
    with pytest.raises(MachineError, match=r"glibc >= 2\.28 .*; the system .* has glibc 2\.17"):
        make(["rootling"], channel, glibc="2.17")
    with pytest.raises(UsageError, match="parse"):
        make(["rootling >"], channel)
    with pytest.raises(UsageError, match="There is no channel"):
        make(["a"], tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"):
        create(tmp_path / "file/prefix", ["a"], channel, cache=tmp_path / "cache", listen=silent)
    with pytest.raises(UsageError, match="is not a channel"):
        make(["a"], tmp_path)
    assert not (tmp_path / "prefix").exists()
    made = make(["rootling"], channel, glibc="2.28")
    with pytest.raises(UsageError, match="not empty"):
        make(["a"], channel)
    assert (made.prefix / "share/rootling.txt").exists()


STANDARD = "root_cxx_standard"


def asked(requirements: dict[str, list[str]], kind: str) -> list[str]:
    """What a recipe asks of the marker of the C++ standard, in a list of its requirements."""
    return [one for one in requirements[kind] if one.startswith(STANDARD)]


def test_another_cxx_standard_than_roots_is_refused(
    package: Any, tmp_path: Path, make: Any
) -> None:
    """The markers and root are as the recipes have them; `other` is compiled as C++20."""
    recipes = CHECKOUT / "recipes/root"
    marker = yaml.safe_load((recipes / STANDARD / "recipe.yaml").read_text())
    root6 = yaml.safe_load((recipes / "root6-wheel/recipe.yaml").read_text())
    [core] = [one for one in root6["outputs"] if one["package"]["name"] == "root-core"]
    needs = core["requirements"]
    assert asked(needs, "run") == asked(needs, "run_exports") == [f"{STANDARD} ==17"]

    def exported(standard: str) -> list[str]:
        """What a package depends on that has the marker of a standard in `host`."""
        exports = asked(marker["requirements"], "run_exports")
        return [one.replace("${{ standard }}", standard) for one in exports]

    channel = stage(
        [
            package(STANDARD, "17", noarch="generic"),
            package(STANDARD, "20", noarch="generic"),
            package("root-core", depends=asked(needs, "run")),
            package("same", depends=["root-core", *asked(needs, "run_exports")]),
            package("other", depends=exported("20")),
            package("both", depends=["root-core", *exported("20")]),
        ],
        tmp_path / "channel",
    )
    for specs in (["root-core", "other"], ["same", "other"], ["both"]):
        with pytest.raises(UsageError, match="No combination of packages") as refused:
            make(specs, channel)
        said = str(refused.value)
        assert f"{STANDARD} ==20" in said and f"{STANDARD} ==17" in said
        assert specs[-1] in said
        assert not (tmp_path / "prefix").exists()
    made = make(["root-core", "same"], channel)
    assert (STANDARD, "17") in {(one.name, one.version) for one in made.packages}
    alone = create(tmp_path / "alone", ["other"], channel, cache=tmp_path / "cache", listen=silent)
    assert (STANDARD, "20") in {(one.name, one.version) for one in alone.packages}


def test_a_system_that_is_too_old_is_reported_the_oldest_that_is_not(
    package: Any, tmp_path: Path
) -> None:
    """The newest of two versions needs the newest glibc, and the other one a dependency's."""
    channel = stage(
        [
            package("leaf", "1.0", depends=["stem"]),
            package("leaf", "2.0", depends=["stem", "__glibc >=2.34,<3.0.a0"]),
            package("stem", depends=["__glibc >=2.17,<3.0.a0"]),
            package("fern", depends=["moss 1.*", "moss 2.*"]),
            package("moss", depends=["__glibc >=2.17"]),
        ],
        tmp_path / "channel",
    )

    def env(glibc: str, spec: str) -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, "env", str(tmp_path / "env"), spec, "--channel", str(channel)]
        own = {"CONDA_OVERRIDE_GLIBC": glibc, "ROOTSTOCK_HOME": str(tmp_path / "store")}
        environ = {**os.environ, **own}
        return subprocess.run(words, env=environ, capture_output=True, text=True, check=False)

    done = env("2.12", "leaf")
    assert done.returncode == 4
    assert (
        "leaf: needs glibc >= 2.17 (stem-1.0-h0_0.conda); this system is taken to have glibc 2.12"
        in done.stderr
    )
    assert "Unset CONDA_OVERRIDE_GLIBC" in done.stderr
    no_matter_which = env("2.12", "fern")  # an older system is not what is wrong
    assert no_matter_which.returncode == 2
    assert "No combination of packages" in no_matter_which.stderr
    assert not (tmp_path / "env").exists()
    assert env("2.17", "leaf").returncode == 0
    assert (tmp_path / "env/conda-meta/leaf-1.0-h0_0.json").exists()


def test_failing_listener_ends_it(package: Any, tmp_path: Path, make: Any) -> None:
    def listen(event: Event) -> None:
        if event.state == "progress":
            raise ValueError("no terminal")

    channel = stage([package(f"p{n}") for n in range(30)], tmp_path / "channel")
    with pytest.raises(ValueError, match="no terminal"):
        make([f"p{n}" for n in range(30)], channel, listen=listen)
    assert not (tmp_path / "prefix").exists()


def test_damaged_package_is_refused(package: Any, tmp_path: Path, make: Any) -> None:
    one = package("one")
    channel = stage([one], tmp_path / "channel")
    file = channel / "linux-64" / one.filename
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(SourceError):
        make(["one"], channel)
    assert not (tmp_path / "prefix").exists()


def test_a_command_with_a_slash_in_its_name_is_not_made(
    package: Any, tmp_path: Path, make: Any
) -> None:
    """It could as well be one that leads out of the prefix."""
    tool = package("tool", noarch="python", entry_points=["sub/tool = tool:main"])
    stage([tool, package("other")], tmp_path / "channel")
    for _ in range(2):  # the second finds it in the cache
        with pytest.raises(SourceError, match=r"tool-1\.0-h0_0 would write to 'sub/tool"):
            make(["tool", "other"], tmp_path / "channel")
        assert not (tmp_path / "prefix").exists()


def test_full_disk(package: Any, tmp_path: Path) -> None:
    """Runs where a small file system can be mounted: as root, or in a user namespace."""
    channel = stage(
        [package("big", files={"share/big": os.urandom(4_000_000)})], tmp_path / "channel"
    )
    (tmp_path / "small").mkdir()
    code = f"""
from pathlib import Path
from rootstock.environment.creation import create
from rootstock.core.errors import MachineError
small = Path({str(tmp_path / "small")!r})
try:
    create(small / "prefix", ["big"], {str(channel)!r}, cache=small / "cache", listen=print)
except MachineError as error:
    assert "No space left" in str(error), error
    assert not (small / "prefix").exists()
    print("refused")
"""
    script = f"mount -t tmpfs -o size=3m none {tmp_path / 'small'} && exec {sys.executable} -"
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces")
    ended = subprocess.run(
        [*unshare, script],
        input=code,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.endswith("refused\n"), ended.stdout + ended.stderr


@pytest.mark.parametrize("there", [False, True])
def test_interrupted_leaves_nothing(
    package: Any, gone: Callable[[int], bool], tmp_path: Path, there: bool
) -> None:
    files = {f"share/{n}": os.urandom(1000) for n in range(20_000)}
    channel = stage([package("many", files=files)], tmp_path / "channel")
    prefix, cache = tmp_path / "prefix", tmp_path / "cache"
    if there:
        prefix.mkdir()
    code = f"""
from pathlib import Path
from rootstock.environment.creation import create
create(Path({str(prefix)!r}), ["many"], {str(channel)!r}, cache=Path({str(cache)!r}),
       listen=lambda event: print(event, flush=True))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(cache.glob(".many*/*/*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT, errors
    assert "state='done'" not in output
    assert prefix.exists() == there
    assert not there or not any(prefix.iterdir())
    assert not [path for path in cache.glob(".*") if path.is_dir()]
    assert gone(process.pid)


@pytest.fixture
def many(package: Any, tmp_path: Path) -> Path:
    """A channel with packages of many files."""
    names = [f"many{number}" for number in range(4)]
    content = {name: {f"share/{name}/{n}": name.encode() for n in range(1500)} for name in names}
    parts = [package(name, files=content[name]) for name in names]
    return stage([*parts, package("all", depends=names)], tmp_path / "many")


def start(prefix: Path, channel: Path, home: Path, *words: str) -> subprocess.Popen[str]:
    """Start `rootstock env`, which Ctrl-C reaches once Python itself has started."""
    return subprocess.Popen(
        [*COMMAND, "env", str(prefix), "all", "--channel", str(channel), *words],
        env={**os.environ, "ROOTSTOCK_HOME": str(home)},
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def content_of(prefix: Path) -> dict[str, bytes]:
    """Every file of an environment but the history, which has the time."""
    return {
        str(path.relative_to(prefix)): os.fsencode(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in prefix.rglob("*")
        if not path.is_dir() and not path.match("conda-meta/history")
    }


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT])
def test_ended_at_any_moment_the_same_command_goes_on(
    many: Path, tmp_path: Path, seed: int, number: signal.Signals
) -> None:
    """The moments are drawn; ROOTSTOCK_TEST_SEED has the same drawn again."""
    draw, prefix, home = random.Random(seed), tmp_path / "prefix", tmp_path / "home"
    whole = start(tmp_path / "whole", many, home)
    assert whole.wait(timeout=120) == 0, whole.communicate()
    for there in (False, True):
        if there:
            shutil.rmtree(prefix)
            prefix.mkdir()
        for _ in range(4):
            process = start(prefix, many, home)
            deadline = time.monotonic() + 60
            wanted = draw.choice([0, 0, 1, 500, 3000, 5500])
            while time.monotonic() < deadline and process.poll() is None:
                # The folders may go while they are read, which os.walk does not mind.
                if sum(len(files) for _, _, files in os.walk(prefix / "share")) >= wanted:
                    break
            time.sleep(draw.random() / 50)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
            if process.returncode and number != signal.SIGKILL:
                assert process.returncode in (130, -number), said
            if any(prefix.glob("*")) and MARK not in os.listdir(prefix):
                # It was finished, and at most its report was cut off.
                assert content_of(prefix).keys() == content_of(tmp_path / "whole").keys()
                shutil.rmtree(prefix)
            elif number != signal.SIGKILL:
                assert [*prefix.glob("*")] == []
        last = start(prefix, many, home)
        _, shown = last.communicate(timeout=120)
        assert last.returncode == 0, shown
        assert MARK not in os.listdir(prefix)
        assert content_of(prefix).keys() == content_of(tmp_path / "whole").keys()


def test_of_two_at_once_one_is_refused(many: Path, tmp_path: Path) -> None:
    prefix, home = tmp_path / "prefix", tmp_path / "home"
    both = [start(prefix, many, home), start(prefix, many, home, "--json")]
    shown = [process.communicate(timeout=120) for process in both]
    codes = [process.returncode for process in both]
    # The second may also begin when the first has finished.
    assert sorted(codes) in ([0, 5], [0, 2]), shown
    assert sum(1 for _ in prefix.glob("share/*/*")) == 4 * 1500
    assert len(list((prefix / "conda-meta").glob("*.json"))) == 5


def test_json_is_one_object(many: Path, tmp_path: Path) -> None:
    made = start(tmp_path / "prefix", many, tmp_path / "home", "--json")
    output, errors = made.communicate(timeout=120)
    assert made.returncode == 0, errors
    shown = json.loads(output)
    assert shown["prefix"] == str(tmp_path / "prefix")
    assert {package["name"] for package in shown["packages"]} == {f"many{n}" for n in range(4)} | {
        "all"
    }


@pytest.mark.parametrize("prefix", [b"", b"not-utf8-\xff", b"o'brien", b"a:b", b"$HOME/root"])
def test_a_prefix_that_cannot_be_is_refused_with_the_reason(
    many: Path, tmp_path: Path, prefix: bytes
) -> None:
    done = subprocess.run(
        [*COMMAND, "env", prefix, "all", "--channel", str(many)],
        cwd=tmp_path,
        env={**os.environ, "ROOTSTOCK_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "environment" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"many", "artifacts", "home"}


def test_the_result_is_that_of_py_rattler_itself(package: Any, tmp_path: Path, make: Any) -> None:
    """The same files with the same bytes; what rootstock adds is the compiled Python files."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    pure = {"site-packages/pure.py": b"x = 1\n"}
    channel = stage(
        [
            package("python", f"{version}.0", files={"bin/python": python}),
            package("low", files={f"share/low/{n}": os.urandom(99) for n in range(50)}),
            package("pure", files=pure, noarch="python", depends=["python", "low >=1"]),
            package("other", noarch="generic", depends=["low"]),
        ],
        tmp_path / "channel",
    )
    code = f"""
import asyncio
from pathlib import Path
from rattler import Channel, install, solve

async def main():
    records = await solve(
        sources=[Channel({channel.as_uri()!r})], specs=["pure", "other"],
        platforms=["linux-64", "noarch"],
    )
    specs = [__import__("rattler").MatchSpec(s)._match_spec for s in ("pure", "other")]
    await install(
        records, {str(tmp_path / "prefix")!r}, cache_dir=Path({str(tmp_path / "own")!r}),
        show_progress=False, requested_specs=specs,
    )

asyncio.run(main())
__import__("os")._exit(0)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    prefix = tmp_path / "prefix"
    theirs = content_of(prefix)
    shutil.rmtree(prefix)
    made = make(["pure", "other"], channel)
    # The one is linked from its own cache, and the other from rootstock's: both name it.
    ours = {
        name: content.replace(str(tmp_path / "cache").encode(), str(tmp_path / "own").encode())
        for name, content in content_of(made.prefix).items()
        if not name.endswith(".pyc")
    }
    assert ours == theirs
    mode = {stat.S_IMODE(path.stat().st_mode) for path in (prefix / "conda-meta").iterdir()}
    os.umask(mask := os.umask(0))
    assert mode == {0o666 & ~mask}


def test_a_file_of_the_cache_that_was_written_to_is_had_anew(
    package: Any, tmp_path: Path, make: Any
) -> None:
    channel = stage([package("low"), package("top", depends=["low"])], tmp_path / "channel")
    first = make(["top"], channel)
    (first.prefix / "share/low.txt").write_text("edited in place")
    events: list[Event] = []
    again = create(
        tmp_path / "again", ["top"], channel, cache=tmp_path / "cache", listen=events.append
    )
    assert (again.prefix / "share/low.txt").read_text() == "key"
    assert len(list((again.prefix / "conda-meta").glob("*.json"))) == 2
    assert any("damaged" in event.detail for event in events if event.state == "note")


def test_scripts_that_conda_would_run_are_reported(package: Any, tmp_path: Path, make: Any) -> None:
    channel = stage(
        [
            package("a-script", files={"bin/.a-script-post-link.sh": b"true\n"}),
            package("b", files={"bin/.other-post-link.sh": b"true\n"}),
        ],
        tmp_path / "channel",
    )
    events: list[Event] = []
    make(["a-script", "b"], channel, listen=events.append)
    [note] = [event.detail for event in events if event.state == "note"]
    assert "a-script" in note
    assert "b," not in note


def test_a_lock_that_is_no_environment_is_refused(package: Any, tmp_path: Path) -> None:
    low, old = package("low"), package("low", "0.5", key="old")
    top = package("top", depends=["low >=1"])
    alone = package("alone", constrains=["low <1"])
    channel = stage([low, old, top, alone], tmp_path / "channel")

    def make(*chosen: Any) -> Environment:
        locked = [
            Locked(url=(channel / "linux-64" / one.filename).as_uri(), sha256=one.sha256)
            for one in chosen
        ]
        return create_locked(tmp_path / "prefix", locked, cache=tmp_path / "cache", listen=silent)

    for chosen, reason in (
        ([top], "lacks low >=1"),
        ([top, old], "needs low >=1"),
        ([alone, low], "only allows low <1"),
    ):
        with pytest.raises(UsageError, match=reason):
            make(*chosen)
        assert not (tmp_path / "prefix").exists()
    assert len(make(top, low).packages) == 2


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
