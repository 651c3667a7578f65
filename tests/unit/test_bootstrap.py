"""`scripts/`: a `.venv` out of a lock, whatever happens on the way."""

import ast
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Runs a script as if Python came without the modules named first; the version can be another.
RUNNER = """
import runpy, sys
hidden, version, script, *words = sys.argv[1:]
sys.modules.update(dict.fromkeys(filter(None, hidden.split(","))))
if version:
    sys.version_info = tuple(map(int, version.split(".")))
sys.argv, sys.path[0] = [script, *words], script.rpartition("/")[0]
runpy.run_path(script, run_name="__main__")
"""


def wheel(folder: Path, name: str) -> str:
    """Make a wheel with one module and return its line of a lock."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A checkout with a package of its own that prints what it is started with."""

    def __init__(self, root: Path) -> None:
        # Not in the checkout, whose name has a blank: pip takes these for several folders.
        self.root, self.wheels = root, root.with_name("wheels")
        self.wheels.mkdir()
        shutil.copytree(SCRIPTS, root / "scripts")
        package = root / "src/rootstock"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text("import sys; print(sys.argv[1:])")
        self.lock = root / "requirements.lock"
        self.lock.write_text(wheel(self.wheels, "first"))
        self.env = {
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def start(
        self, *words: str, hidden: str = "ensurepip", version: str = ""
    ) -> "subprocess.Popen[str]":
        # Without ensurepip an environment is made in a second instead of five.
        script = str(self.root / "scripts/build.py")
        return subprocess.Popen(
            [sys.executable, "-c", RUNNER, hidden, version, script, *words],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *words: str, hidden: str = "ensurepip", version: str = ""
    ) -> tuple[int, str, str]:
        process = self.start(*words, hidden=hidden, version=version)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def modules(self) -> set[str]:
        return {path.stem for path in self.root.glob(".venv/lib/*/site-packages/*.py")}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "check out")


def test_makes_once_and_hands_over(checkout: Checkout) -> None:
    code, out, err = checkout.run("--root", "6 and a blank")
    assert (code, out) == (0, "['build', '--root', '6 and a blank']\n"), err
    assert "Prepared .venv" in err
    assert checkout.modules() == {"first"}
    assert checkout.run() == (0, "['build']\n", "")


def test_with_the_pip_that_python_brings(checkout: Checkout) -> None:
    code, _, err = checkout.run(hidden="")
    assert code == 0, err
    assert checkout.modules() >= {"first"}


def test_command_in_bin(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    link = tmp_path / "link"
    link.symlink_to(checkout.root / ".venv/bin/rootstock")
    done = subprocess.run([link, "env", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "['env', 'a b']\n"


def test_pythonpath_is_ignored(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "rootstock").mkdir()
    (tmp_path / "rootstock/__main__.py").write_text("print('the wrong one')")
    checkout.env["PYTHONPATH"] = str(tmp_path)
    assert checkout.run()[1] == "['build']\n"


def test_half_made_is_made_again(checkout: Checkout) -> None:
    checkout.run()
    (checkout.root / ".venv/made-from").unlink()
    left = checkout.root / ".venv/left"
    left.touch()
    assert checkout.run()[0] == 0
    assert not left.exists()


def test_changed_lock_makes_again(checkout: Checkout) -> None:
    checkout.run()
    checkout.lock.write_text(wheel(checkout.wheels, "second"))
    assert checkout.run()[0] == 0
    assert checkout.modules() == {"second"}


def test_moved_checkout_makes_again(checkout: Checkout) -> None:
    checkout.run()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    code, _, err = checkout.run()
    assert code == 0
    assert "Prepared .venv" in err


def test_two_at_once_make_it_once(checkout: Checkout) -> None:
    both = [checkout.start(), checkout.start()]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, _, code in ended] == [0, 0], ended
    assert sum("Prepared .venv" in err for _, err, _ in ended) == 1


def test_missing_package_is_a_failed_source(checkout: Checkout) -> None:
    wheel_file, aside = checkout.wheels / "first-1.0-py3-none-any.whl", checkout.root / "aside"
    wheel_file.rename(aside)
    code, out, err = checkout.run()
    assert (code, out) == (3, "")
    assert "No matching distribution found for first==1.0" in err
    assert "run the same command again" in err
    aside.rename(wheel_file)
    assert checkout.run()[0] == 0


def test_wrong_hash_is_a_failed_source(checkout: Checkout) -> None:
    with zipfile.ZipFile(checkout.wheels / "first-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("added.py", "")
    code, _, err = checkout.run()
    assert code == 3
    assert "DO NOT MATCH THE HASHES" in err
    assert checkout.modules() == set()


def test_old_python_is_reported(checkout: Checkout) -> None:
    code, out, err = checkout.run(version="3.6.8")
    assert (code, out) == (4, "")
    assert "Python 3.10 or newer is needed, but this is 3.6" in err


@pytest.mark.parametrize("name", ["build.py", "test.py"])
def test_old_python_can_read_the_scripts(name: str) -> None:
    ast.parse((SCRIPTS / name).read_text(), feature_version=(3, 5))


def test_no_pip_at_all_is_reported(checkout: Checkout) -> None:
    code, _, err = checkout.run(hidden="ensurepip,pip")
    assert code == 4
    assert "apt install python3-venv" in err


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_are_no_files(checkout: Checkout, closed: tuple[int, ...]) -> None:
    """What is printed must not get into the lock of `.venv`, the first file that is opened."""
    checkout.run()
    package = checkout.root / "src/rootstock/__main__.py"
    package.write_text("import os\nfor n in (1, 2): os.write(n, b'printed')")
    script = str(checkout.root / "scripts/build.py")
    shell = " ".join(["exec", '"$@"', *(f"{number}>&-" for number in closed)])
    argv = ["sh", "-c", shell, "sh", sys.executable, script]
    done = subprocess.run(argv, env=checkout.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("" if 1 in closed else "printed")
    assert done.stderr == ("" if 2 in closed else "printed")
    assert (checkout.root / ".venv.lock").read_text() == ""


def test_a_folder_that_is_gone_is_reported(checkout: Checkout, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    script = str(checkout.root / "scripts/build.py")
    argv = ["sh", "-c", shell, "sh", str(gone), sys.executable, script, "--json"]
    done = subprocess.run(argv, env=checkout.env, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["code"] == 2


def test_an_interruption_waits_until_what_is_started_can_take_it(checkout: Checkout) -> None:
    checkout.run()
    package = checkout.root / "src/rootstock/__main__.py"
    package.write_text(
        "import signal\n"
        "print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []), flush=True)\n"
    )
    assert checkout.run()[1] == "True\n"


def test_interrupt_leaves_nothing_running(checkout: Checkout, gone: Callable[[int], bool]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        del checkout.env["PIP_NO_INDEX"]
        checkout.env["PIP_INDEX_URL"] = f"http://127.0.0.1:{mute.getsockname()[1]}/simple"
        process = checkout.start()
        mute.settimeout(60)
        connection, _ = mute.accept()  # pip is at work
        with connection:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert gone(process.pid)


def test_locks_name_no_place() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (SCRIPTS.parent / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--find-links" not in text
