"""The environment that the nightly tests run in: ROOT, and sets of ci/stack.toml."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-I", "-m", "rootstock")
PYTHON = "3.11"
REQUIREMENTS = Path(__file__).with_name("requirements.lock")
SETS = ("analysis", "jupyter")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew`, for tests that keep a page."""
    parser.addoption("--renew", action="store_true", help="write what was seen into the documents")


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of an environment with ROOT and `SETS`; `ROOTSTOCK_TEST_ENV` may name one."""
    return _environment("ROOTSTOCK_TEST_ENV", SETS, tmp_path_factory)


@pytest.fixture(scope="session")
def xenon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of one with ROOT and the set `xenon`; `ROOTSTOCK_TEST_XENON` may name one."""
    return _environment("ROOTSTOCK_TEST_XENON", ("xenon",), tmp_path_factory)


@pytest.fixture(scope="session")
def gxx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of one with ROOT and its compiler; `ROOTSTOCK_TEST_GXX` may name one."""
    return _environment("ROOTSTOCK_TEST_GXX", (), tmp_path_factory, "gxx")


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of pip with what the tests want and the channel has not."""
    folder = tmp_path_factory.mktemp("beside")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    words = ("--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:")
    pip = (folder / "bin/python", "-m", "pip", "install", *words)
    subprocess.run([*pip, "--requirement", REQUIREMENTS], check=True)
    return folder


def _environment(
    variable: str,
    sets: Sequence[str],
    tmp_path_factory: pytest.TempPathFactory,
    *packages: str,
) -> Path:
    """An environment that a variable names, or one whose packages are built."""
    if there := os.environ.get(variable):
        return Path(there)
    folder = tmp_path_factory.mktemp("environment")
    channel, env = folder / "channel", folder / "env"
    words = [word for name in sets for word in ("--set", name)]
    words += [word for name in packages for word in ("--with", name)]
    cell = ("--root", "6", "--py", PYTHON, *words, "--channel", str(channel))
    subprocess.run([sys.executable, CHECKOUT / "scripts/build.py", *cell], check=True)
    specs = ("root", f"python={PYTHON}", *packages, *(f"rootstock-{name}" for name in sets))
    subprocess.run([*COMMAND, "env", env, *specs, "--channel", channel], check=True)
    return env
