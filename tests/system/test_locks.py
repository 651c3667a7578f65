"""`scripts/lock.py` with the real uv: what it finds, and how it fails."""

import os
import subprocess
import sys

import pytest

from .conftest import CHECKOUT

pytestmark = pytest.mark.system
LOCK = CHECKOUT / "ci/tools/s3.lock"


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run what lock.py hands over to, with this Python, on one lock; the file has to stay."""
    before = LOCK.read_bytes()
    done = subprocess.run(
        [sys.executable, "-I", CHECKOUT / "scripts/_locks.py", "ci/tools/s3.lock", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert LOCK.read_bytes() == before
    return done


def test_versions_stay_without_upgrade() -> None:
    done = run("--dry-run")
    assert done.returncode == 0, done.stderr
    # The registry may have more files of the same versions than when it was locked.
    assert not [
        line for line in done.stdout.splitlines() if "->" in line or line.strip()[:1] in ("+", "-")
    ]
    assert "ci/tools/s3.lock: done" in done.stderr


def test_a_registry_that_does_not_answer_ends_with_3() -> None:
    nobody = "http://127.0.0.1:9/simple"
    done = run("--upgrade", UV_DEFAULT_INDEX=nobody, UV_HTTP_RETRIES="0")
    assert done.returncode == 3
    assert "the package registry failed" in done.stderr
    assert done.stdout == ""


def test_what_cannot_be_had_ends_with_2() -> None:
    done = run("--upgrade", UV_EXCLUDE_NEWER="2000-01-01")
    assert done.returncode == 2, done.stderr
    assert "Change the requirements in ci/tools/s3.in" in done.stderr


def test_help_has_examples() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout
