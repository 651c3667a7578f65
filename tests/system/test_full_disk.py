"""A full disk is an error with its exit code, whenever it fills; with space again, all goes on.

The store and the channel are on a small file system of their own, which is mounted in a user
namespace: no root is needed. It is filled from within, at a given moment of the run, by what
`DRIVER` puts around the pipeline.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import CHECKOUT, COMMAND, ROOT, Bench
from .test_crash import CELL, state

pytestmark = pytest.mark.system
UNSHARE = ("unshare", "--map-root-user", "--mount", "sh", "-euc")
SIZE = "48m"

# Runs the pipeline with a disk that fills at a moment, then the command, after space was made.
DRIVER = """
import json, sys
from pathlib import Path

from rootstock.run import building, testing
from rootstock.building import artifact, builder
from rootstock.core.errors import RootstockError
from rootstock.run.pipeline import run
from rootstock.core.checkout import Checkout
from rootstock.run.request import Request
from rootstock.core.store import Store
from tests.system.conftest import Bench
from tests.system.test_crash import CELL, assert_whole, state

small, checkout, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
ballast = small / "ballast"
filled = []

def fill():
    if filled:
        return
    filled.append(True)
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass

def listen(event):
    if f"{event.stage} {event.state}" == moment:
        fill()

def before(function):
    def filled_first(*args, **options):
        fill()
        return function(*args, **options)
    return filled_first

if moment == "packing":
    builder.normalise = before(builder.normalise)
if moment == "staging":
    building.stage = before(building.stage)
    testing.stage = before(testing.stage)

store, channel = Store(small / "store"), small / "channel"
request = Request(
    checkout=Checkout(checkout), axes={"root": ("6",), "python": ("3.11",)}, channel=channel
)
try:
    record, _ = run(request, store, listen, "promote")
    code, said = record.code, f"{record.error} {record.remedy}"
except RootstockError as error:  # where there was no room for a report of it either
    code, said = error.code, f"{error.message} {error.remedy}"
assert filled, "the disk was never filled"
assert code == 4, said
assert "No space left" in said and "Free some" in said, said
assert list((small / "store/tmp").iterdir()) == []
assert all(artifact.load(folder) for folder in (small / "store/artifacts").iterdir())
assert not list(channel.glob("*/*.conda")), "in the channel, and not promoted"

ballast.unlink()
bench = Bench(checkout, small / "store", channel)
made = bench.run("build", *CELL)
assert made.returncode == 0, made.stderr
assert_whole(channel)
print(json.dumps(state(bench)))
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Where a small file system can be mounted."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces are not allowed on this machine")
    (tmp_path / "small").mkdir()
    return tmp_path / "small"


def on_small(small: Path, bench: Bench, *argv: str) -> list[str]:
    """The command that runs another with a small file system, and in it a store with images."""
    images = (bench.home / "images").resolve()
    script = (
        f"mount -t tmpfs -o size={SIZE} none {small}; mkdir {small}/store; "
        f'ln -s {images} {small}/store/images; exec "$@"'
    )
    return [*UNSHARE, script, "sh", *argv]


def with_a_source(bench: Bench) -> None:
    source = bench.checkout / "source.txt"
    source.write_text("a source\n" * 1000)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    entry = f'source: [{{path: root.txt}}, {{url: "{source.as_uri()}", sha256: "{sha256}"}}]'
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", entry))


