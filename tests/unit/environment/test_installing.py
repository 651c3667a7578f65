import os
from pathlib import Path
from typing import Any

import pytest

from rootstock.core.errors import MachineError, NoSpace, SourceError, UsageError
from rootstock.core.progress import Event, silent
from rootstock.environment.installing import Follower, failure
from rootstock.environment.requirements import Failed, path_of, too_old

JOB = {"prefix": "/p", "cache": "/c", "channel": "file:///x", "specs": ["root"], "glibc": None}


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("install", "x: No space left on device (os error 28)", NoSpace),
        ("install", "hash mismatch", SourceError),
        ("channel", "404", SourceError),
        ("usage", "unable to parse", UsageError),
        ("unsatisfiable", "a needs b", UsageError),
    ],
)
def test_failures_have_their_class(kind: str, reason: str, expected: type[Exception]) -> None:
    assert type(failure({"kind": kind, "reason": reason}, JOB)) is expected


@pytest.mark.parametrize(
    ("asked", "override", "said", "remedy"),
    [
        (None, "", "this system has glibc 2.12", "Use a newer system."),
        (None, "2.12", "this system is taken to have glibc 2.12", "Unset CONDA_OVERRIDE_GLIBC"),
        ("2.12", "2.17", "the system to install for has glibc 2.12", "Use a newer system."),
    ],
)
def test_a_system_that_is_too_old_is_reported_why(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, override: str, said: str, remedy: str
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", override)
    failed = too_old("zlib-1.3-h0_0.conda", "2.28", "2.12")
    error = failure(failed.values, {**JOB, "glibc": asked})
    assert isinstance(error, MachineError)
    assert error.message == f"root: needs glibc >= 2.28 (zlib-1.3-h0_0.conda); {said}"
    assert error.remedy.startswith(remedy)


def test_a_lock_that_is_too_new_is_reported_with_the_package() -> None:
    job: dict[str, Any] = {"lock": [], "channel": "the lock", "glibc": None}
    error = failure(too_old("zlib-1.3-h0_0.conda", "2.28", "").values, job)
    assert error.message == "zlib-1.3-h0_0.conda: needs glibc >= 2.28; this system has none"


def test_unknown_package_has_names_that_are_near() -> None:
    last: dict[str, Any] = {"kind": "unknown", "reason": "", "name": "rot", "near": ["root"]}
    error = failure(last, JOB)
    assert "rot" in error.message
    assert error.remedy == "It has root."


@pytest.mark.parametrize("kind", ["unknown", "usage"])
def test_a_long_word_is_not_reported_whole(kind: str) -> None:
    word = "x" * 100_000
    last: dict[str, Any] = {"kind": kind, "reason": word, "name": word, "near": []}
    assert len(failure(last, {**JOB, "specs": [word]}).message) < 10_000


def test_a_package_is_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a-1-0.conda")
    for path in (tmp_path / "a-1-0.conda", Path("/dev/zero")):
        with pytest.raises(Failed) as said:
            path_of(path.as_uri())
        assert "is not a regular file" in said.value.values["reason"]
    assert path_of("file:///no/a%2B-1-0.conda") == Path("/no/a+-1-0.conda")


def test_lines_become_events() -> None:
    events: list[Event] = []
    follower = Follower("env", events.append)
    follower.follow(
        [
            '{"event": "solved", "sizes": {"a": 10, "b": 30}}\n',
            '{"event": "fetch", "name": "b", "done": 15}\n',
            "thread panicked\n",
            '{"event": "fetched", "name": "b"}\n',
            '{"event": "linked", "name": "b"}\n',
            '{"event": "done", "records": []}\n',
        ]
    )
    assert [(e.done, e.total, e.unit, e.detail) for e in events] == [
        (15, 40, "B", "fetch b"),
        (30, 40, "B", "fetch b"),
        (1, 2, "", "link b"),
    ]
    assert list(follower.other) == ["thread panicked"]
    assert follower.last["event"] == "done"


def test_what_failed_stays_the_last_message_while_other_threads_go_on() -> None:
    follower = Follower("env", silent)
    follower.follow(
        [
            '{"event": "solved", "sizes": {"a": 10, "b": 30}}\n',
            '{"event": "failed", "kind": "install", "reason": "a is damaged"}\n',
            '{"event": "fetched", "name": "b"}\n',
            '{"event": "done", "records": []}\n',
        ]
    )
    assert follower.last["reason"] == "a is damaged"
