"""The environment that the nightly tests run in: ROOT, and sets of ci/stack.toml."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-I", "-m", "rootstock")
PYTHON = "3.11"
SETS = ("analysis", "jupyter")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew`, for tests that keep a page."""
    parser.addoption("--renew", action="store_true", help="write what was seen into the documents")


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of an environment with ROOT and `SETS`.

    `ROOTSTOCK_TEST_ENV` names one that is there already; otherwise its packages are built.
    """
    if there := os.environ.get("ROOTSTOCK_TEST_ENV"):
        return Path(there)
    folder = tmp_path_factory.mktemp("analysis")
    channel, env = folder / "channel", folder / "env"
    sets = [word for name in SETS for word in ("--set", name)]
    cell = ("--root", "6", "--py", PYTHON, *sets, "--channel", str(channel))
    subprocess.run([sys.executable, CHECKOUT / "scripts/build.py", *cell], check=True)
    specs = ("root", f"python={PYTHON}", *(f"rootstock-{name}" for name in SETS))
    subprocess.run([*COMMAND, "env", env, *specs, "--channel", channel], check=True)
    return env