@pytest.mark.parametrize(
    "moment",
    ["sources start", "build start", "packing", "staging", "audit start", "env start",
     "promote start"],
)  # fmt: skip
def test_a_disk_that_fills_ends_with_4_and_leaves_nothing_half_made(
    bench: Bench, small: Path, moment: str
) -> None:
    with_a_source(bench)
    path = os.pathsep.join([str(CHECKOUT), *sys.path])
    done = subprocess.run(
        on_small(small, bench, sys.executable, "-", str(small), str(bench.checkout), moment),
        input=DRIVER,
        env={**bench.env, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    bench.json("build", *CELL)
    assert json.loads(done.stdout) == json.loads(json.dumps(state(bench)))


def test_a_build_that_fills_the_disk_is_reported_and_tried_again(bench: Bench, small: Path) -> None:
    script = "dd if=/dev/zero of=big bs=1M count=100\n"
    bench.recipe("root", make_sh=script)
    command = [*COMMAND, "build", *CELL, "--checkout", str(bench.checkout)]
    twice = '"$@" || echo "ended with $?"; "$@" || echo "ended with $?"'
    done = subprocess.run(
        on_small(small, bench, "sh", "-c", twice, "sh", *command, "--channel", f"{small}/channel"),
        env={**bench.env, "ROOTSTOCK_HOME": f"{small}/store"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["ended with 4"] * 2, done.stderr
    assert done.stderr.count(f"No space left for {small}/store") == 2
    assert "ROOTSTOCK_HOME" in done.stderr
    assert "not tried again" not in done.stderr


# ---- what else a disk may lack: none of it is the package's failure


def on_mounted(
    small: Path, bench: Bench, options: str, script: str
) -> "subprocess.CompletedProcess[str]":
    """Run a shell script with a small store that is mounted with some options.

    `$B` in it runs a build, and `$S` is the store.
    """
    images = (bench.home / "images").resolve()
    command = [*COMMAND, "build", *CELL, "--checkout", str(bench.checkout)]
    build = " ".join([*command, "--channel", f"{small.parent}/channel"])
    mounted = f"mount -t tmpfs -o {options} none {small}; mkdir {small}/store; "
    mounted += f"ln -s {images} {small}/store/images\nS={small}/store\nB='{build}'\n{script}"
    return subprocess.run(
        [*UNSHARE, mounted],
        env={**bench.env, "ROOTSTOCK_HOME": f"{small}/store"},
        capture_output=True,
        text=True,
        check=False,
    )


def said(done: "subprocess.CompletedProcess[str]", *codes: int) -> str:
    """The output of a script that prints how each of its builds ended."""
    assert [line for line in done.stdout.splitlines() if line.startswith("ended")] == [
        f"ended {code}" for code in codes
    ], done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "not tried again" not in done.stderr
    return done.stderr


ONCE = "if $B; then echo ended 0; else echo ended $?; fi"
TWICE = f"{ONCE}\n{{between}}\n{ONCE}\n! ls $S/failures/*"


@pytest.mark.parametrize("left", [0, 60, 200, 600, 2000])
def test_a_disk_that_is_nearly_full_is_reported_and_not_the_package(
    left: int, bench: Bench, small: Path
) -> None:
    fill = f"head -c $(( ($(stat -f -c %a {small}) - {left} / 4) * 4096 )) /dev/zero >{small}/fill"
    script = f"$B --dry-run >/dev/null; {fill}\n" + TWICE.format(between=f"rm {small}/fill")
    done = on_mounted(small, bench, f"size={SIZE}", script)
    first = 0 if "ended 4" not in done.stdout else 4  # a little may be just enough
    assert first == 4 or left > 400
    assert ("No space left" in said(done, first, 0)) == (first == 4)


def test_a_disk_without_inodes_is_reported(bench: Bench, small: Path) -> None:
    fill = (
        f"mkdir {small}/fill; i=0\n"
        f"while [ $(stat -f -c %d {small}) -gt 60 ]; do i=$((i+1)); : >{small}/fill/$i; done"
    )
    script = f"{fill}\n" + TWICE.format(between=f"rm -r {small}/fill")
    done = on_mounted(small, bench, f"size={SIZE},nr_inodes=1500", script)
    assert "No space left" in said(done, 4, 0)


def test_a_disk_that_runs_no_programs_is_reported_at_the_start(bench: Bench, small: Path) -> None:
    script = TWICE.format(between=f"mount -o remount,exec {small}")
    done = on_mounted(small, bench, f"size={SIZE},noexec", script)
    said_ = said(done, 4, 0)
    assert "noexec" in said_ and "ROOTSTOCK_HOME" in said_


def test_a_disk_that_goes_away_is_reported(bench: Bench, small: Path) -> None:
    bench.recipe("root", make_sh="sleep 3\ncp root.txt $PREFIX/\n")
    gone = (
        f"(until ls {small}/store/tmp/root-*/build >/dev/null 2>&1; do sleep 0.1; done; sleep 1; "
        f"umount -l {small}) >/dev/null 2>&1 &\n"
    )
    done = on_mounted(small, bench, f"size={SIZE}", gone + ONCE)
    assert f"{small}/store" in said(done, 4)


def test_a_limit_of_file_sizes_is_reported_at_the_start(bench: Bench, small: Path) -> None:
    done = on_mounted(small, bench, f"size={SIZE}", f"ulimit -f 1\n{ONCE}")
    assert "ulimit -f" in said(done, 4)


def test_doctor_looks_at_the_disk(bench: Bench, small: Path) -> None:
    doctor = " ".join([*COMMAND, "doctor", "--json"])
    script = f"$B --dry-run >/dev/null; ulimit -f 1000000; {doctor}"
    done = on_mounted(small, bench, f"size={SIZE},noexec,nr_inodes=900", script)
    listed = json.loads(done.stdout)["findings"]
    found = {finding["what"]: finding for finding in listed}
    for what in ("disk", "inodes", "store", "size of files"):
        assert found[what]["state"] == "lacks", found[what]
        assert found[what]["remedy"]
    assert "noexec" in found["store"]["found"]
